//! Answers as Azure gives them.

use axum::http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

/// Why a request was not granted.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    code: &'static str,
    inner: &'static str,
    message: String,
    retry_after: Option<u32>,
    challenge: Option<String>,
}

impl Refusal {
    fn new(status: u16, code: &'static str, inner: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, inner, message: message.into(), retry_after: None, challenge: None }
    }

    pub(crate) fn bad(message: impl Into<String>) -> Self {
        Self::new(400, "BadParameter", "", message)
    }

    pub(crate) fn unauthorized(challenge: String) -> Self {
        Self {
            challenge: Some(challenge),
            ..Self::new(401, "Unauthorized", "", "AKV10000: Request is missing a Bearer or PoP token.")
        }
    }

    pub(crate) fn forbidden(inner: &'static str, message: impl Into<String>) -> Self {
        Self::new(403, "Forbidden", inner, message)
    }

    pub(crate) fn not_found(name: &str) -> Self {
        Self::new(404, "KeyNotFound", "", format!("A key with (name/id) {name} was not found in this key vault."))
    }

    pub(crate) fn no_such_address() -> Self {
        Self::new(404, "NotFound", "", "The address was not found.")
    }

    pub(crate) fn conflict(inner: &'static str, message: impl Into<String>) -> Self {
        Self::new(409, "Conflict", inner, message)
    }

    pub(crate) fn throttled(retry_after: u32) -> Self {
        let message = "Request was not processed because too many requests were received.";
        Self { retry_after: Some(retry_after), ..Self::new(429, "Throttled", "", message) }
    }

    pub(crate) fn failed(status: u16, message: impl Into<String>) -> Self {
        Self::new(status, "InternalServerError", "", message)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut error = json!({ "code": self.code, "message": self.message });
        if !self.inner.is_empty() {
            error["innererror"] = json!({ "code": self.inner });
        }
        let mut response = answer(self.status, &json!({ "error": error }));
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        if let Some(challenge) = self.challenge.and_then(|challenge| HeaderValue::try_from(challenge).ok()) {
            response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
        }
        response
    }
}

/// JSON with a status.
pub(crate) fn answer(status: u16, body: &Value) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let json = HeaderValue::from_static("application/json; charset=utf-8");
    (status, [(CONTENT_TYPE, json)], body.to_string()).into_response()
}
