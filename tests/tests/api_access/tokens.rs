//! Tokens that are none.

use aws_lc_rs::{
    hmac,
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use keyward_adapters::tokens::{Claims, DevelopmentIssuer};
use serde_json::{Value, json};

use crate::Stage;

fn with_header(token: &str, header: &Value, sign: impl Fn(&str) -> Vec<u8>) -> String {
    let claims = token.split('.').nth(1).unwrap();
    let message = format!("{}.{claims}", URL_SAFE_NO_PAD.encode(header.to_string()));
    let signature = URL_SAFE_NO_PAD.encode(sign(&message));
    format!("{message}.{signature}")
}

/// Tokens of an administrator that are none, each with the code of its refusal.
pub(crate) fn unbelieved(stage: &Stage) -> Vec<(&'static str, Option<String>, &'static str)> {
    let good = stage.claims("alice", Some("contoso"), &["global_administrator"]);
    let with = |change: &dyn Fn(&mut Claims)| {
        let mut claims = good.clone();
        change(&mut claims);
        Some(stage.sign(&claims))
    };
    let token = stage.sign(&good);
    let (message, signature) = token.rsplit_once('.').unwrap();
    let mut changed = URL_SAFE_NO_PAD.decode(signature).unwrap();
    changed[10] ^= 1;
    let elsewhere = tempfile::tempdir().unwrap();
    let stranger = DevelopmentIssuer::load_or_create(elsewhere.path()).unwrap().sign(&good).unwrap();
    let kid = stage.issuer.kid();
    let by_public_key = hmac::Key::new(hmac::HMAC_SHA256, stage.issuer.point());
    let hs256 = |message: &str| hmac::sign(&by_public_key, message.as_bytes()).as_ref().to_vec();
    let under = |alg: &str| json!({ "alg": alg, "typ": "JWT", "kid": kid });
    let (header, rest) = token.split_once('.').unwrap();
    let claims = URL_SAFE_NO_PAD.encode(json!({ "sub": "bob" }).to_string());
    let same = |_: &str| URL_SAFE_NO_PAD.decode(signature).unwrap();
    // Somebody's own key, brought along in the token itself (RFC 7515, sections 4.1.2 and 4.1.3).
    let own_key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
    let own = |message: &str| own_key.sign(&SystemRandom::new(), message.as_bytes()).unwrap().as_ref().to_vec();
    let point = own_key.public_key().as_ref();
    let coordinate = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    let jwk = json!({ "kty": "EC", "crv": "P-256", "x": coordinate(&point[1..33]), "y": coordinate(&point[33..]) });
    let injected = |members: &Value| {
        let mut header = json!({ "alg": "ES256", "typ": "JWT" });
        header.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        header
    };
    vec![
        ("no token", None, "unauthenticated"),
        ("empty", Some(String::new()), "unauthenticated"),
        ("no token at all", Some("kanarienvogel".to_owned()), "unauthenticated"),
        ("expired", with(&|c| (c.iat, c.nbf, c.exp) = (c.iat - 9000, None, c.iat - 61)), "token_expired"),
        ("not yet valid", with(&|c| c.nbf = Some(c.iat + 4 * 3600)), "token_not_yet_valid"),
        ("wrong signature", Some(format!("{message}.{}", URL_SAFE_NO_PAD.encode(changed))), "unauthenticated"),
        ("no signature", Some(format!("{message}.")), "unauthenticated"),
        ("another's signature", Some(stranger), "unauthenticated"),
        ("wrong audience", with(&|c| c.aud = "other".to_owned()), "unauthenticated"),
        ("wrong issuer", with(&|c| c.iss = "https://evil.example".to_owned()), "unauthenticated"),
        ("alg none", Some(with_header(&token, &under("none"), |_| Vec::new())), "unauthenticated"),
        ("alg none with a signature", Some(with_header(&token, &under("none"), same)), "unauthenticated"),
        ("HMAC with the public key", Some(with_header(&token, &under("HS256"), hs256)), "unauthenticated"),
        ("another kid", Some(with_header(&token, &json!({ "alg": "ES256", "kid": "other" }), same)), "unauthenticated"),
        (
            "its own key in the header",
            Some(with_header(&token, &injected(&json!({ "jwk": jwk })), own)),
            "unauthenticated",
        ),
        (
            "its own key in the header, under the issuer's kid",
            Some(with_header(&token, &injected(&json!({ "jwk": jwk, "kid": kid })), own)),
            "unauthenticated",
        ),
        (
            "its own keys elsewhere",
            Some(with_header(&token, &injected(&json!({ "jku": "http://127.0.0.1:9/keys", "kid": "own" })), own)),
            "unauthenticated",
        ),
        ("other claims", Some(format!("{header}.{claims}.{signature}")), "unauthenticated"),
        ("four parts", Some(format!("{header}.{rest}.x")), "unauthenticated"),
        ("long", Some("a".repeat(9000)), "unauthenticated"),
        ("the sweeps' name", with(&|c| c.sub = "keyward".to_owned()), "unauthenticated"),
        ("no person", with(&|c| c.sub = String::new()), "unauthenticated"),
        ("a tenant that is none", with(&|c| c.tid = Some("CONTOSO".to_owned())), "unauthenticated"),
    ]
}
