//! Tokens that are none, one row each.

use aws_lc_rs::hmac;
use keyward_adapters::tokens::TokenError::{
    self, BadSignature, Expired, Malformed, NotYetValid, WrongAudience, WrongIssuer,
};
use keyward_domain::{PersonId, Role, TenantId};
use keyward_service::Principal;
use serde_json::{Value, json};

use crate::signer::{
    ISSUER, JWKS, claims, encoded, keys, now, published, refusal, rsa_jwk, settings, signature, signed, token,
    verifier, with,
};

const NO_NAME: TokenError = Malformed("the person is empty, too long, or has signs that no person's name has");

fn is_forged(verified: Result<Principal, TokenError>) -> bool {
    matches!(verified, Err(BadSignature(_)))
}

#[tokio::test]
async fn a_good_token_says_who_its_bearer_is() {
    let documents = published();
    let verifier = verifier(&settings(), &documents);
    let anna = Principal {
        tenant: Some(TenantId::new("contoso").unwrap()),
        person: PersonId::new("anna").unwrap(),
        roles: vec![Role::GlobalAdministrator],
        authenticated_at: Some(now() - chrono::TimeDelta::seconds(60)),
    };
    for (algorithm, kid) in [("RS256", "rsa"), ("PS256", "rsa"), ("ES256", "p256")] {
        let header = json!({ "alg": algorithm, "kid": kid }).to_string();
        let token = signed(&header, &claims().to_string(), algorithm);
        assert_eq!(verifier.verify(&token, now()).await, Ok(anna.clone()), "{algorithm}");
    }
    for good in [
        with(json!({ "aud": ["other", "https://keyward.example"] })),
        with(json!({ "nbf": null })),
        // A number may have a fraction.
        with(json!({ "exp": now().timestamp() as f64 + 0.5, "iat": now().timestamp() as f64 + 0.5 })),
    ] {
        assert_eq!(verifier.verify(&token(&good), now()).await, Ok(anna.clone()), "{good}");
    }
    let unsaid = verifier.verify(&token(&with(json!({ "auth_time": null, "roles": null }))), now()).await;
    assert_eq!(unsaid, Ok(Principal { authenticated_at: None, roles: vec![], ..anna }));
}

#[tokio::test]
async fn claims_that_are_not_for_here_or_not_for_now_are_refused() {
    let verifier = verifier(&settings(), &published());
    let at = |seconds: i64| now().timestamp() + seconds;
    let rows: Vec<(Value, TokenError)> = vec![
        (json!({ "exp": at(-60) }), Expired),
        (json!({ "exp": i64::MIN }), Expired),
        (json!({ "nbf": at(61) }), NotYetValid("`nbf` is yet to come")),
        (json!({ "iat": at(61) }), NotYetValid("`iat` is yet to come")),
        (json!({ "auth_time": at(61) }), NotYetValid("the sign-in is yet to come")),
        (json!({ "nbf": i64::MAX }), NotYetValid("`nbf` is yet to come")),
        (json!({ "exp": null }), Malformed("`exp` is not there, or no instant")),
        (json!({ "iat": null }), Malformed("`iat` is not there, or no instant")),
        (json!({ "exp": "never" }), Malformed("`exp` is not there, or no instant")),
        (json!({ "exp": 1e300 }), Malformed("`exp` is not there, or no instant")),
        (json!({ "exp": u64::MAX }), Malformed("`exp` is not there, or no instant")),
        (json!({ "auth_time": at(0) * 1000 }), NotYetValid("the sign-in is yet to come")),
        (json!({ "aud": "other" }), WrongAudience),
        (json!({ "aud": "keyward " }), WrongAudience),
        (json!({ "aud": ["other", ["keyward"]] }), WrongAudience),
        (json!({ "aud": [] }), WrongAudience),
        (json!({ "aud": { "keyward": "keyward" } }), WrongAudience),
        (json!({ "aud": null }), Malformed("`aud` is not there")),
        (json!({ "iss": "https://evil.example" }), WrongIssuer("`iss` is no issuer of the settings")),
        (json!({ "iss": format!("{ISSUER}/") }), WrongIssuer("`iss` is no issuer of the settings")),
        (json!({ "iss": "" }), WrongIssuer("`iss` is no issuer of the settings")),
        (json!({ "iss": [ISSUER] }), Malformed("`iss` is not there, or no text")),
        (json!({ "iss": null }), Malformed("`iss` is not there, or no text")),
        (json!({ "sub": null }), Malformed("the claim of the person is not there")),
        (json!({ "sub": "" }), NO_NAME),
        (json!({ "sub": 7 }), Malformed("the claim of the person is no text")),
        (json!({ "sub": "a b" }), NO_NAME),
        (json!({ "sub": "a".repeat(129) }), NO_NAME),
        (json!({ "sub": "keyward" }), Malformed("the person has the name of the sweeps")),
    ];
    for (change, expected) in rows {
        let verified = verifier.verify(&token(&with(change.clone())), now()).await;
        assert_eq!(refusal(verified), Some(expected), "{change}");
    }
}

