//! The token endpoint: client credentials with an assertion of another issuer, as workload identity federation has it.

use std::collections::HashMap;

use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use crate::answers::answer;
use crate::{LOGIN_HOST, VAULT_HOST};

const AUDIENCE: &str = "api://AzureADTokenExchange";
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// An assertion that the token endpoint takes until `expires_at`: a JWT for its audience. Who signed it is not looked at.
#[must_use]
pub fn assertion(expires_at: DateTime<Utc>) -> String {
    let part = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let header = part(json!({ "alg": "RS256", "typ": "JWT", "kid": "test" }));
    let claims = part(
        json!({ "aud": AUDIENCE, "sub": "arn:aws:iam::123456789012:role/keyward", "exp": expires_at.timestamp() }),
    );
    format!("{header}.{claims}.{}", URL_SAFE_NO_PAD.encode([7; 256]))
}

/// The tokens that were given out.
#[derive(Debug, Default)]
pub(crate) struct Tokens {
    given: HashMap<String, DateTime<Utc>>,
}

impl Tokens {
    pub(crate) fn count(&self) -> usize {
        self.given.len()
    }

    pub(crate) fn is_good(&self, token: &str, now: DateTime<Utc>) -> bool {
        self.given.get(token).is_some_and(|expires_at| now < *expires_at)
    }

    /// Answers a request for a token that is good for so long.
    pub(crate) fn give(&mut self, form: &[u8], lifetime: TimeDelta, now: DateTime<Utc>) -> Response {
        let fields = fields(form);
        let field = |name: &str| fields.get(name).map_or("", String::as_str);
        let scope = format!("{}/.default", resource());
        if field("grant_type") != "client_credentials" || field("client_id").is_empty() || field("scope") != scope {
            return refusal("invalid_request", 900_144);
        }
        if field("client_assertion_type") != ASSERTION_TYPE || !is_assertion(field("client_assertion"), now) {
            return refusal("invalid_client", 700_213);
        }
        let token = format!("token-{}", crate::key_store::random_id());
        self.given.insert(token.clone(), now + lifetime);
        let seconds = lifetime.num_seconds();
        answer(
            200,
            &json!({ "token_type": "Bearer", "expires_in": seconds, "ext_expires_in": seconds, "access_token": token }),
        )
    }
}

/// Whom tokens are for.
pub(crate) fn resource() -> String {
    format!("https://{}", VAULT_HOST.split_once('.').map_or("", |(_, service)| service))
}

/// What a request without a good token is told.
pub(crate) fn challenge() -> String {
    format!(r#"Bearer authorization="https://{LOGIN_HOST}/test-tenant", resource="{}""#, resource())
}

fn refusal(error: &str, code: u32) -> Response {
    let description = format!("AADSTS{code}: refused");
    answer(400, &json!({ "error": error, "error_description": description, "error_codes": [code] }))
}

fn is_assertion(text: &str, now: DateTime<Utc>) -> bool {
    let parts: Vec<Value> = text
        .split('.')
        .take(2)
        .filter_map(|part| serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok())
        .collect();
    let [header, claims] = &parts[..] else { return false };
    let in_time = claims["exp"].as_i64().is_some_and(|expires_at| now.timestamp() < expires_at);
    text.split('.').count() == 3 && header["alg"] == "RS256" && claims["aud"] == AUDIENCE && in_time
}

/// The fields of a form.
fn fields(form: &[u8]) -> HashMap<String, String> {
    let form = String::from_utf8_lossy(form);
    let pairs = form.split('&').filter_map(|pair| pair.split_once('='));
    pairs.map(|(name, value)| (name.to_owned(), decoded(value))).collect()
}

fn decoded(value: &str) -> String {
    let mut bytes = Vec::with_capacity(value.len());
    let mut rest = value.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digits = [rest.next().unwrap_or_default(), rest.next().unwrap_or_default()];
                std::str::from_utf8(&digits).ok().and_then(|digits| u8::from_str_radix(digits, 16).ok()).unwrap_or(b'?')
            }
            other => other,
        });
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
