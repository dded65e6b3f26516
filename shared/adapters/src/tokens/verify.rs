//! Which tokens are believed.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use keyward_service::Principal;
use serde_json::Value;

use super::instants;
use super::issuer::{TrustedIssuer, directory_in};
use super::issuers::Issuers;
use super::json;
use super::key::Algorithm;
use super::meaning::Claims;

/// Longest token that is looked at, in bytes. An HTTP API takes some 10 kB of headers in all.
pub const TOKEN_LIMIT: usize = 8 * 1024;

/// Most values in a token's header or claims. Entra lists at most 200 groups in one.
const VALUES: usize = 1000;

/// Kinds of token that are for calling a service (RFC 7519, RFC 9068). One that says to be for something else, such as a logout, is none.
const TYPES: [&str; 3] = ["jwt", "at+jwt", "application/at+jwt"];

/// Why a token is not believed. The texts are for the bearer; none says what would have been believed. Which check it failed is for the log
/// of the deployment: it is in the `Debug` form, and never has a value of a claim in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// There is none.
    #[error("a bearer token is needed; sign in and send `Authorization: Bearer <token>`")]
    Missing,
    /// It is no token, too long a one, or lacks a claim.
    #[error("the bearer token is malformed; sign in again")]
    Malformed(&'static str),
    /// Its time is over.
    #[error("the bearer token has expired; sign in again")]
    Expired,
    /// Its time is yet to come.
    #[error("the bearer token does not hold yet; check the clocks")]
    NotYetValid(&'static str),
    /// It was not signed with a key and an algorithm that are trusted, or was changed since.
    #[error("the bearer token was not signed by a trusted issuer; sign in again")]
    BadSignature(&'static str),
    /// It says to be of an issuer that is not trusted.
    #[error("the bearer token is of another issuer; sign in again")]
    WrongIssuer(&'static str),
    /// It is for somebody else.
    #[error("the bearer token is for another service; ask for one for this service")]
    WrongAudience,
    /// Its issuer is trusted, but not for the directory or organisation that it is of.
    #[error("the bearer token is of an organisation that is not known here; ask the provider to add it")]
    UnknownTenant,
    /// Its issuer's keys can't be got just now. It may be a good one.
    #[error("the issuer of the bearer token does not answer; try again")]
    Unavailable,
}

/// Verifies tokens of the trusted issuers.
#[derive(Clone)]
pub struct Verifier {
    pub(super) issuers: Issuers,
    /// How far the issuers' clocks may be off.
    pub(super) skew: TimeDelta,
}

impl std::fmt::Debug for Verifier {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names: Vec<_> = self.issuers.iter().map(|issuer| &issuer.name).collect();
        formatter.debug_struct("Verifier").field("issuers", &names).finish_non_exhaustive()
    }
}

/// A token taken apart; nothing in it is believed yet.
struct Parts<'a> {
    message: &'a str,
    signature: Vec<u8>,
    header: Claims,
    claims: Claims,
}

impl Verifier {
    /// Verifies the value of an `Authorization` header.
    ///
    /// # Errors
    /// [`TokenError::Missing`] where there is no header or no bearer token in it; else as [`Verifier::verify`].
    pub async fn verify_authorization(
        &self,
        authorization: Option<&str>,
        now: DateTime<Utc>,
    ) -> Result<Principal, TokenError> {
        let (scheme, token) =
            authorization.and_then(|value| value.trim().split_once(' ')).ok_or(TokenError::Missing)?;
        if !scheme.eq_ignore_ascii_case("bearer") {
            return Err(TokenError::Missing);
        }
        self.verify(token.trim(), now).await
    }

    /// Verifies a token (JWS compact form) and tells who its bearer is. What is checked, in this order: form, issuer, signature, audience,
    /// time, tenant and person.
    ///
    /// # Errors
    /// [`TokenError`].
    pub async fn verify(&self, token: &str, now: DateTime<Utc>) -> Result<Principal, TokenError> {
        if token.is_empty() {
            return Err(TokenError::Missing);
        }
        let parts = Parts::read(token)?;
        let issuer = self.verify_signature(&parts, now).await?;
        let claims = &parts.claims;
        if !audiences(claims)?.any(|audience| issuer.audiences.iter().any(|own| own == audience)) {
            return Err(TokenError::WrongAudience);
        }
        let meaning = &issuer.meaning;
        let authenticated_at = instants::check(claims, &meaning.signed_in_at, (now, self.skew))?;
        let principal = meaning.principal(claims, authenticated_at)?;
        if meaning.prefix.is_empty() && self.issuers.is_anothers(&principal) {
            return Err(TokenError::Malformed("the person begins with the prefix of another issuer"));
        }
        Ok(principal)
    }

    /// Finds the issuer that the token says to be of, and holds the token to that issuer's own keys.
    async fn verify_signature(&self, parts: &Parts<'_>, now: DateTime<Utc>) -> Result<&TrustedIssuer, TokenError> {
        let text = |claim: &str| parts.claims.get(claim).and_then(Value::as_str);
        let named = text("iss").ok_or(TokenError::Malformed("`iss` is not there, or no text"))?;
        let found = self.issuers.find(named);
        let (issuer, directory) = found.ok_or(TokenError::WrongIssuer("`iss` is no issuer of the settings"))?;
        // All directories' tokens are signed with the same keys: what the issuer says has to be what the token says.
        if directory.is_some() && text("tid") != directory {
            return Err(TokenError::WrongIssuer("`tid` is not the directory that is in `iss`"));
        }
        let (algorithm, kid) = parts.signed_with().map_err(TokenError::BadSignature)?;
        let key = issuer.keys.find(kid, now).await.map_err(|_| TokenError::Unavailable)?;
        let key = key.ok_or(TokenError::BadSignature("the issuer has no key with this `kid`"))?;
        // Keys that all directories have say so, whether the settings name all of them or one.
        if !key.is_for(named, directory.or_else(|| directory_in(named))) {
            return Err(TokenError::BadSignature("the key is for another issuer or directory"));
        }
        if !key.verifies(algorithm, parts.message.as_bytes(), &parts.signature) {
            return Err(TokenError::BadSignature("the signature is not by this key and algorithm"));
        }
        Ok(issuer)
    }
}

impl<'a> Parts<'a> {
    fn read(token: &'a str) -> Result<Self, TokenError> {
        if token.len() > TOKEN_LIMIT {
            return Err(TokenError::Malformed("it is longer than 8 KiB"));
        }
        let three = || TokenError::Malformed("it has not three parts, as an opaque token has not");
        let (message, signature) = token.rsplit_once('.').ok_or_else(three)?;
        let (header, claims) = message.split_once('.').ok_or_else(three)?;
        let bytes = |encoded: &str| {
            URL_SAFE_NO_PAD.decode(encoded).map_err(|_| TokenError::Malformed("a part of it is not base64url"))
        };
        let object = |encoded: &str| {
            let not_read = "the header or the claims are no JSON object, have a member twice, or too many values";
            json::object(&bytes(encoded)?, VALUES).ok_or(TokenError::Malformed(not_read))
        };
        Ok(Self { message, signature: bytes(signature)?, header: object(header)?, claims: object(claims)? })
    }

    /// The algorithm and the key's identifier. The token's word on them chooses among what is trusted and leads nowhere else: `jku`, `jwk`,
    /// `x5u` and `x5c` are not looked at.
    fn signed_with(&self) -> Result<(Algorithm, &str), &'static str> {
        // Extensions that a verifier has to understand (RFC 7515, 4.1.11): none is.
        if self.header.contains_key("crit") {
            return Err("the header has a `crit`");
        }
        let is_for_calls = self.header.get("typ").is_none_or(|kind| {
            kind.as_str().is_some_and(|kind| TYPES.iter().any(|known| kind.eq_ignore_ascii_case(known)))
        });
        if !is_for_calls {
            return Err("`typ` is neither `JWT` nor `at+jwt`");
        }
        let text = |name: &str| self.header.get(name).and_then(Value::as_str);
        let algorithm = text("alg").and_then(Algorithm::named).ok_or("`alg` is not RS256, PS256 or ES256")?;
        Ok((algorithm, text("kid").ok_or("`kid` is not there, or no text")?))
    }
}

/// For whom the token is: one or several.
fn audiences(claims: &Claims) -> Result<impl Iterator<Item = &str>, TokenError> {
    let audience = claims.get("aud").ok_or(TokenError::Malformed("`aud` is not there"))?;
    let listed = audience.as_array().map_or(std::slice::from_ref(audience), Vec::as_slice);
    Ok(listed.iter().filter_map(Value::as_str))
}
