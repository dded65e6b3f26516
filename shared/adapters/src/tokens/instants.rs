//! The instants in a token, held against the clock.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

use super::meaning::{ClaimPath, Claims};
use super::verify::TokenError;

/// Further than any instant that is meant, and exact as a floating number.
const FURTHEST: f64 = 1e12;

/// Whether a token holds now, by a clock from which the issuer's may be off by `skew`; gives back when the bearer last proved who they are,
/// where the token says so.
///
/// What stands at `signed_in_at` and is no instant counts as not being there: it is no reason to refuse what needs no recent sign-in.
pub(super) fn check(
    claims: &Claims,
    signed_in_at: &ClaimPath,
    (now, skew): (DateTime<Utc>, TimeDelta),
) -> Result<Option<DateTime<Utc>>, TokenError> {
    let (now, skew) = (now.timestamp(), skew.num_seconds());
    let instant = |claim: &str, not_read: &'static str| {
        claims.get(claim).map(|value| seconds(value).ok_or(TokenError::Malformed(not_read))).transpose()
    };
    let is_to_come = |at: i64| now < at.saturating_sub(skew);
    let expires = instant("exp", NO_EXP)?.ok_or(TokenError::Malformed(NO_EXP))?;
    let issued = instant("iat", NO_IAT)?.ok_or(TokenError::Malformed(NO_IAT))?;
    let not_before = instant("nbf", "`nbf` is no instant")?;
    if now >= expires.saturating_add(skew) {
        return Err(TokenError::Expired);
    }
    if is_to_come(issued) {
        return Err(TokenError::NotYetValid("`iat` is yet to come"));
    }
    if not_before.is_some_and(is_to_come) {
        return Err(TokenError::NotYetValid("`nbf` is yet to come"));
    }
    let Some(value) = signed_in_at.of(claims) else { return Ok(None) };
    let signed_in = whole_seconds(value).and_then(|seconds| DateTime::from_timestamp(seconds, 0));
    match signed_in {
        Some(at) if is_to_come(at.timestamp()) => Err(TokenError::NotYetValid("the sign-in is yet to come")),
        Some(at) => Ok(Some(at)),
        None => {
            tracing::warn!(claim = ?signed_in_at, "the instant of the sign-in is not read, and nothing is allowed that needs a recent one: it has to be whole seconds since 1970");
            Ok(None)
        }
    }
}

const NO_EXP: &str = "`exp` is not there, or no instant";
const NO_IAT: &str = "`iat` is not there, or no instant";

/// Seconds since 1970-01-01T00:00:00Z; a fraction is left out (RFC 7519, section 2).
fn seconds(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| {
        let seconds = value.as_f64().filter(|seconds| seconds.abs() < FURTHEST)?;
        #[expect(clippy::cast_possible_truncation, reason = "the range was checked; the fraction is to go")]
        Some(seconds.floor() as i64)
    })
}

/// The same without a fraction.
fn whole_seconds(value: &Value) -> Option<i64> {
    let has_fraction = value.as_f64().is_some_and(|seconds| seconds.fract() != 0.0);
    if has_fraction { None } else { seconds(value) }
}
