//! From a bearer token to a caller.

use http::{HeaderMap, header};
use keyward_api::Problem;
use keyward_domain::Instant;
use keyward_service::Principal;

use crate::tokens::{TokenError, Verifier};

pub(super) async fn principal(verifier: &Verifier, headers: &HeaderMap, now: Instant) -> Result<Principal, Problem> {
    let mut given = headers.get_all(header::AUTHORIZATION).iter();
    let authorization = given.next().map(|value| value.to_str().unwrap_or_default());
    // Of two, another reader may take the other one.
    if given.next().is_some() {
        return Err(refusal(TokenError::Malformed("there are two `Authorization` headers")));
    }
    let principal = verifier.verify_authorization(authorization, now).await.map_err(refusal)?;
    let Principal { tenant, person, roles, authenticated_at } = &principal;
    let tenant = tenant.as_ref().map(ToString::to_string);
    tracing::debug!(tenant, %person, ?roles, ?authenticated_at, "believed");
    Ok(principal)
}

/// What the bearer is told. Which check the token failed stands in the log alone.
fn refusal(error: TokenError) -> Problem {
    tracing::info!(?error, "not believed");
    let code = match error {
        TokenError::Expired => "token_expired",
        TokenError::NotYetValid(_) => "token_not_yet_valid",
        TokenError::Unavailable => return Problem::unavailable(error.to_string()),
        _ => "unauthenticated",
    };
    Problem::new(code, error.to_string())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use http::HeaderValue;

    use super::*;
    use crate::tokens::{HttpsDocuments, TokenSettingsError};

    #[tokio::test]
    async fn of_two_headers_none_is_read() -> Result<(), TokenSettingsError> {
        let settings = r#"{"issuers":[{"issuer":"https://issuer.example","audiences":["a"],"tenant":"provider"}]}"#;
        let verifier = Verifier::from_settings(settings, Arc::new(HttpsDocuments::new()))?;
        let mut headers = HeaderMap::new();
        for (count, detail) in [(0, TokenError::Missing), (1, TokenError::Missing), (2, TokenError::Malformed(""))] {
            let refused = principal(&verifier, &headers, Instant::UNIX_EPOCH).await.err();
            let told = refused.map(|problem| (problem.status, problem.detail.clone()));
            assert_eq!(told, Some((401, detail.to_string())), "{count}");
            headers.append(header::AUTHORIZATION, HeaderValue::from_static("Basic YTpi"));
        }
        Ok(())
    }
}