/// What needs no recent sign-in is not refused for it (A5).
#[tokio::test]
async fn a_sign_in_that_is_not_read_counts_as_not_said() {
    let verifier = verifier(&settings(), &published());
    let signed_in = async |value: &Value| {
        let mut claims = claims();
        claims["auth_time"] = value.clone();
        verifier.verify(&token(&claims), now()).await.unwrap().authenticated_at
    };
    for (value, at) in [
        (json!(now().timestamp() + 60), now().timestamp() + 60),
        (json!(now().timestamp() as f64), now().timestamp()),
        (json!(0), 0),
        (json!(-1), -1),
    ] {
        assert_eq!(signed_in(&value).await.map(|at| at.timestamp()), Some(at), "{value}");
    }
    for value in [
        Value::Null,
        json!(""),
        json!("1773480353"),
        json!("2026-03-14T09:25:53Z"),
        json!(true),
        json!([1_773_480_353]),
        json!({ "at": 1_773_480_353 }),
        json!(1_773_480_353.5),
        json!(i64::MIN),
        json!(i64::MAX),
        json!(u64::MAX),
        json!(1e300),
    ] {
        assert_eq!(signed_in(&value).await, None, "{value}");
    }
}

/// Headers under a signature that is good for the key `rsa` and RS256.
#[tokio::test]
async fn the_header_leads_nowhere() {
    let documents = published();
    let verifier = verifier(&settings(), &documents);
    let own = rsa_jwk("evil", &keys().other_rsa);
    for header in [
        json!({ "alg": "none" }),
        json!({ "alg": "none", "kid": "rsa" }),
        json!({ "alg": "None", "kid": "rsa" }),
        json!({ "alg": "HS256", "kid": "rsa" }),
        json!({ "alg": "RS384", "kid": "rsa" }),
        json!({ "alg": "rs256", "kid": "rsa" }),
        json!({ "alg": "PS256", "kid": "rsa" }),
        json!({ "alg": "ES256", "kid": "rsa" }),
        json!({ "alg": "RS256", "kid": "p256" }),
        json!({ "alg": "ES256", "kid": "p256" }),
        json!({ "alg": ["RS256"], "kid": "rsa" }),
        json!({ "kid": "rsa" }),
        json!({ "alg": "RS256" }),
        json!({ "alg": "RS256", "kid": "" }),
        json!({ "alg": "RS256", "kid": 0 }),
        json!({ "alg": "RS256", "kid": "../keys" }),
        json!({ "alg": "RS256", "kid": "https://evil.example/keys" }),
        json!({ "alg": "RS256", "kid": "rsa", "crit": ["exp"], "exp": 0 }),
        json!({ "alg": "RS256", "kid": "rsa", "crit": null }),
        json!({ "alg": "RS256", "kid": "rsa", "typ": "logout+jwt" }),
        json!({ "alg": "RS256", "kid": "rsa", "typ": 1 }),
        json!({ "alg": "RS256", "kid": "evil", "jwk": own }),
        json!({ "alg": "RS256", "kid": "evil", "jku": "https://evil.example/keys" }),
        json!({ "alg": "RS256", "kid": "evil", "x5u": "https://evil.example/certificate" }),
    ] {
        let token = signed(&header.to_string(), &claims().to_string(), "RS256");
        assert!(is_forged(verifier.verify(&token, now()).await), "{header}");
    }
    assert!(documents.asked().iter().all(|address| address == JWKS));
    for header in [
        json!({ "alg": "RS256", "kid": "rsa", "typ": "at+JWT" }),
        json!({ "alg": "RS256", "kid": "rsa", "jku": "https://evil.example" }),
    ] {
        let token = signed(&header.to_string(), &claims().to_string(), "RS256");
        assert!(verifier.verify(&token, now()).await.is_ok(), "{header}");
    }
    assert!(documents.asked().is_empty());
}

