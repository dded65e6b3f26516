//! An issuer whose keys and documents are in the test.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock};

use async_trait::async_trait;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _, RSA_PKCS1_SHA256, RSA_PSS_SHA256, RsaKeyPair,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeZone as _, Utc};
use http::Uri;
use keyward_adapters::tokens::{DocumentError, Documents, TokenError, Verifier};
use keyward_service::Principal;
use serde_json::{Value, json};

pub(crate) const ISSUER: &str = "https://issuer.example";
pub(crate) const JWKS: &str = "https://issuer.example/keys";

pub(crate) fn now() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 3, 14, 9, 26, 53).unwrap()
}

pub(crate) fn encoded(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Two RSA keys and one of P-256, made once.
pub(crate) struct Keys {
    pub(crate) rsa: RsaKeyPair,
    pub(crate) other_rsa: RsaKeyPair,
    pub(crate) p256: EcdsaKeyPair,
}

pub(crate) fn keys() -> &'static Keys {
    static KEYS: OnceLock<Keys> = OnceLock::new();
    KEYS.get_or_init(|| Keys {
        rsa: RsaKeyPair::generate(KeySize::Rsa2048).unwrap(),
        other_rsa: RsaKeyPair::generate(KeySize::Rsa2048).unwrap(),
        p256: EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap(),
    })
}

pub(crate) fn rsa_jwk(kid: &str, key: &RsaKeyPair) -> Value {
    let public = key.public_key();
    let (modulus, exponent) = (public.modulus().big_endian_without_leading_zero(), public.exponent());
    let exponent = exponent.big_endian_without_leading_zero();
    json!({ "kty": "RSA", "use": "sig", "kid": kid, "n": encoded(modulus), "e": encoded(exponent) })
}

pub(crate) fn p256_jwk(kid: &str, key: &EcdsaKeyPair) -> Value {
    let point = key.public_key().as_ref();
    json!({ "kty": "EC", "crv": "P-256", "kid": kid, "x": encoded(&point[1..33]), "y": encoded(&point[33..]) })
}

/// The signature of a message by one of the keys.
pub(crate) fn signature(algorithm: &str, key: &RsaKeyPair, message: &[u8]) -> Vec<u8> {
    let random = SystemRandom::new();
    if algorithm == "ES256" {
        return keys().p256.sign(&random, message).unwrap().as_ref().to_vec();
    }
    let mut signature = vec![0; key.public_modulus_len()];
    let padding: &dyn aws_lc_rs::signature::RsaEncoding =
        if algorithm == "PS256" { &RSA_PSS_SHA256 } else { &RSA_PKCS1_SHA256 };
    key.sign(padding, &random, message, &mut signature).unwrap();
    signature
}

/// A token of these very bytes, signed as said.
pub(crate) fn signed(header: &str, claims: &str, algorithm: &str) -> String {
    let message = format!("{}.{}", encoded(header), encoded(claims));
    let signature = signature(algorithm, &keys().rsa, message.as_bytes());
    format!("{message}.{}", encoded(signature))
}

/// A token with these claims under the key `rsa`.
pub(crate) fn token(claims: &Value) -> String {
    let header = json!({ "alg": "RS256", "typ": "JWT", "kid": "rsa" });
    signed(&header.to_string(), &claims.to_string(), "RS256")
}

pub(crate) fn claims() -> Value {
    let now = now().timestamp();
    json!({
        "iss": ISSUER, "aud": "keyward", "sub": "anna", "roles": ["admins"],
        "iat": now, "nbf": now, "exp": now + 3600, "auth_time": now - 60,
    })
}

/// The claims with some members in place of their values; one that is null is gone.
pub(crate) fn with(change: Value) -> Value {
    let mut claims = claims();
    let members = claims.as_object_mut().unwrap();
    for (name, value) in change.as_object().unwrap() {
        members.insert(name.clone(), value.clone());
    }
    members.retain(|_, value| !value.is_null());
    claims
}

/// Documents by address, and what was asked for.
#[derive(Default)]
pub(crate) struct Published {
    pub(crate) documents: Mutex<BTreeMap<String, String>>,
    pub(crate) asked: Mutex<Vec<String>>,
}

impl Published {
    pub(crate) fn of(documents: &[(&str, Value)]) -> Arc<Self> {
        let published = Self::default();
        for (address, document) in documents {
            published.put(address, document);
        }
        Arc::new(published)
    }

    pub(crate) fn put(&self, address: &str, document: &Value) {
        self.documents.lock().unwrap().insert(address.to_owned(), document.to_string());
    }

    pub(crate) fn asked(&self) -> Vec<String> {
        std::mem::take(&mut *self.asked.lock().unwrap())
    }
}

#[async_trait]
impl Documents for Published {
    async fn get(&self, address: &Uri, limit: usize) -> Result<Vec<u8>, DocumentError> {
        self.asked.lock().unwrap().push(address.to_string());
        let found = self.documents.lock().unwrap().get(&address.to_string()).cloned();
        let found = found.ok_or_else(|| DocumentError("not there".to_owned()))?;
        assert!(found.len() <= limit);
        Ok(found.into_bytes())
    }
}

/// What is published at [`JWKS`]: the keys `rsa` and `p256`.
pub(crate) fn published() -> Arc<Published> {
    let keys = json!({ "keys": [rsa_jwk("rsa", &keys().rsa), p256_jwk("p256", &keys().p256)] });
    Published::of(&[(JWKS, keys)])
}

/// Settings with one issuer, contoso's own.
pub(crate) fn settings() -> Value {
    json!({ "issuers": [{
        "issuer": ISSUER, "audiences": ["keyward", "https://keyward.example"], "jwks_uri": JWKS, "tenant": { "always": "contoso" },
        "roles": [{ "claim": "roles", "values": { "admins": "global_administrator", "readers": "auditor" } }],
    }] })
}

pub(crate) fn verifier(settings: &Value, documents: &Arc<Published>) -> Verifier {
    Verifier::from_settings(&settings.to_string(), Arc::clone(documents) as Arc<dyn Documents>).unwrap()
}

pub(crate) fn refusal(verified: Result<Principal, TokenError>) -> Option<TokenError> {
    verified.err()
}
