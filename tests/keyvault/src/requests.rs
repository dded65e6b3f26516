//! From a request to an answer.

use std::io;
use std::sync::{Arc, PoisonError};

use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::{AUTHORIZATION, HOST};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use serde_json::Value;

use crate::answers::Refusal;
use crate::faults::Effect;
use crate::server::{Shared, World};
use crate::{API_VERSION, LOGIN_HOST, VAULT_HOST, tokens};

/// Longest body that is read, in bytes.
const BODY_LIMIT: usize = 1024 * 1024;

/// A request that came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// The host that it was for, without the port.
    pub host: String,
    /// Its method.
    pub method: String,
    /// Its path, without the query.
    pub path: String,
    /// Whether a token came with it.
    pub with_token: bool,
    /// The status of the answer, also of one that was lost.
    pub status: u16,
}

struct Asked {
    seen: Seen,
    query: String,
    token: Option<String>,
    body: Bytes,
}

pub(crate) async fn answer(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let Some(mut asked) = read(request).await else { return StatusCode::PAYLOAD_TOO_LARGE.into_response() };
    let mut world = shared.world.lock().unwrap_or_else(PoisonError::into_inner);
    let effect = world.faults.next(&asked.seen.method, &asked.seen.path);
    let response = match &effect {
        Some(Effect::Throttled { retry_after }) => Refusal::throttled(*retry_after).into_response(),
        Some(Effect::Failed { status, message }) => Refusal::failed(*status, message).into_response(),
        Some(Effect::Flood) => Body::from(vec![b' '; BODY_LIMIT]).into_response(),
        Some(Effect::AnswerLost) | None => routed(&mut world, &asked),
    };
    asked.seen.status = response.status().as_u16();
    world.seen.push(asked.seen);
    if matches!(effect, Some(Effect::AnswerLost)) { lost(response) } else { response }
}

async fn read(request: Request) -> Option<Asked> {
    let (parts, body) = request.into_parts();
    let header = |name| parts.headers.get(name).and_then(|value| value.to_str().ok());
    let token = header(AUTHORIZATION).and_then(|value| value.strip_prefix("Bearer ")).map(str::to_owned);
    let host = header(HOST).unwrap_or_default().split(':').next().unwrap_or_default().to_owned();
    let seen = Seen {
        host,
        method: parts.method.to_string(),
        path: parts.uri.path().to_owned(),
        with_token: token.is_some(),
        status: 0,
    };
    let query = parts.uri.query().unwrap_or_default().to_owned();
    let body = axum::body::to_bytes(body, BODY_LIMIT).await.ok()?;
    Some(Asked { seen, query, token, body })
}

fn routed(world: &mut World, asked: &Asked) -> Response {
    let now = (world.settings.clock)();
    match asked.seen.host.as_str() {
        LOGIN_HOST if asked.seen.method == "POST" && asked.seen.path.ends_with("/oauth2/v2.0/token") => {
            world.tokens.give(&asked.body, world.settings.token_lifetime, now)
        }
        VAULT_HOST => granted(world, asked).unwrap_or_else(IntoResponse::into_response),
        _ => Refusal::no_such_address().into_response(),
    }
}

fn granted(world: &mut World, asked: &Asked) -> Result<Response, Refusal> {
    let now = (world.settings.clock)();
    if !asked.token.as_ref().is_some_and(|token| world.tokens.is_good(token, now)) {
        return Err(Refusal::unauthorized(tokens::challenge()));
    }
    if parameter(&asked.query, "api-version") != Some(API_VERSION) {
        return Err(Refusal::bad("The api-version is not supported."));
    }
    let body: Value = match &asked.body[..] {
        [] => Value::Null,
        body => serde_json::from_slice(body).map_err(|_| Refusal::bad("The body is no JSON."))?,
    };
    let (keys, settings) = (&mut world.keys, &world.settings);
    let path: Vec<&str> = asked.seen.path.split('/').skip(1).collect();
    match (asked.seen.method.as_str(), path.as_slice()) {
        ("POST", ["keys", name, "create"]) => keys.create(name, &body, settings, now),
        ("PUT", ["keys", name]) => keys.import(name, &body, settings, now),
        ("GET", ["keys", name, "versions"]) => {
            let after = parameter(&asked.query, "$skiptoken").or_else(|| parameter(&asked.query, "%24skiptoken"));
            let after = after.and_then(|after| after.parse().ok()).unwrap_or_default();
            Ok(keys.list_versions(name, after, settings))
        }
        ("GET", ["keys", name]) => keys.read(name, "", settings),
        ("GET", ["keys", name, version]) => keys.read(name, version, settings),
        ("PATCH", ["keys", name]) => keys.update(name, "", &body, settings, now),
        ("PATCH", ["keys", name, version]) => keys.update(name, version, &body, settings, now),
        ("POST", ["keys", name, version, operation]) => keys.operate(name, version, operation, &body, now),
        ("DELETE", ["keys", name]) => keys.delete(name, settings, now),
        ("GET", ["deletedkeys", name]) => keys.read_deleted(name, settings),
        ("DELETE", ["deletedkeys", name]) => keys.purge(name, settings),
        ("POST", ["deletedkeys", name, "recover"]) => keys.recover(name, settings),
        _ => Err(Refusal::no_such_address()),
    }
}

fn parameter<'a>(query: &'a str, name: &str) -> Option<&'a str> {
    query.split('&').filter_map(|pair| pair.split_once('=')).find(|(given, _)| *given == name).map(|(_, value)| value)
}

/// An answer that breaks off before its first byte: the server ends the connection.
fn lost(response: Response) -> Response {
    let broken = stream::once(async { Err::<Bytes, _>(io::Error::other("the connection breaks")) });
    let (parts, _) = response.into_parts();
    Response::builder().status(parts.status).body(Body::from_stream(broken)).unwrap_or_default()
}
