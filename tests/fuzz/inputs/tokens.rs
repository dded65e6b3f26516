//! A bearer token, or a part of one that lies behind base64 and a signature, which chance does not get past.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, KeyPair as _, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use keyward_adapters::tokens::{TOKEN_LIMIT, TokenError, Verifier};
use keyward_domain::Role;
use keyward_service::Principal;
use serde_json::Value;

use super::headers;
use super::issuers::{AUDIENCE, ISSUERS, NOW, Said, VERIFIERS};

/// How far an issuer's clock may be off, in seconds: what is the case where the settings don't say.
const SKEW: i64 = 60;
/// Most characters of a person.
const LONGEST_PERSON: usize = 128;
/// The name of the sweeps in the audit log, under which nobody acts.
const SWEEPS: &str = "keyward";

/// Takes the input as a token, as the value of headers, and as the claims and the header of a token that each issuer signs.
pub(crate) fn run(input: &[u8]) {
    if let Ok(text) = str::from_utf8(input) {
        token(text);
        authorization(text);
    }
    for issuer in ISSUERS.iter() {
        token(&issuer.sign(issuer.header().as_bytes(), input));
        token(&issuer.sign(input, issuer.claims().as_bytes()));
    }
    headers::run(input);
}

pub(crate) fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(NOW, 0).unwrap()
}

/// What is done without waiting: nothing is fetched.
pub(crate) fn finished<T>(work: impl Future<Output = T>) -> T {
    match pin!(work).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(done) => done,
        Poll::Pending => panic!("it waits for something"),
    }
}

pub(crate) fn verify(verifier: &Verifier, token: &str, now: DateTime<Utc>) -> Result<Principal, TokenError> {
    finished(verifier.verify(token, now))
}

/// At most one deployment takes it, and then it is what it is taken for.
fn token(token: &str) {
    let taken: Vec<Principal> = VERIFIERS.iter().filter_map(|verifier| verify(verifier, token, now()).ok()).collect();
    match taken.as_slice() {
        [] => {}
        [principal] => {
            let parts = Parts::of(token);
            parts.are_good();
            parts.tell(principal);
            parts.are_not_taken_otherwise();
        }
        _ => panic!("several take {token}: {taken:?}"),
    }
}

/// The value of a header is taken where the token in it is, and for the same.
fn authorization(value: &str) {
    for verifier in VERIFIERS.iter() {
        if let Ok(principal) = finished(verifier.verify_authorization(Some(value), now())) {
            let (scheme, token) = value.trim().split_once(' ').unwrap();
            assert!(scheme.eq_ignore_ascii_case("bearer"), "{value}");
            assert_eq!(verify(verifier, token.trim(), now()), Ok(principal));
        }
    }
}

/// A token that was taken, read without the verifier.
struct Parts<'a> {
    token: &'a str,
    message: &'a str,
    signature: Vec<u8>,
    header: Value,
    claims: Value,
}

impl<'a> Parts<'a> {
    fn of(token: &'a str) -> Self {
        assert!(token.len() <= TOKEN_LIMIT);
        let parts: Vec<&str> = token.split('.').collect();
        let [header, claims, signature] = parts[..] else { panic!("{} parts: {token}", parts.len()) };
        let bytes = |encoded: &str| URL_SAFE_NO_PAD.decode(encoded).unwrap();
        let object = |encoded: &str| serde_json::from_slice::<Value>(&bytes(encoded)).unwrap();
        let message = &token[..header.len() + 1 + claims.len()];
        Self { token, message, signature: bytes(signature), header: object(header), claims: object(claims) }
    }

    fn said(&self) -> Said {
        Said::by(&self.claims).unwrap_or_else(|| panic!("of nobody: {}", self.claims))
    }

