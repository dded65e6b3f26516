//! Why a command did not do what was asked, and the exit code that says so.

use std::fmt;
use std::ops::{Deref, DerefMut};

use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};

use crate::gateway;

/// Exit codes; `docs/command.md` and `keyward --help` list them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Something that should not happen.
    Unexpected = 1,
    /// The command line or what it names is malformed.
    Usage = 2,
    /// Not signed in, or signed in and not allowed.
    NotAllowed = 3,
    /// A rule says no.
    Refused = 4,
    /// The state or the plan has changed since it was looked at.
    Stale = 5,
    /// It does not exist, or not for the caller.
    NotFound = 6,
    /// The server is not reachable or busy.
    TryLater = 7,
}

impl Exit {
    /// The number that the process ends with.
    pub(crate) fn code(self) -> u8 {
        self as u8
    }

    /// The exit code for a status of the API.
    pub(crate) fn of_status(status: u16) -> Self {
        match status {
            400 => Self::Usage,
            401 | 403 => Self::NotAllowed,
            404 => Self::NotFound,
            409 | 410 | 422 => Self::Refused,
            412 => Self::Stale,
            429 | 502 | 503 | 504 => Self::TryLater,
            _ => Self::Unexpected,
        }
    }
}

/// What went wrong: a problem (RFC 9457) of the API, or one of the command's own in the same form.
///
/// Boxed, since every function returns room for one.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Failure(Box<Parts>);

impl Deref for Failure {
    type Target = Parts;
    fn deref(&self) -> &Parts {
        &self.0
    }
}

impl DerefMut for Failure {
    fn deref_mut(&mut self) -> &mut Parts {
        &mut self.0
    }
}

/// The parts of a failure.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Parts {
    /// How the process ends.
    pub(crate) exit: Exit,
    /// Stable word, for example `lock_not_open`.
    pub(crate) code: String,
    /// What the code means.
    pub(crate) title: String,
    /// What happened this time.
    pub(crate) detail: String,
    /// The rule that says no, for example `L2`.
    pub(crate) rule: Option<String>,
    /// The earliest instant at which the same request can succeed.
    pub(crate) retry_at: Option<DateTime<Utc>>,
    /// What to do about it.
    pub(crate) next_step: Option<String>,
    /// The server's clock when it answered.
    pub(crate) server_time: Option<DateTime<Utc>>,
    /// The whole document, for `--output json`.
    pub(crate) document: Value,
}

impl Failure {
    /// One of the command's own.
    pub(crate) fn new(exit: Exit, code: &str, detail: impl Into<String>) -> Self {
        let detail = detail.into();
        let title = title_of(exit).to_owned();
        let document = json!({
            "type": format!("urn:keyward:problem:{code}"), "title": title, "detail": detail, "code": code,
        });
        Self(Box::new(Parts {
            exit,
            code: code.to_owned(),
            title,
            detail,
            rule: None,
            retry_at: None,
            next_step: None,
            server_time: None,
            document,
        }))
    }

    /// The command line can't be followed.
    pub(crate) fn usage(detail: impl Into<String>) -> Self {
        Self::new(Exit::Usage, "usage", detail)
    }

    /// Something that should not happen.
    pub(crate) fn unexpected(detail: impl Into<String>) -> Self {
        Self::new(Exit::Unexpected, "unexpected", detail)
    }

    /// A file could not be read or written.
    pub(crate) fn file(doing: &str, path: &std::path::Path, error: &std::io::Error) -> Self {
        let exit = match error.kind() {
            std::io::ErrorKind::NotFound => Exit::Usage,
            _ => Exit::Unexpected,
        };
        Self::new(exit, "file", format!("{doing} {} failed: {error}", path.display()))
    }

    /// Adds what to do about it.
    pub(crate) fn next(mut self, step: impl Into<String>) -> Self {
        let step = step.into();
        if let Value::Object(members) = &mut self.document {
            members.insert("nextStep".to_owned(), Value::String(step.clone()));
        }
        self.next_step = Some(step);
        self
    }

    /// From an answer with an error status. What is not a problem document, as a gateway may answer, still
    /// gives the status.
    pub(crate) fn of_answer(status: u16, body: &[u8], server_time: Option<DateTime<Utc>>) -> Self {
        let members = match serde_json::from_slice::<Value>(body) {
            Ok(Value::Object(members)) => members,
            _ => Map::new(),
        };
        let text = |name: &str| members.get(name).and_then(Value::as_str).map(str::to_owned);
        let exit = Exit::of_status(status);
        if !members.contains_key("code")
            && let Some(answer) = gateway::meaning(status)
        {
            let mut failure = Self::new(exit, answer.code, answer.detail).next(answer.next_step);
            failure.server_time = server_time;
            return failure;
        }
        Self(Box::new(Parts {
            exit,
            code: text("code").unwrap_or_else(|| format!("status_{status}")),
            title: text("title").unwrap_or_else(|| title_of(exit).to_owned()),
            detail: text("detail")
                .or_else(|| text("message"))
                .unwrap_or_else(|| format!("the server answered with status {status}")),
            rule: text("rule"),
            retry_at: text("retryAt").and_then(|t| t.parse().ok()),
            next_step: text("nextStep"),
            server_time,
            document: if members.is_empty() {
                json!({ "title": title_of(exit), "status": status })
            } else {
                Value::Object(members)
            },
        }))
    }

