//! From an event of an HTTP API (payload format 2.0) to a request and from its answer back.

use std::collections::HashMap;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{Request, Response, Uri};
use keyward_adapters::http::{Gate, Handed, failure};
use keyward_api::{MAX_BODY_BYTES, Problem, percent_encoded};
use keyward_domain::{Instant, OperationName};
use lambda_http::aws_lambda_events::apigw::{ApiGatewayV2httpRequest, ApiGatewayV2httpResponse};
use lambda_http::aws_lambda_events::encodings::Body;
use serde_json::Value;

use crate::clock::Invocation;

/// A request as the gateway hands it over.
pub(crate) type Event = ApiGatewayV2httpRequest;

/// The stage whose name is not in paths.
const DEFAULT_STAGE: &str = "$default";

/// What is left of the time of an invocation for saying that it was not enough.
const TO_SAY_SO: Duration = Duration::from_secs(1);

/// Answers one event for this operation, before Lambda ends the function: then the caller would not learn whether to ask again.
pub(crate) async fn answer_in_time(
    gate: &Gate,
    operation: OperationName,
    event: Event,
    invocation: &Invocation,
) -> ApiGatewayV2httpResponse {
    let most = invocation.remaining().saturating_sub(TO_SAY_SO);
    within(most, invocation.now, answer(gate, operation, event, invocation.now)).await
}

/// The answer, or that there is none by then.
async fn within(
    most: Duration,
    now: Instant,
    answer: impl Future<Output = ApiGatewayV2httpResponse>,
) -> ApiGatewayV2httpResponse {
    tokio::time::timeout(most, answer).await.unwrap_or_else(|_| {
        tracing::error!("no answer in time");
        reply(failure(&Problem::unavailable("the answer took too long"), now))
    })
}

/// Answers one event for this operation.
async fn answer(gate: &Gate, operation: OperationName, event: Event, now: Instant) -> ApiGatewayV2httpResponse {
    let gateway_request_id = event.request_context.request_id.clone().unwrap_or_default();
    let response = match request(event) {
        Ok(request) => gate.answer_only(operation, request, now).await,
        Err(problem) => failure(&problem, now),
    };
    tracing::info!(status = response.status().as_u16(), gateway_request_id, "answered");
    reply(response)
}

/// The event as a request. The runtime's own conversion panics where a body or a host is malformed, and normalises the path.
fn request(event: Event) -> Result<Request<Vec<u8>>, Problem> {
    let uri = uri(&event)?;
    let body = body(event.body.unwrap_or_default(), event.is_base64_encoded)?;
    let mut request = Request::new(body);
    if let Some(handed) = event.request_context.authorizer.as_ref().and_then(|authorizer| handed(&authorizer.fields)) {
        request.extensions_mut().insert(handed);
    }
    *request.method_mut() = event.request_context.http.method;
    *request.uri_mut() = uri;
    *request.headers_mut() = event.headers;
    Ok(request)
}

/// What the API's Lambda authorizer told of the caller, where it told anything; other kinds of authorizer tell it elsewhere.
fn handed(told: &HashMap<String, Value>) -> Option<Handed> {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    (!told.is_empty())
        .then(|| Handed::from_texts(told.iter().map(|(name, value)| (name.clone(), text(value))).collect()))
}

fn uri(event: &Event) -> Result<Uri, Problem> {
    let raw = event.raw_path.as_deref().unwrap_or_default();
    let mut target = encoded(without_stage(raw, event.request_context.stage.as_deref()));
    if let Some(query) = event.raw_query_string.as_deref().filter(|query| !query.is_empty()) {
        target.push('?');
        target.push_str(query);
    }
    target.parse().map_err(|_| Problem::malformed_request("the path or the query can't stand in a URI"))
}

/// The path that the client sees below the stage. The gateway puts the name of every stage but `$default` before it.
fn without_stage<'a>(path: &'a str, stage: Option<&str>) -> &'a str {
    stage
        .filter(|stage| !stage.is_empty() && *stage != DEFAULT_STAGE)
        .and_then(|stage| path.strip_prefix('/')?.strip_prefix(stage))
        .filter(|rest| rest.starts_with('/'))
        .unwrap_or(path)
}

/// The gateway may have decoded the path: what can't stand in one is encoded again (RFC 3986, section 3.3). `%` stays as it is.
fn encoded(path: &str) -> String {
    percent_encoded(path, b"!$&'()*+,;=:@%/")
}

fn body(text: String, is_base64: bool) -> Result<Vec<u8>, Problem> {
    if !is_base64 {
        return Ok(text.into_bytes());
    }
    // Four characters are three bytes; one more block than fits is too long however it decodes.
    if text.len() / 4 > MAX_BODY_BYTES / 3 + 1 {
        return Err(Problem::body_too_large(MAX_BODY_BYTES));
    }
    STANDARD.decode(text).map_err(|_| Problem::malformed_request("the gateway's base64 of the body does not decode"))
}

/// An answer as the gateway takes it: text as it is, anything else in base64.
fn reply(response: Response<Vec<u8>>) -> ApiGatewayV2httpResponse {
    let (parts, body) = response.into_parts();
    let mut reply = ApiGatewayV2httpResponse::default();
    reply.status_code = i64::from(parts.status.as_u16());
    reply.headers = parts.headers;
    reply.body = match String::from_utf8(body) {
        Ok(text) if text.is_empty() => None,
        Ok(text) => Some(Body::Text(text)),
        Err(binary) => Some(Body::Binary(binary.into_bytes())),
    };
    reply.is_base64_encoded = matches!(reply.body, Some(Body::Binary(_)));
    reply
}

#[cfg(test)]
mod tests;
