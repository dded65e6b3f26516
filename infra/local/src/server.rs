//! The server: every route over the gate, and the local process's own.

use std::{io, sync::Arc, time::Duration};

use axum::{
    Router,
    body::{Body, Bytes, to_bytes},
    extract::{Request, State},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::get,
};
use keyward_adapters::http::failure;
use keyward_api::{MAX_BODY_BYTES, Problem};
use keyward_domain::Instant;
use tokio::net::TcpListener;

use crate::{development, process::Process, schedule};

/// How long a client may take to send a request's body.
const PATIENCE: Duration = Duration::from_secs(30);

/// A problem as axum answers it.
pub(crate) fn problem_response(problem: &Problem, now: Instant) -> Response {
    failure(problem, now).map(Body::from)
}

/// Serves until `stop` resolves; requests that are under way are answered.
///
/// # Errors
/// The address can't be listened on.
pub async fn serve(
    process: Arc<Process>,
    listener: TcpListener,
    stop: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let schedule = tokio::spawn(schedule::run(process.clone()));
    let served = axum::serve(listener, router(process)).with_graceful_shutdown(stop).await;
    schedule.abort();
    served
}

fn router(process: Arc<Process>) -> Router {
    Router::new()
        .route("/healthz", get(|| async { "ok" }))
        .merge(development::routes())
        .fallback(operation)
        .layer(middleware::from_fn_with_state(process.clone(), only_by_loopback_name))
        .with_state(process)
}

/// A page of some web site must not reach this process through the browser of the person who runs it: only requests to a loopback
/// name are answered, and none that says that it comes from another origin.
async fn only_by_loopback_name(State(process): State<Arc<Process>>, request: Request, next: Next) -> Response {
    let host = request.headers().get("host").and_then(|host| host.to_str().ok()).unwrap_or_default();
    let name = host
        .rsplit_once(':')
        .map_or(host, |(name, port)| if port.bytes().all(|byte| byte.is_ascii_digit()) { name } else { host });
    let is_loopback = ["localhost", "127.0.0.1", "[::1]"].contains(&name)
        || name.parse::<std::net::Ipv4Addr>().is_ok_and(|address| address.is_loopback());
    let origin = request.headers().get("origin").and_then(|origin| origin.to_str().ok());
    let own_origin = origin.is_none_or(|origin| origin.strip_prefix("http://") == Some(host));
    if is_loopback && own_origin {
        next.run(request).await
    } else {
        let detail = "this process answers requests to a loopback name only";
        problem_response(&Problem::forbidden(detail), process.clock.now())
    }
}

/// Any operation.
async fn operation(State(process): State<Arc<Process>>, request: Request) -> Response {
    let now = process.clock.now();
    let (parts, body) = request.into_parts();
    let method = parts.method.clone();
    let body = match tokio::time::timeout(PATIENCE, to_bytes(body, MAX_BODY_BYTES)).await {
        Ok(Ok(body)) => Bytes::into(body),
        Ok(Err(_)) => return problem_response(&Problem::body_too_large(MAX_BODY_BYTES), now),
        Err(_) => return problem_response(&Problem::malformed_request("the body did not come in time"), now),
    };
    let path = parts.uri.path().to_owned();
    let response = process.house.answer(http::Request::from_parts(parts, body), now).await;
    tracing::info!(%method, path, status = response.status().as_u16(), "answered");
    if response.status().is_success() {
        process.work.notify_one();
    }
    response.map(Body::from).into_response()
}