    /// Whether a new token may help: it has expired, or the server was set up anew or its clock set back since.
    pub(crate) fn wants_new_token(&self) -> bool {
        matches!(self.code.as_str(), "token_expired" | "token_not_yet_valid" | "unauthenticated" | "token_refused")
    }
}

impl From<keyward_keyfile::KeyFileError> for Failure {
    fn from(error: keyward_keyfile::KeyFileError) -> Self {
        Self::new(Exit::Refused, error.code(), error.to_string()).next(error.next_step())
    }
}

impl From<keyward_keyfile::jwe::JweError> for Failure {
    fn from(error: keyward_keyfile::jwe::JweError) -> Self {
        Self::new(Exit::Unexpected, error.code(), error.to_string()).next(error.next_step())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.detail)
    }
}

impl std::error::Error for Failure {}

fn title_of(exit: Exit) -> &'static str {
    match exit {
        Exit::Unexpected => "Something unexpected happened",
        Exit::Usage => "The command can't be followed",
        Exit::NotAllowed => "Not signed in or not allowed",
        Exit::Refused => "Refused",
        Exit::Stale => "Something has changed since it was looked at",
        Exit::NotFound => "Not found",
        Exit::TryLater => "Not reachable now",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_have_exit_codes() {
        let rows = [
            (400, 2),
            (401, 3),
            (403, 3),
            (404, 6),
            (405, 1),
            (409, 4),
            (410, 4),
            (412, 5),
            (422, 4),
            (429, 7),
            (500, 1),
            (503, 7),
            (302, 1),
        ];
        for (status, code) in rows {
            assert_eq!(Failure::of_answer(status, b"", None).exit.code(), code, "{status}");
        }
    }

    #[test]
    fn every_code_of_the_api_has_the_exit_code_that_the_api_says() {
        for row in keyward_api::problem::CODES {
            let exit = Failure::of_answer(row.status, b"", None).exit;
            assert_eq!(exit.code(), keyward_api::problem::exit_code(row.status), "{}", row.code);
        }
    }

    #[test]
    fn a_problem_is_read() {
        let body = br#"{"type":"urn:keyward:problem:lock_not_open","title":"Locking is not open yet","status":409,
            "detail":"d","code":"lock_not_open","rule":"L2","retryAt":"2026-11-24T10:00:00Z","nextStep":"Wait."}"#;
        let failure = Failure::of_answer(409, body, None);
        assert_eq!(failure.code, "lock_not_open");
        assert_eq!(failure.rule.as_deref(), Some("L2"));
        assert_eq!(failure.retry_at, "2026-11-24T10:00:00Z".parse().ok());
        assert_eq!(failure.next_step.as_deref(), Some("Wait."));
    }

    #[test]
    fn what_is_no_problem_still_says_something() {
        for (status, body, code) in [
            (401, r#"{"message":"Unauthorized"}"#, "unauthenticated"),
            (403, r#"{"message":"Forbidden"}"#, "token_refused"),
            (404, r#"{"message":"Not Found"}"#, "no_such_path"),
            (413, r#"{"message":"Request Entity Too Large"}"#, "too_large"),
            (429, r#"{"message":"Too Many Requests"}"#, "too_many_requests"),
            (502, "<html>", "unavailable"),
            (503, r#"{"message":"Service Unavailable"}"#, "unavailable"),
        ] {
            let failure = Failure::of_answer(status, body.as_bytes(), None);
            assert_eq!(failure.code, code);
            assert_eq!(failure.exit, Exit::of_status(status), "{status}");
            assert!(failure.next_step.is_some() && failure.document["code"] == code, "{status}");
        }
        assert_eq!(
            Failure::of_answer(500, br#"{"message":"Internal Server Error"}"#, None).detail,
            "Internal Server Error"
        );
        assert_eq!(Failure::of_answer(500, b"<html>", None).code, "status_500");
        assert_eq!(Failure::of_answer(500, b"[]", None).exit, Exit::Unexpected);
    }

    #[test]
    fn own_failures_carry_their_next_step_into_the_document() {
        let failure = Failure::usage("no").next("do");
        assert_eq!(failure.document["nextStep"], "do");
        assert_eq!(failure.exit.code(), 2);
    }
}
