//! The development issuer's tokens: which are believed, one row per reason not to.

#![cfg(feature = "development-issuer")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::os::unix::fs::PermissionsExt as _;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, TimeZone as _, Utc};
use keyward_adapters::tokens::{
    AUDIENCE, Claims, DevelopmentIssuer, DevelopmentIssuerError, ISSUER, Person, TOKEN_LIMIT, TokenError,
};
use keyward_domain::{PersonId, Role, TenantId};
use keyward_service::Principal;
use serde_json::json;
use tempfile::TempDir;

fn now() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 3, 14, 9, 26, 53).unwrap()
}

fn issuer() -> (TempDir, DevelopmentIssuer) {
    let dir = tempfile::tempdir().unwrap();
    let issuer = DevelopmentIssuer::load_or_create(dir.path()).unwrap();
    (dir, issuer)
}

fn claims() -> Claims {
    Claims {
        iss: ISSUER.to_owned(),
        aud: AUDIENCE.to_owned(),
        sub: "anna".to_owned(),
        tid: Some("contoso".to_owned()),
        name: "Anna Müller".to_owned(),
        roles: vec!["global_administrator".to_owned()],
        iat: now().timestamp(),
        nbf: Some(now().timestamp()),
        exp: now().timestamp() + 3600,
        auth_time: Some(now().timestamp()),
    }
}

fn anna() -> Principal {
    Principal {
        tenant: Some(TenantId::new("contoso").unwrap()),
        person: PersonId::new("anna").unwrap(),
        roles: vec![Role::GlobalAdministrator],
        authenticated_at: Some(now()),
    }
}

const NOT_BY_THIS_KEY: TokenError = TokenError::BadSignature("the signature is not by this key and algorithm");

fn encoded(part: &serde_json::Value) -> String {
    URL_SAFE_NO_PAD.encode(part.to_string())
}

#[tokio::test]
async fn what_is_issued_is_believed_and_says_whom_it_is_about() {
    let (_dir, issuer) = issuer();
    let person = Person {
        sub: "anna".to_owned(),
        tid: Some("contoso".to_owned()),
        name: "Anna Müller".to_owned(),
        roles: vec!["global_administrator".to_owned()],
        auth_time: None,
    };
    let token = issuer.issue(&person, now(), TimeDelta::hours(1)).unwrap();
    assert_eq!(issuer.verifier().verify(&token, now()).await, Ok(anna()));
}

#[tokio::test]
async fn the_time_of_a_token_is_half_open_with_a_minute_of_skew() {
    let (_dir, issuer) = issuer();
    let verifier = issuer.verifier();
    let token = issuer.sign(&claims()).unwrap();
    for (seconds, expected) in [
        (-61, Some(TokenError::NotYetValid("`iat` is yet to come"))),
        (-60, None),
        (0, None),
        (3600, None),
        (3659, None),
        (3660, Some(TokenError::Expired)),
        (3661, Some(TokenError::Expired)),
    ] {
        let result = verifier.verify(&token, now() + TimeDelta::seconds(seconds)).await;
        assert_eq!(result.err(), expected, "{seconds}");
    }
}

#[tokio::test]
async fn extreme_instants_are_no_way_in() {
    let (_dir, issuer) = issuer();
    let verifier = issuer.verifier();
    let verify = async |claims: Claims| verifier.verify(&issuer.sign(&claims).unwrap(), now()).await;
    assert_eq!(verify(Claims { exp: i64::MIN, ..claims() }).await, Err(TokenError::Expired));
    assert_eq!(
        verify(Claims { nbf: Some(i64::MAX), ..claims() }).await,
        Err(TokenError::NotYetValid("`nbf` is yet to come"))
    );
    assert_eq!(
        verify(Claims { iat: i64::MAX, nbf: None, ..claims() }).await,
        Err(TokenError::NotYetValid("`iat` is yet to come"))
    );
    assert!(verify(Claims { nbf: None, auth_time: None, tid: None, ..claims() }).await.is_ok());
    assert!(issuer.issue(&Person::default(), now(), TimeDelta::MAX).is_err());
}

#[tokio::test]
async fn issuer_and_audience_are_compared_whole() {
    let (_dir, issuer) = issuer();
    let verifier = issuer.verifier();
    let verify = async |claims: Claims| verifier.verify(&issuer.sign(&claims).unwrap(), now()).await;
    assert_eq!(
        verify(Claims { iss: format!("{ISSUER}/"), ..claims() }).await,
        Err(TokenError::WrongIssuer("`iss` is no issuer of the settings"))
    );
    assert_eq!(verify(Claims { aud: "keyward2".to_owned(), ..claims() }).await, Err(TokenError::WrongAudience));
    let both = Claims { iss: String::new(), aud: String::new(), exp: 0, ..claims() };
    assert_eq!(verify(both).await, Err(TokenError::WrongIssuer("`iss` is no issuer of the settings")));
}

