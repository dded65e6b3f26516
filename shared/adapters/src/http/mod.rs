//! HTTP: decoding, the caller, repetitions, problems. The local server and the functions give their requests to one [`Gate`]; what an
//! operation does is the service's.

mod answers;
mod caller;
mod dispatch;
mod failures;
mod handed;
mod notices;
mod pages;

use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, header};
use keyward_api::{Found, MAX_BODY_BYTES, PathParameters, Problem, Route, find, problem};
use keyward_domain::{Instant, OperationId, OperationName, TenantId};
use keyward_service::{Answer, Idempotency, Keyward, Principal, ServiceError};

use crate::tokens::Verifier;

pub use handed::Handed;

/// Longest idempotency key.
const LONGEST_KEY: usize = 128;

/// A request whose route, caller and conditions are known.
pub(crate) struct Call {
    route: &'static Route,
    path: String,
    parameters: PathParameters,
    query: keyward_api::Query,
    body: Vec<u8>,
    request: keyward_service::Request,
}

/// What an operation answers.
pub(crate) struct Reply {
    status: u16,
    body: Vec<u8>,
    headers: Vec<(header::HeaderName, String)>,
}

impl Reply {
    fn new(answer: Answer) -> Self {
        Self { status: answer.status, body: answer.body.into_bytes(), headers: Vec::new() }
    }

    fn with(mut self, name: header::HeaderName, value: String) -> Self {
        self.headers.push((name, value));
        self
    }

    /// Says where the operation that was started is followed.
    fn following(self, tenant: &TenantId, operation: &OperationId) -> Self {
        let place = format!("/v1/tenants/{tenant}/operations/{operation}");
        self.with(header::HeaderName::from_static("operation-location"), place)
            .with(header::RETRY_AFTER, "1".to_owned())
    }
}

/// Everything between HTTP and the operations. Cheap to clone.
#[derive(Clone)]
pub struct Gate {
    keyward: Keyward,
    verifier: Arc<Verifier>,
}

impl Gate {
    /// A gate to these operations for bearers of tokens that this verifier believes.
    #[must_use]
    pub fn new(keyward: Keyward, verifier: Verifier) -> Self {
        Self { keyward, verifier: Arc::new(verifier) }
    }

    /// The operations behind the gate.
    #[must_use]
    pub fn keyward(&self) -> &Keyward {
        &self.keyward
    }

    /// Answers a request for any operation. `now` is read once, by the caller.
    pub async fn answer(&self, request: Request<Vec<u8>>, now: Instant) -> Response<Vec<u8>> {
        self.answer_where(request, now, |_| true).await
    }

    /// Answers a request for one operation; any other is not found. With a [`Handed`] among the request's extensions the caller has to be
    /// the one that it tells.
    pub async fn answer_only(
        &self,
        operation: OperationName,
        request: Request<Vec<u8>>,
        now: Instant,
    ) -> Response<Vec<u8>> {
        self.answer_where(request, now, |asked| asked == operation).await
    }

    async fn answer_where(
        &self,
        request: Request<Vec<u8>>,
        now: Instant,
        is_here: impl Fn(OperationName) -> bool + Send,
    ) -> Response<Vec<u8>> {
        let replied = match self.accept(request, now, is_here).await {
            Ok(call) => self.perform(&call).await,
            Err(problem) => Err(problem),
        };
        match replied {
            Ok(reply) => success(reply, now),
            Err(problem) => failure(&problem, now),
        }
    }

    /// Decodes the request up to its body and checks who calls.
    async fn accept(
        &self,
        request: Request<Vec<u8>>,
        now: Instant,
        is_here: impl Fn(OperationName) -> bool,
    ) -> Result<Call, Problem> {
        let (parts, body) = request.into_parts();
        let path = parts.uri.path().to_owned();
        let (route, parameters) = match find(parts.method.as_str(), &path) {
            Found::Route(route, parameters) if is_here(route.operation) => (route, parameters),
            Found::MethodNotAllowed(allowed) => return Err(Problem::method_not_allowed(&allowed)),
            _ => return Err(Problem::not_found()),
        };
        let principal = caller::principal(&self.verifier, &parts.headers, now).await?;
        if let Some(handed) = parts.extensions.get::<Handed>() {
            handed.check(&principal)?;
        }
        if body.len() > MAX_BODY_BYTES {
            return Err(Problem::body_too_large(MAX_BODY_BYTES));
        }
        let query_text = parts.uri.query().unwrap_or_default();
        let query = route.read_query(query_text)?;
        let mut request = keyward_service::Request::new(now, principal);
        request.if_match = if_match(&parts.headers)?;
        if !query.dry_run {
            request.idempotency = self.idempotency(route, &path, query_text, &parts.headers, &body)?;
        }
        Ok(Call { route, path, parameters, query, body, request })
    }

