//! Which tokens are believed.

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::{Algorithm, DecodingKey};
use serde::Deserialize;

use super::claims::Claims;

/// Longest token that is looked at, in bytes.
pub const TOKEN_LIMIT: usize = 8 * 1024;

/// How far the issuer's clock may be off.
const SKEW: TimeDelta = TimeDelta::seconds(60);

/// Why a token is not believed. The texts are for the bearer; none says what would have been believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// There is none.
    #[error("a bearer token is needed; sign in and send `Authorization: Bearer <token>`")]
    Missing,
    /// It is no token, too long a one, or lacks a claim.
    #[error("the bearer token is malformed; sign in again")]
    Malformed,
    /// Its time is over.
    #[error("the bearer token has expired; sign in again")]
    Expired,
    /// Its time is yet to come.
    #[error("the bearer token does not hold yet; check the clocks")]
    NotYetValid,
    /// It was not signed with a key and an algorithm that are trusted, or was changed since.
    #[error("the bearer token was not signed by a trusted issuer; sign in again")]
    BadSignature,
    /// It was signed by a trusted key, for another issuer.
    #[error("the bearer token is of another issuer; sign in again")]
    WrongIssuer,
    /// It is for somebody else.
    #[error("the bearer token is for another service; ask for one for this service")]
    WrongAudience,
}

/// A public key with which an issuer's tokens are verified: ECDSA on P-256 with SHA-256 (`ES256`).
#[derive(Clone)]
pub struct VerifyingKey(DecodingKey);

impl std::fmt::Debug for VerifyingKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("VerifyingKey(ES256)")
    }
}

impl VerifyingKey {
    /// From a point of P-256, not compressed: 4, x, y (65 bytes). Nothing where it has another form.
    /// A point beside the curve verifies no signature.
    #[must_use]
    pub fn from_point(point: &[u8]) -> Option<Self> {
        (point.len() == 65 && point.first() == Some(&4)).then(|| Self(DecodingKey::from_ec_der(point)))
    }
}

/// Verifies tokens of one issuer for one audience.
#[derive(Clone, Debug)]
pub struct Verifier {
    issuer: String,
    audience: String,
    keys: HashMap<String, VerifyingKey>,
}

/// The part of a token's header that decides; what else is in it is not looked at.
#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    /// Extensions that a verifier has to understand (RFC 7515, 4.1.11). None is.
    crit: Option<serde_json::Value>,
}

impl Verifier {
    /// One that trusts no key yet.
    #[must_use]
    pub fn new(issuer: impl Into<String>, audience: impl Into<String>) -> Self {
        Self { issuer: issuer.into(), audience: audience.into(), keys: HashMap::new() }
    }

    /// The same with one more trusted key. A key of the same identifier is replaced.
    #[must_use]
    pub fn trusting(mut self, kid: impl Into<String>, key: VerifyingKey) -> Self {
        self.keys.insert(kid.into(), key);
        self
    }

    /// Verifies the value of an `Authorization` header.
    ///
    /// # Errors
    /// [`TokenError::Missing`] where there is no header or no bearer token in it; else as [`Verifier::verify`].
    pub fn verify_authorization(&self, authorization: Option<&str>, now: DateTime<Utc>) -> Result<Claims, TokenError> {
        let (scheme, token) =
            authorization.and_then(|value| value.trim().split_once(' ')).ok_or(TokenError::Missing)?;
        if !scheme.eq_ignore_ascii_case("bearer") {
            return Err(TokenError::Missing);
        }
        self.verify(token.trim(), now)
    }

    /// Verifies a token (JWS compact form). The order of what is checked is that of [`TokenError`]'s meaning: form,
    /// signature, issuer, audience, time; so nothing a forged token says changes the answer.
    ///
    /// # Errors
    /// [`TokenError`].
    pub fn verify(&self, token: &str, now: DateTime<Utc>) -> Result<Claims, TokenError> {
        if token.is_empty() {
            return Err(TokenError::Missing);
        }
        let claims = self.verify_signature(token)?;
        if claims.iss != self.issuer {
            return Err(TokenError::WrongIssuer);
        }
        if claims.aud != self.audience {
            return Err(TokenError::WrongAudience);
        }
        check_time(&claims, now)?;
        Ok(claims)
    }

    fn verify_signature(&self, token: &str) -> Result<Claims, TokenError> {
        if token.len() > TOKEN_LIMIT {
            return Err(TokenError::Malformed);
        }
        let (message, signature) = token.rsplit_once('.').ok_or(TokenError::Malformed)?;
        let (header, claims) = message.split_once('.').ok_or(TokenError::Malformed)?;
        if claims.contains('.') {
            return Err(TokenError::Malformed);
        }
        let header: Header = part(header)?;
        // The token's word on its algorithm is compared, never followed.
        if header.alg != "ES256" || header.crit.is_some() {
            return Err(TokenError::BadSignature);
        }
        let key = header.kid.and_then(|kid| self.keys.get(&kid)).ok_or(TokenError::BadSignature)?;
        let verified = jsonwebtoken::crypto::verify(signature, message.as_bytes(), &key.0, Algorithm::ES256);
        if !verified.map_err(|_| TokenError::Malformed)? {
            return Err(TokenError::BadSignature);
        }
        part(claims)
    }
}

/// Decodes a part of a token.
fn part<T: serde::de::DeserializeOwned>(encoded: &str) -> Result<T, TokenError> {
    let json = URL_SAFE_NO_PAD.decode(encoded).map_err(|_| TokenError::Malformed)?;
    serde_json::from_slice(&json).map_err(|_| TokenError::Malformed)
}

fn check_time(claims: &Claims, now: DateTime<Utc>) -> Result<(), TokenError> {
    let (now, skew) = (now.timestamp(), SKEW.num_seconds());
    if now >= claims.exp.saturating_add(skew) {
        return Err(TokenError::Expired);
    }
    let begins = claims.nbf.unwrap_or(claims.iat).max(claims.iat);
    if now < begins.saturating_sub(skew) {
        return Err(TokenError::NotYetValid);
    }
    Ok(())
}