#[tokio::test]
async fn only_trusted_keys_and_unchanged_tokens_are_believed() {
    let (_dir, issuer) = issuer();
    let (_other_dir, other) = self::issuer();
    let token = issuer.sign(&claims()).unwrap();
    assert_ne!(issuer.kid(), other.kid());
    let no_key = TokenError::BadSignature("the issuer has no key with this `kid`");
    assert_eq!(other.verifier().verify(&token, now()).await, Err(no_key));

    let parts: Vec<&str> = token.split('.').collect();
    let stronger = encoded(&serde_json::to_value(Claims { tid: Some("fabrikam".to_owned()), ..claims() }).unwrap());
    let changed = [parts[0], &stronger, parts[2]].join(".");
    assert_eq!(issuer.verifier().verify(&changed, now()).await, Err(NOT_BY_THIS_KEY));
    let unsigned = [parts[0], parts[1], ""].join(".");
    assert_eq!(issuer.verifier().verify(&unsigned, now()).await, Err(NOT_BY_THIS_KEY));
    let zeros = [parts[0], parts[1], &URL_SAFE_NO_PAD.encode([0; 64])].join(".");
    assert_eq!(issuer.verifier().verify(&zeros, now()).await, Err(NOT_BY_THIS_KEY));
}

#[tokio::test]
async fn the_tokens_word_on_its_algorithm_is_not_followed() {
    let (_dir, issuer) = issuer();
    let verifier = issuer.verifier();
    let token = issuer.sign(&claims()).unwrap();
    let (_, rest) = token.split_once('.').unwrap();
    for header in [
        json!({"alg": "none", "kid": issuer.kid()}),
        json!({"alg": "HS256", "kid": issuer.kid()}),
        json!({"alg": "RS256", "kid": issuer.kid()}),
        json!({"alg": "ES384", "kid": issuer.kid()}),
        json!({"alg": "es256", "kid": issuer.kid()}),
        json!({"alg": "ES256"}),
        json!({"alg": "ES256", "kid": "another"}),
        json!({"alg": "ES256", "kid": issuer.kid(), "crit": ["exp"], "exp": 0}),
    ] {
        let forged = format!("{}.{rest}", encoded(&header));
        let verified = verifier.verify(&forged, now()).await;
        assert!(matches!(verified, Err(TokenError::BadSignature(_))), "{header}");
    }
}

#[tokio::test]
async fn what_is_no_token_is_malformed() {
    let (_dir, issuer) = issuer();
    let verifier = issuer.verifier();
    let token = issuer.sign(&claims()).unwrap();
    let long = issuer.sign(&Claims { name: "a".repeat(TOKEN_LIMIT), ..claims() }).unwrap();
    for malformed in [
        "x",
        ".",
        "..",
        "a.b.c",
        "\u{e4}.\u{f6}.\u{fc}",
        "e30.e30.e30",
        &long,
        &format!("{token}."),
        &format!(".{token}"),
        &format!("{token}="),
        &format!("{token}.x"),
        &token[1..],
    ] {
        let verified = verifier.verify(malformed, now()).await;
        assert!(matches!(verified, Err(TokenError::Malformed(_))), "{malformed:.60}");
    }
    for end in 0..token.len() {
        assert!(verifier.verify(&token[..end], now()).await.is_err(), "cut at {end}");
    }
}

#[tokio::test]
async fn the_header_names_the_bearer_scheme() {
    let (_dir, issuer) = issuer();
    let verifier = issuer.verifier();
    let token = issuer.sign(&claims()).unwrap();
    for missing in [None, Some(""), Some("Bearer"), Some("Bearer "), Some("Basic YTpi"), Some(token.as_str())] {
        assert_eq!(verifier.verify_authorization(missing, now()).await, Err(TokenError::Missing), "{missing:?}");
    }
    for given in [format!("Bearer {token}"), format!("bearer  {token} ")] {
        assert_eq!(verifier.verify_authorization(Some(&given), now()).await, Ok(anna()));
    }
    let twice = format!("Bearer {token}, Bearer {token}");
    let verified = verifier.verify_authorization(Some(&twice), now()).await;
    assert!(matches!(verified, Err(TokenError::Malformed(_))));
}

#[tokio::test]
async fn the_issuers_key_is_kept_for_its_owner_only() {
    let (dir, first) = issuer();
    let second = DevelopmentIssuer::load_or_create(dir.path()).unwrap();
    assert_eq!(first.kid(), second.kid());
    assert!(second.verifier().verify(&first.sign(&claims()).unwrap(), now()).await.is_ok());
    let file = dir.path().join("development-issuer.p8");
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(!format!("{first:?}").contains("signing"));

    std::fs::write(&file, b"no key").unwrap();
    let loaded = DevelopmentIssuer::load_or_create(dir.path());
    assert!(matches!(loaded, Err(DevelopmentIssuerError::NoKey { .. })));
}