    /// Signed by the key of its issuer, for this service, and for now.
    fn are_good(&self) {
        let issuer = self.said().issuer;
        let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, issuer.key.public_key());
        assert!(key.verify(self.message.as_bytes(), &self.signature).is_ok(), "not signed: {}", self.token);
        assert_eq!(self.header["alg"], "ES256");
        assert_eq!(self.header["kid"], issuer.name);
        assert!(self.header.get("crit").is_none(), "{}", self.header);
        let audience = &self.claims["aud"];
        assert!(audience == AUDIENCE || audience.as_array().unwrap().iter().any(|one| one == AUDIENCE), "{audience}");
        // Whole numbers that are told from their neighbours, so far as a floating number can.
        let seconds = |claim: &str| self.claims.get(claim).map(|value| value.as_f64().unwrap().floor());
        let now = NOW as f64;
        assert!(seconds("exp").unwrap() + SKEW as f64 > now, "{}", self.claims);
        for begin in [Some(seconds("iat").unwrap()), seconds("nbf")].into_iter().flatten() {
            assert!(begin - SKEW as f64 <= now, "{}", self.claims);
        }
    }

    /// The bearer is whom the claims may name, and nothing more.
    fn tell(&self, principal: &Principal) {
        let Said { tenant, person, roles, signed_in_at, .. } = self.said();
        assert_eq!((&principal.tenant, &principal.roles), (&tenant, &roles), "{}", self.claims);
        let named = principal.person.as_str();
        assert_eq!(person.as_deref(), Some(named), "{}", self.claims);
        assert!((1..=LONGEST_PERSON).contains(&named.len()) && named.is_ascii() && named != SWEEPS, "{named}");
        assert!(!named.chars().any(|sign| sign.is_control() || sign.is_whitespace()), "{named}");
        for role in &principal.roles {
            assert_eq!(*role == Role::Operator, principal.tenant.is_none(), "{principal:?}");
        }
        assert_eq!(principal.authenticated_at, signed_in_at.as_ref().and_then(instant), "{}", self.claims);
        assert!(principal.authenticated_at.is_none_or(|at| at.timestamp() - SKEW <= NOW), "{}", self.claims);
    }

    /// Changed after it was signed, signed by somebody else, or at its end it is refused by all.
    fn are_not_taken_otherwise(&self) {
        let text = self.token;
        let claims_at = text.find('.').unwrap() + 1;
        let somewhere = text.bytes().fold(0, |sum: usize, byte| sum.wrapping_mul(31).wrapping_add(byte.into()));
        for at in [0, claims_at, self.message.len() - 1, self.message.len() + 1, somewhere % text.len()] {
            let other = if text.as_bytes()[at] == b'A' { "B" } else { "A" };
            let changed = [&text[..at], other, &text[at + 1..]].concat();
            assert_eq!(taken(&changed, now()), None, "{text} changed at {at}");
        }
        assert_eq!(taken(&format!("{}.", self.message), now()), None, "unsigned");
        let signer = self.said().issuer.name;
        for other in ISSUERS.iter().filter(|other| other.name != signer) {
            assert_eq!(taken(&other.sign_message(self.message), now()), None, "{text} signed by {}", other.name);
        }
        let end = self.claims["exp"].as_i64().and_then(|end| DateTime::from_timestamp(end.checked_add(SKEW)?, 0));
        if let Some(end) = end {
            assert_eq!(taken(text, end), None, "{text} at {end}");
        }
    }
}

/// Whole seconds since 1970. What is no such instant counts as not said.
fn instant(value: &Value) -> Option<DateTime<Utc>> {
    let whole = |seconds: &f64| seconds.fract() == 0.0 && seconds.abs() < 1e12;
    let seconds = value.as_i64().or_else(|| value.as_f64().filter(whole).map(|seconds| seconds as i64))?;
    DateTime::from_timestamp(seconds, 0)
}

fn taken(token: &str, now: DateTime<Utc>) -> Option<Principal> {
    VERIFIERS.iter().find_map(|verifier| verify(verifier, token, now).ok())
}
