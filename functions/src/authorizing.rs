//! authorize-request: the authorizer of an HTTP API (payload format 2.0, simple answer).
//!
//! It lets through who brings a good token, and tells the function behind who that is. The function verifies the token itself too:
//! what is told adds no right (docs/decisions/0013).

use std::collections::BTreeMap;

use keyward_adapters::http::Handed;
use keyward_adapters::tokens::{TokenError, Verifier};
use keyward_domain::Instant;
use keyward_service::Principal;
use serde::{Deserialize, Serialize};

/// As much of the gateway's question as decides.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Question {
    #[serde(default)]
    headers: BTreeMap<String, String>,
    #[serde(default)]
    route_key: String,
    #[serde(default)]
    request_context: Context,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Context {
    #[serde(default)]
    request_id: String,
}

/// The answer. Where it says no, the gateway answers 403 without a function.
#[derive(Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Answer {
    is_authorized: bool,
    context: BTreeMap<String, String>,
}

/// Answers one question.
pub(crate) async fn answer(verifier: &Verifier, question: &Question, now: Instant) -> Answer {
    let mut given = question.headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("authorization"));
    let verified = match (given.next(), given.next()) {
        (Some(_), Some(_)) => Err(TokenError::Malformed("there are two `Authorization` headers")),
        (authorization, _) => verifier.verify_authorization(authorization.map(|(_, value)| value.as_str()), now).await,
    };
    let Question { route_key, request_context: Context { request_id }, .. } = question;
    match &verified {
        Ok(principal) => {
            let tenant = principal.tenant.as_ref().map(ToString::to_string);
            let Principal { person, roles, authenticated_at, .. } = principal;
            tracing::info!(route_key, gateway_request_id = request_id, tenant, %person, ?roles, ?authenticated_at, "let through");
        }
        Err(error) => tracing::warn!(route_key, gateway_request_id = request_id, ?error, "not believed"),
    }
    let handed = Handed::of(&verified);
    Answer { is_authorized: handed.is_some(), context: handed.map(|handed| handed.texts().clone()).unwrap_or_default() }
}
