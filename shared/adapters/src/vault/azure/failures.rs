//! What went wrong at the vault, without what was sent or received.

use azure_core::error::{Error, ErrorKind};
use keyward_service::ports::vault::VaultError;
use serde::Deserialize;

/// Longest code of an error that is repeated in a log.
const CODE_LIMIT: usize = 64;

/// Errors in one another in which a code is looked for.
const CAUSES: usize = 8;

/// A call that failed: the status and the codes of the answer, never its text.
#[derive(Debug)]
pub(super) struct Failure {
    /// The answer's status; none where there was no answer, or none from the vault.
    status: Option<u16>,
    /// The code in the error, for instance `Forbidden`.
    code: String,
    /// The code in the error's inner error, for instance `KeyDisabled`.
    inner: String,
    /// What failed where it was not the vault that answered.
    what: &'static str,
}

#[derive(Deserialize)]
struct Answer {
    error: Detail,
}

#[derive(Deserialize)]
struct Detail {
    code: Option<String>,
    innererror: Option<Inner>,
}

#[derive(Deserialize)]
struct Inner {
    code: Option<String>,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error.kind() {
            ErrorKind::HttpResponse { status, raw_response, .. } => {
                let body = raw_response.as_ref().map_or(&[][..], |response| response.body());
                let detail = serde_json::from_slice::<Answer>(body).ok().map(|answer| answer.error);
                let (code, inner) = detail.map_or((None, None), |detail| (detail.code, detail.innererror));
                Self {
                    status: Some(u16::from(*status)),
                    code: named(code),
                    inner: named(inner.and_then(|inner| inner.code)),
                    what: "Key Vault",
                }
            }
            ErrorKind::Connection => Self::without_answer("no connection to the vault"),
            ErrorKind::Io => Self::without_answer("the connection broke, or no answer came in time"),
            ErrorKind::DataConversion => Self::without_answer("an answer that does not read, or is too long"),
            ErrorKind::Credential => Self { code: refusal(&error), ..Self::without_answer("no token for the vault") },
            ErrorKind::Other => Self::without_answer("the request was not sent"),
        }
    }
}

impl Failure {
    pub(super) fn without_answer(what: &'static str) -> Self {
        Self { status: None, code: String::new(), inner: String::new(), what }
    }

    /// There is no such key, or none any more: one that is being deleted opens nothing.
    pub(super) fn is_absent(&self) -> bool {
        self.status == Some(404) || self.is_being_deleted()
    }

    pub(super) fn is_not_found(&self) -> bool {
        self.status == Some(404)
    }

    pub(super) fn is_bad_request(&self) -> bool {
        self.status == Some(400)
    }

    pub(super) fn is_forbidden(&self) -> bool {
        self.status == Some(403)
    }

    pub(super) fn is_conflict(&self) -> bool {
        self.status == Some(409)
    }

    pub(super) fn is_being_deleted(&self) -> bool {
        self.is_conflict() && self.inner == "ObjectIsBeingDeleted"
    }

    pub(super) fn is_deleted_but_recoverable(&self) -> bool {
        self.is_conflict() && self.inner == "ObjectIsDeletedButRecoverable"
    }

    pub(super) fn is_disabled_key(&self) -> bool {
        self.is_forbidden() && self.inner == "KeyDisabled"
    }

    /// For a caller that can only try again.
    pub(super) fn unavailable(&self) -> VaultError {
        let Self { status, code, inner, what } = self;
        let mut reason = (*what).to_owned();
        if let Some(status) = status {
            reason.push_str(&format!(" answered {status}"));
        }
        for code in [code, inner] {
            if !code.is_empty() {
                reason.push_str(&format!(", {code}"));
            }
        }
        unavailable(reason)
    }
}

/// Logs why the vault is of no use now, and says it.
pub(super) fn unavailable(reason: impl Into<String>) -> VaultError {
    let reason = reason.into();
    tracing::warn!(reason, "the Azure vault failed");
    VaultError::Unavailable { reason }
}

/// A code as it may stand in a log.
fn named(code: Option<String>) -> String {
    let known = |code: &String| {
        code.len() <= CODE_LIMIT && code.bytes().all(|byte| byte.is_ascii_alphanumeric() || b",_".contains(&byte))
    };
    code.filter(known).unwrap_or_default()
}

/// The numbers by which Entra ID says why it gives no token.
fn refusal(error: &Error) -> String {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    for _ in 0..CAUSES {
        let Some(error) = cause else { break };
        if let Some(ErrorKind::HttpResponse { error_code, .. }) = error.downcast_ref::<Error>().map(Error::kind) {
            return named(error_code.clone());
        }
        cause = error.source();
    }
    String::new()
}
