//! Fetched keys: when they are asked for, and how long they are kept.

use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use http::Uri;
use keyward_adapters::tokens::{DocumentError, Documents, TokenError, Verifier};
use serde_json::{Value, json};

use crate::signer::{
    ISSUER, JWKS, Published, claims, keys, now, published, refusal, rsa_jwk, settings, signed, token, verifier, with,
};

const NO_KEY: TokenError = TokenError::BadSignature("the issuer has no key with this `kid`");

/// A token that holds for a month, so that only the keys' age matters.
fn long() -> Value {
    with(json!({ "exp": now().timestamp() + 30 * 86_400 }))
}

fn under(kid: &str) -> String {
    signed(&json!({ "alg": "RS256", "kid": kid }).to_string(), &long().to_string(), "RS256")
}

fn after(seconds: i64) -> DateTime<Utc> {
    now() + TimeDelta::seconds(seconds)
}

async fn told(verifier: &Verifier, kid: &str, seconds: i64) -> Option<TokenError> {
    refusal(verifier.verify(&under(kid), after(seconds)).await)
}

#[tokio::test]
async fn keys_are_asked_for_at_the_first_need_and_once_an_hour() {
    let documents = published();
    let verifier = verifier(&settings(), &documents);
    // Nothing is asked for a token that is no matter of keys.
    assert!(verifier.verify("x.y.z", now()).await.is_err());
    assert!(verifier.verify(&token(&with(json!({ "iss": "https://evil.example" }))), now()).await.is_err());
    assert!(documents.asked().is_empty());
    for (seconds, asked) in [(0, 1), (1, 0), (3599, 0), (3600, 1), (3601, 0), (7199, 0), (7200, 1)] {
        assert_eq!(told(&verifier, "rsa", seconds).await, None, "{seconds}");
        assert_eq!(documents.asked().len(), asked, "{seconds}");
    }
    // A clock that was set back makes everything old.
    assert_eq!(told(&verifier, "rsa", 0).await, None);
    assert_eq!(documents.asked().len(), 1);
}

#[tokio::test]
async fn a_flood_of_unknown_keys_costs_one_question() {
    let documents = published();
    let verifier = verifier(&settings(), &documents);
    assert_eq!(told(&verifier, "rsa", 0).await, None);
    documents.asked();
    for number in 0..200 {
        assert_eq!(told(&verifier, &format!("unknown-{number}"), 29).await, Some(NO_KEY));
    }
    assert_eq!(documents.asked().len(), 0);
    let flood = (0..50).map(|number| {
        let verifier = verifier.clone();
        tokio::spawn(async move { told(&verifier, &format!("unknown-{number}"), 30).await })
    });
    for one in flood.collect::<Vec<_>>() {
        assert_eq!(one.await.unwrap(), Some(NO_KEY));
    }
    assert_eq!(documents.asked().len(), 1);
}

#[tokio::test]
async fn a_new_key_is_found_and_a_withdrawn_one_forgotten() {
    let documents = published();
    let verifier = verifier(&settings(), &documents);
    assert_eq!(told(&verifier, "rsa", 0).await, None);
    documents.put(JWKS, &json!({ "keys": [rsa_jwk("new", &keys().rsa)] }));
    assert_eq!(told(&verifier, "new", 29).await, Some(NO_KEY));
    assert_eq!(told(&verifier, "new", 30).await, None);
    // The answer that brought the new key took the old one away.
    assert_eq!(told(&verifier, "rsa", 31).await, Some(NO_KEY));
}

#[tokio::test]
async fn a_provider_that_is_down_is_ridden_out_for_a_day() {
    let documents = published();
    let verifier = verifier(&settings(), &documents);
    assert_eq!(told(&verifier, "rsa", 0).await, None);
    documents.documents.lock().unwrap().clear();
    documents.asked();
    for (seconds, asked, expected) in [
        (3600, 1, None),
        (3604, 0, None),
        (3605, 1, None),
        (86_399, 1, None),
        (86_400, 0, Some(TokenError::Unavailable)),
        (86_404, 1, Some(TokenError::Unavailable)),
    ] {
        assert_eq!(told(&verifier, "rsa", seconds).await, expected, "{seconds}");
        assert_eq!(documents.asked().len(), asked, "{seconds}");
    }
    // What answers nonsense is down too, and does not displace keys.
    for nonsense in
        [json!({}), json!([]), json!({ "keys": [] }), json!({ "keys": [{ "kty": "oct", "kid": "rsa", "k": "AAAA" }] })]
    {
        documents.put(JWKS, &nonsense);
        assert_eq!(told(&verifier, "rsa", 90_000).await, Some(TokenError::Unavailable), "{nonsense}");
    }
    documents.put(JWKS, &json!({ "keys": [rsa_jwk("rsa", &keys().rsa)] }));
    assert_eq!(told(&verifier, "rsa", 90_005).await, None);
}

#[tokio::test]
async fn a_provider_that_was_never_there_is_unavailable_and_no_reason_to_refuse() {
    let documents = Published::of(&[]);
    let verifier = verifier(&settings(), &documents);
    for (seconds, asked) in [(0, 1), (4, 0), (5, 1)] {
        assert_eq!(told(&verifier, "rsa", seconds).await, Some(TokenError::Unavailable), "{seconds}");
        assert_eq!(documents.asked().len(), asked, "{seconds}");
    }
}

#[tokio::test]
async fn keys_are_found_by_discovery_on_the_issuers_host() {
    const DOCUMENT: &str = "https://issuer.example/.well-known/openid-configuration";
    let mut settings = settings();
    settings["issuers"][0].as_object_mut().unwrap().remove("jwks_uri");
    let keys = json!({ "keys": [rsa_jwk("rsa", &keys().rsa)] });
    for (announced, expected) in [
        (JWKS, None),
        ("https://evil.example/keys", Some(TokenError::Unavailable)),
        ("http://issuer.example/keys", Some(TokenError::Unavailable)),
    ] {
        let discovery =
            json!({ "issuer": ISSUER, "jwks_uri": announced, "authorization_endpoint": "https://issuer.example/a" });
        let documents = Published::of(&[(DOCUMENT, discovery), (announced, keys.clone())]);
        let verifier = verifier(&settings, &documents);
        assert_eq!(refusal(verifier.verify(&token(&claims()), now()).await), expected, "{announced}");
        let expected = if expected.is_none() { vec![DOCUMENT, announced] } else { vec![DOCUMENT] };
        assert_eq!(documents.asked(), expected);
    }
}

/// Never answers.
struct Silent;

#[async_trait]
impl Documents for Silent {
    async fn get(&self, _: &Uri, _: usize) -> Result<Vec<u8>, DocumentError> {
        std::future::pending().await
    }
}

#[tokio::test]
async fn an_answer_is_waited_for_no_longer_than_set() {
    let mut settings = settings();
    settings["key_cache"] = json!({ "wait": 1 });
    let verifier = Verifier::from_settings(&settings.to_string(), Arc::new(Silent)).unwrap();
    let begun = std::time::Instant::now();
    assert_eq!(told(&verifier, "rsa", 0).await, Some(TokenError::Unavailable));
    assert!(begun.elapsed() < std::time::Duration::from_secs(10));
}
