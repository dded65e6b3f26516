//! What only the local process has, under `/dev`: tokens for the people that it knows, the clock and the mailbox.

use std::{io, sync::Arc};

use axum::{
    Json, Router,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use chrono::TimeDelta;
use keyward_api::Problem;
use serde::Deserialize;
use serde_json::json;

use crate::{mailbox, people::Known, process::Process, server::problem_response};

/// How long a token holds.
const TOKEN_LIFE: TimeDelta = TimeDelta::hours(8);

/// The furthest that the clock is moved at once: ten years.
const FURTHEST_SECONDS: i64 = 10 * 366 * 86_400;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TokenRequest {
    r#as: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AdvanceRequest {
    seconds: i64,
}

type Shared = State<Arc<Process>>;

pub(crate) fn routes() -> Router<Arc<Process>> {
    Router::new()
        .route("/dev/token", post(token))
        .route("/dev/people", get(people).post(add_person))
        .route("/dev/clock", get(clock))
        .route("/dev/clock/advance", post(advance))
        .route("/dev/mailbox", get(mails))
        .route("/dev/mailbox/{name}", get(mail))
}

fn refused(process: &Process, problem: &Problem) -> Response {
    problem_response(problem, process.clock.now())
}

async fn token(
    State(process): Shared,
    body: Result<Json<TokenRequest>, axum::extract::rejection::JsonRejection>,
) -> Response {
    let Ok(Json(TokenRequest { r#as: name })) = body else {
        return refused(&process, &Problem::malformed_request("the body is {\"as\": \"name\"}"));
    };
    if !process.signs_in {
        let detail = "this process believes other issuers; sign in with keyward login --issuer URL --client-id ID";
        return refused(&process, &Problem::new("not_found", detail));
    }
    let Some(known) = process.people.find(&name) else {
        let names: Vec<String> = process.people.all().into_iter().map(|known| known.name).collect();
        let problem = Problem::new("not_found", format!("nobody goes by this name; known: {}", names.join(", ")));
        return refused(&process, &problem);
    };
    let (person, now) = (known.person(), process.clock.now());
    match process.issuer.issue(&person, now, TOKEN_LIFE) {
        Ok(token) => Json(json!({
            "token": token, "expiresAt": now + TOKEN_LIFE, "person": person.sub, "tenant": person.tid, "roles": person.roles,
        }))
        .into_response(),
        Err(_) => refused(&process, &Problem::internal()),
    }
}

async fn people(State(process): Shared) -> Response {
    Json(process.people.all()).into_response()
}

async fn add_person(
    State(process): Shared,
    body: Result<Json<Known>, axum::extract::rejection::JsonRejection>,
) -> Response {
    let Ok(Json(new)) = body else {
        let shape = "the body is {\"name\", \"person\"?, \"tenant\"?, \"roles\"}";
        return refused(&process, &Problem::malformed_request(shape));
    };
    match process.people.put(new.clone()) {
        Ok(()) => (StatusCode::CREATED, Json(new)).into_response(),
        Err(error) if error.kind() == io::ErrorKind::InvalidInput => {
            refused(&process, &Problem::malformed_request(error.to_string()))
        }
        Err(error) => {
            tracing::error!(%error, "the list of people can't be kept");
            refused(&process, &Problem::internal())
        }
    }
}

async fn clock(State(process): Shared) -> Response {
    let offset = process.clock.offset().num_seconds();
    Json(json!({ "now": process.clock.now(), "offsetSeconds": offset })).into_response()
}

#[cfg(feature = "movable-clock")]
async fn advance(
    State(process): Shared,
    body: Result<Json<AdvanceRequest>, axum::extract::rejection::JsonRejection>,
) -> Response {
    let Ok(Json(AdvanceRequest { seconds })) = body else {
        return refused(&process, &Problem::malformed_request("the body is {\"seconds\": whole seconds}"));
    };
    if !(0..=FURTHEST_SECONDS).contains(&seconds) {
        let detail = format!("the clock only moves forward, by {FURTHEST_SECONDS} seconds at most at once");
        return refused(&process, &Problem::malformed_request(detail));
    }
    match crate::schedule::advance(&process, TimeDelta::seconds(seconds)).await {
        Ok(ran) => {
            process.collect_mail().await;
            Json(json!({ "now": process.clock.now(), "ran": ran })).into_response()
        }
        Err(error) => {
            tracing::error!(%error, "the clock stopped on the way");
            refused(&process, &Problem::unavailable("the clock stopped on the way; see the log"))
        }
    }
}

#[cfg(not(feature = "movable-clock"))]
async fn advance(State(process): Shared) -> Response {
    refused(&process, &Problem::not_found())
}

async fn mails(State(process): Shared) -> Response {
    process.collect_mail().await;
    match mailbox::list(process.mailbox.dir()) {
        Ok(mails) => Json(mails).into_response(),
        Err(error) => {
            tracing::error!(%error, "the mailbox can't be read");
            refused(&process, &Problem::internal())
        }
    }
}

async fn mail(State(process): Shared, Path(name): Path<String>) -> Response {
    match mailbox::read(process.mailbox.dir(), &name) {
        Ok(text) => ([("content-type", "text/plain; charset=utf-8")], text).into_response(),
        Err(_) => refused(&process, &Problem::not_found()),
    }
}
