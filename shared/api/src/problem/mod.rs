//! Problems (RFC 9457): every answer that is not a success.

mod codes;
mod facts;

use std::collections::BTreeMap;
use std::fmt;
use std::ops::{Deref, DerefMut};

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use keyward_domain::{IdError, Rejection};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

pub use codes::{CODES, Code, code};

/// What the `type` of every problem begins with; its code follows.
pub const TYPE_PREFIX: &str = "urn:keyward:problem:";
/// The media type of a problem.
pub const MEDIA_TYPE: &str = "application/problem+json";

/// Why a request did not succeed. Its members are those of [`Members`]; they lie on the heap, so that a `Result` stays small.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Problem(Box<Members>);

/// Why a request did not succeed (RFC 9457), and what to do next.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Problem)]
pub struct Members {
    /// `urn:keyward:problem:` and the code.
    #[serde(rename = "type")]
    pub kind: String,
    /// What the code means, always the same.
    pub title: String,
    /// HTTP status.
    pub status: u16,
    /// What is the matter with this request.
    pub detail: String,
    /// The stable word for it, the same in API, command and documentation.
    pub code: String,
    /// The number of the rule that says no, for example `L2`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// The earliest instant at which time alone mends it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_at: Option<DateTime<Utc>>,
    /// What to do next, in one sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_step: Option<String>,
    /// The facts that the next step needs, as further members: `lockedAt`, `keyToPresent` and so on.
    #[serde(flatten)]
    pub facts: BTreeMap<String, Value>,
}

impl Problem {
    /// The problem with this code of [`CODES`]. A code that is not in the table becomes `internal`, without the detail.
    #[must_use]
    pub fn new(wanted: &str, detail: impl Into<String>) -> Self {
        match code(wanted) {
            Some(row) => Self::of(row, detail.into()),
            None => Self::internal(),
        }
    }

    fn of(row: &Code, detail: String) -> Self {
        Self(Box::new(Members {
            kind: format!("{TYPE_PREFIX}{}", row.code),
            title: row.title.to_owned(),
            status: row.status,
            detail,
            code: row.code.to_owned(),
            rule: row.rule.map(str::to_owned),
            retry_at: None,
            next_step: Some(row.next_step.to_owned()),
            facts: BTreeMap::new(),
        }))
    }

    /// Adds a fact as a further member.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.facts.insert(name.to_owned(), value.into());
        self
    }

    /// Says when time alone mends it.
    #[must_use]
    pub fn mended_at(mut self, instant: DateTime<Utc>) -> Self {
        self.retry_at = Some(instant);
        self
    }

    /// The request is not what the operation takes.
    #[must_use]
    pub fn malformed_request(detail: impl Into<String>) -> Self {
        Self::new("malformed_request", detail)
    }

    /// The body is longer than `most` bytes.
    #[must_use]
    pub fn body_too_large(most: usize) -> Self {
        Self::new("body_too_large", format!("the body is longer than {most} bytes")).with("mostBytes", most)
    }

    /// An identifier in the path does not have the form.
    #[must_use]
    pub fn invalid_id(error: &IdError) -> Self {
        Self::new("invalid_id", format!("{error}"))
    }

    /// No token, or one that does not count.
    #[must_use]
    pub fn unauthenticated(detail: impl Into<String>) -> Self {
        Self::new("unauthenticated", detail)
    }

    /// The caller is known and may see this, but not do it (A1).
    #[must_use]
    pub fn forbidden(detail: impl Into<String>) -> Self {
        Self::new("forbidden", detail)
    }

    /// A5: the caller has to sign in again; `authenticated_at` is when that was, where the token says so.
    #[must_use]
    pub fn sign_in_too_old(
        detail: impl Into<String>,
        most: TimeDelta,
        authenticated_at: Option<DateTime<Utc>>,
    ) -> Self {
        let problem = Self::new("sign_in_too_old", detail).with("maxAgeSeconds", most.num_seconds());
        match authenticated_at {
            Some(at) => problem.with("authenticatedAt", at.to_rfc3339_opts(SecondsFormat::Secs, true)),
            None => problem,
        }
    }

    /// There is no such thing, or it is not the caller's (A2).
    #[must_use]
    pub fn not_found() -> Self {
        Self::new("not_found", "there is nothing here that you can see")
    }

    /// The path exists with other methods only.
    #[must_use]
    pub fn method_not_allowed(allowed: &[&str]) -> Self {
        Self::new("method_not_allowed", format!("this path takes {}", allowed.join(", ")))
            .with("allowed", allowed.to_vec())
    }

    /// The plan that the caller has seen is no longer what would happen.
    #[must_use]
    pub fn plan_changed(hash_now: &str) -> Self {
        Self::new("plan_changed", "the plan has changed since it was made").with("plan", hash_now)
    }

    /// A key file, password or seal that can't be used, as the reader of key files says it: its code, detail and next step.
    #[must_use]
    pub fn key_file(wanted: &str, detail: impl Into<String>, next_step: impl Into<String>) -> Self {
        let detail = detail.into();
        let known = code(wanted).filter(|row| row.status == 422).map(|row| Self::of(row, detail.clone()));
        let mut problem = known.unwrap_or_else(|| Self::new("unusable_key_file", detail));
        problem.next_step = Some(next_step.into());
        problem
    }

    /// Something that the service needs does not answer.
    #[must_use]
    pub fn unavailable(detail: impl Into<String>) -> Self {
        Self::new("unavailable", detail)
    }

    /// A fault of the service. It tells nothing; the log does.
    #[must_use]
    pub fn internal() -> Self {
        Self::of(&codes::INTERNAL, "the request failed inside the service".to_owned())
    }

    /// The exit status of the command for this problem.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        exit_code(self.status)
    }
}

impl Deref for Problem {
    type Target = Members;
    fn deref(&self) -> &Members {
        &self.0
    }
}

impl DerefMut for Problem {
    fn deref_mut(&mut self) -> &mut Members {
        &mut self.0
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.detail, self.code)
    }
}

impl std::error::Error for Problem {}

impl From<&Rejection> for Problem {
    fn from(rejection: &Rejection) -> Self {
        let mut problem = Self::new(rejection.code(), rejection.to_string());
        problem.retry_at = rejection.retry_at();
        problem.facts = facts::of(rejection);
        problem
    }
}

impl From<Rejection> for Problem {
    fn from(rejection: Rejection) -> Self {
        Self::from(&rejection)
    }
}

/// The exit status of the command for an HTTP status: 0 success, 2 malformed, 3 not allowed, 4 refused by a rule, 5 stale, 6 not
/// found, 7 try again later, 1 anything else.
#[must_use]
pub const fn exit_code(status: u16) -> u8 {
    match status {
        200..=299 => 0,
        400 => 2,
        401 | 403 => 3,
        409 | 410 | 422 => 4,
        412 => 5,
        404 => 6,
        429 | 503 => 7,
        _ => 1,
    }
}

#[cfg(test)]
mod tests;