    /// The client's key for repetitions of this very request.
    fn idempotency(
        &self,
        route: &'static Route,
        path: &str,
        query: &str,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Result<Option<Idempotency>, Problem> {
        let Some(value) = headers.get("idempotency-key") else { return Ok(None) };
        let key = value.to_str().ok().filter(|key| (1..=LONGEST_KEY).contains(&key.len())).ok_or_else(|| {
            Problem::malformed_request(format!("Idempotency-Key is 1 to {LONGEST_KEY} visible ASCII characters"))
        })?;
        if !route.keeps_answer() {
            return Ok(None);
        }
        let mut text = format!("{}\n{path}\n{query}\n", route.method).into_bytes();
        text.extend_from_slice(body);
        let hash = digest(&SHA256, &text);
        let request_hash = hash.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        let (operation, settings) = (route.operation, self.keyward.clone());
        let encode = Arc::new(move |outcome: &keyward_service::Outcome| {
            answers::of_outcome(operation, outcome, settings.settings())
        });
        Ok(Some(Idempotency { key: key.to_owned(), request_hash, encode }))
    }

    /// Asks the operation, unless this very request was answered before.
    async fn perform(&self, call: &Call) -> Result<Reply, Problem> {
        if let Some(answer) = self.keyward.stored_answer(&call.request).await.map_err(|e| failures::problem(&e))? {
            return Ok(repeated(call, answer));
        }
        match self.dispatch(call).await {
            Err(failures::Failure::Service(ServiceError::AnsweredBefore)) => {
                match self.keyward.stored_answer(&call.request).await {
                    Ok(Some(answer)) => Ok(repeated(call, answer)),
                    Ok(None) => Err(Problem::unavailable("the request is being answered elsewhere")),
                    Err(error) => Err(failures::problem(&error)),
                }
            }
            Err(failure) => Err(failure.into_problem()),
            Ok(reply) => Ok(reply),
        }
    }

    /// The verified caller of a request, for routes beside the operations.
    ///
    /// # Errors
    /// The problem to answer with.
    pub async fn caller(&self, headers: &HeaderMap, now: Instant) -> Result<Principal, Problem> {
        caller::principal(&self.verifier, headers, now).await
    }
}

/// A stored answer. Where it started an operation, its place is said again: whoever lost the first answer follows it by this one.
fn repeated(call: &Call, answer: Answer) -> Reply {
    let started = (answer.status == 202).then(|| answers::started_operation(&answer.body)).flatten();
    let reply = Reply::new(answer);
    match (call.parameters.tenant(), started) {
        (Ok(tenant), Some(operation)) => reply.following(&tenant, &operation),
        _ => reply,
    }
}

fn if_match(headers: &HeaderMap) -> Result<Option<u64>, Problem> {
    let Some(value) = headers.get(header::IF_MATCH) else { return Ok(None) };
    let revision = value
        .to_str()
        .ok()
        .and_then(|text| text.strip_prefix('"')?.strip_suffix('"'))
        .and_then(|revision| revision.parse().ok());
    match revision {
        Some(revision) => Ok(Some(revision)),
        None => Err(Problem::malformed_request("If-Match takes one entity tag as an ETag header gave it")),
    }
}

fn success(reply: Reply, now: Instant) -> Response<Vec<u8>> {
    let mut response = base(reply.status, "application/json", reply.body, now);
    for (name, value) in reply.headers {
        if let Ok(value) = HeaderValue::from_str(&value) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

/// A problem as a response (RFC 9457).
#[must_use]
pub fn failure(problem: &Problem, now: Instant) -> Response<Vec<u8>> {
    let body = serde_json::to_vec(problem).unwrap_or_default();
    let mut response = base(problem.status, problem::MEDIA_TYPE, body, now);
    let headers = response.headers_mut();
    match problem.status {
        401 => {
            headers.insert(header::WWW_AUTHENTICATE, sign_in(problem));
        }
        405 => {
            let allowed = problem.detail.trim_start_matches("this path takes ");
            if let Ok(value) = HeaderValue::from_str(allowed) {
                headers.insert(header::ALLOW, value);
            }
        }
        429 | 503 => {
            let seconds = problem.retry_at.map_or(1, |at| (at - now).num_seconds().max(0) + 1);
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        _ => {}
    }
    response
}

/// How to sign in: anew where that was too long ago (RFC 9470).
fn sign_in(problem: &Problem) -> HeaderValue {
    let plain = HeaderValue::from_static("Bearer realm=\"keyward\"");
    let Some(seconds) = problem.facts.get("maxAgeSeconds").and_then(serde_json::Value::as_i64) else { return plain };
    let anew = format!("Bearer realm=\"keyward\", error=\"insufficient_user_authentication\", max_age=\"{seconds}\"");
    HeaderValue::from_str(&anew).unwrap_or(plain)
}

fn base(status: u16, media_type: &'static str, body: Vec<u8>, now: Instant) -> Response<Vec<u8>> {
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert("x-content-type-options", HeaderValue::from_static("nosniff"));
    if let Ok(date) = HeaderValue::from_str(&now.format("%a, %d %b %Y %H:%M:%S GMT").to_string()) {
        headers.insert(header::DATE, date);
    }
    response
}
