//! What comes with every request.

use std::sync::Arc;

use keyward_domain::{Context, Instant, PlanHash, Settings};

use crate::{Answer, Outcome, Principal};

/// Makes the answer that is stored with the change, so that a repeated request gets the same one.
pub type EncodeAnswer = Arc<dyn Fn(&Outcome) -> Answer + Send + Sync>;

/// A client's key for one request, so that its repetition changes nothing.
#[derive(Clone)]
pub struct Idempotency {
    /// As the client gave it, 1 to 128 visible ASCII characters.
    pub key: String,
    /// SHA-256 over method, path and body in lowercase hex.
    pub request_hash: String,
    /// Makes the answer.
    pub encode: EncodeAnswer,
}

/// Who asks, when, and under which conditions.
#[derive(Clone)]
pub struct Request {
    /// Read once when the request came in.
    pub now: Instant,
    /// The verified caller.
    pub principal: Principal,
    /// The client's key for repetitions.
    pub idempotency: Option<Idempotency>,
    /// The revision that the state must still have.
    pub if_match: Option<u64>,
    /// The plan that must still hold.
    pub plan: Option<PlanHash>,
}

impl Request {
    /// A request without conditions.
    #[must_use]
    pub fn new(now: Instant, principal: Principal) -> Self {
        Self { now, principal, idempotency: None, if_match: None, plan: None }
    }

    pub(crate) fn context<'a>(&'a self, settings: &'a Settings) -> Context<'a> {
        Context { now: self.now, by: &self.principal.person, settings }
    }
}