#[tokio::test]
async fn a_key_that_the_token_brings_signs_nothing() {
    let documents = published();
    let verifier = verifier(&settings(), &documents);
    let own = rsa_jwk("rsa", &keys().other_rsa);
    let certificate = "MIIBvzCCAWmgAwIBAgIUQ==";
    for header in [
        json!({ "alg": "RS256", "kid": "rsa" }),
        json!({ "alg": "RS256", "kid": "rsa", "jwk": own }),
        json!({ "alg": "RS256", "jwk": own }),
        json!({ "alg": "RS256", "kid": "rsa", "x5c": [certificate] }),
        json!({ "alg": "RS256", "kid": "rsa", "jku": "https://evil.example/keys" }),
    ] {
        let message = format!("{}.{}", encoded(header.to_string()), encoded(claims().to_string()));
        let forged = signature("RS256", &keys().other_rsa, message.as_bytes());
        let token = format!("{message}.{}", encoded(forged));
        assert!(is_forged(verifier.verify(&token, now()).await), "{header}");
    }
    assert!(documents.asked().iter().all(|address| address == JWKS));
}

#[tokio::test]
async fn the_public_key_is_no_shared_secret() {
    let documents = published();
    let verifier = verifier(&settings(), &documents);
    let jwk = rsa_jwk("rsa", &keys().rsa);
    let whole = documents.documents.lock().unwrap()[JWKS].clone();
    for secret in [jwk["n"].as_str().unwrap().to_owned(), jwk.to_string(), whole, String::new()] {
        for alg in ["HS256", "RS256"] {
            let header = json!({ "alg": alg, "kid": "rsa" });
            let message = format!("{}.{}", encoded(header.to_string()), encoded(claims().to_string()));
            let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()), message.as_bytes());
            let token = format!("{message}.{}", encoded(tag));
            assert!(is_forged(verifier.verify(&token, now()).await), "{alg}");
        }
    }
}

#[tokio::test]
async fn what_reads_in_two_ways_is_not_read() {
    let verifier = verifier(&settings(), &published());
    let (header, good) = (r#"{"alg":"RS256","kid":"rsa"}"#, claims().to_string());
    let inside = &good[1..good.len() - 1];
    for (header, claims) in [
        (header, format!(r#"{{"sub":"bob",{inside}}}"#)),
        (header, format!(r#"{{{inside},"sub":"bob"}}"#)),
        (header, format!(r#"{{{inside},"s\u0075b":"bob"}}"#)),
        (header, format!(r#"{{{inside},"other":{{"a":1,"a":2}}}}"#)),
        (r#"{"alg":"none","alg":"RS256","kid":"rsa"}"#, good.clone()),
        (r#"{"alg":"RS256","kid":"rsa","kid":"p256"}"#, good.clone()),
        (header, format!("{good} {good}")),
        (header, format!("[{good}]")),
        (header, format!("\u{feff}{good}")),
        (header, format!(r#"{{{inside},"x":{}{}}}"#, "[".repeat(200), "]".repeat(200))),
        (header, format!(r#"{{{inside},"x":[{}1]}}"#, "1,".repeat(1500))),
        ("7", good.clone()),
        ("{}x", good.clone()),
    ] {
        let token = signed(header, &claims, "RS256");
        let refusal = refusal(verifier.verify(&token, now()).await);
        assert!(matches!(refusal, Some(Malformed(_))), "{header} {claims:.80}: {refusal:?}");
    }
}

#[tokio::test]
async fn every_changed_byte_is_noticed() {
    let verifier = verifier(&settings(), &published());
    let good = token(&claims());
    assert!(verifier.verify(&good, now()).await.is_ok());
    for at in 0..good.len() {
        let mut changed = good.clone().into_bytes();
        changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(changed).unwrap();
        assert!(changed == good || verifier.verify(&changed, now()).await.is_err(), "at {at}");
        assert!(verifier.verify(&good[..at], now()).await.is_err(), "cut at {at}");
    }
    let (message, signature) = good.rsplit_once('.').unwrap();
    for forged in [
        format!("{message}."),
        format!("{message}.{signature}="),
        format!("{message}.{}", encoded([0; 256])),
        format!("{good}.{signature}"),
    ] {
        assert!(verifier.verify(&forged, now()).await.is_err(), "{forged}");
    }
}
