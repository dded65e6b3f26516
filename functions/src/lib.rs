//! What the Lambda functions share: configuration, logs, the clock, and the way from an event to an operation and back.
//!
//! There is one binary for every operation and every sweep, in `src/bin`; each only says which one it is. A function answers the route of its
//! own operation and no other, so that its role needs only what that operation needs.

mod assembly;
mod authorizing;
mod clock;
mod configuration;
mod delivering;
mod http_api;
mod logs;
mod metrics;
mod sweeping;
mod token_keys;

use std::process::ExitCode;

use keyward_adapters::http::Gate;
use keyward_domain::OperationName;
use keyward_service::{
    Keyward, MailEvent,
    sweeps::{Sweep, SweepReport, SweepRun},
};
use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde::de::IgnoredAny;
use serde_json::Value;
use tracing::Instrument;

use clock::Invocation;
use configuration::{Configuration, of_process};
use delivering::Asked;

/// Name of the authorizer.
const AUTHORIZE_REQUEST: &str = "authorize-request";

/// Answers requests for one operation until Lambda ends the process. An error at the start is logged and ends it.
#[must_use]
pub fn serve(operation: OperationName) -> ExitCode {
    run(operation.as_str(), serving(operation))
}

/// Runs one sweep at every invocation until Lambda ends the process. An error at the start is logged and ends it.
///
/// The event's content is not looked at: what is due stands in the table.
#[must_use]
pub fn run_sweep(sweep: Sweep) -> ExitCode {
    run(sweep.as_str(), sweeping(sweep))
}

/// Delivers notices until Lambda ends the process: those that are new in the table's stream, and at a schedule those that are due; and
/// records what SES reports of them. An error at the start is logged and ends it.
#[must_use]
pub fn deliver_notices() -> ExitCode {
    run(Sweep::DeliverNotices.as_str(), delivering())
}

/// Authorizes requests until Lambda ends the process. An error at the start is logged and ends it.
#[must_use]
pub fn authorize_requests() -> ExitCode {
    run(AUTHORIZE_REQUEST, authorizing())
}

fn run(function: &'static str, work: impl Future<Output = Result<(), Error>>) -> ExitCode {
    logs::start();
    // One thread: Lambda gives a function one request at a time.
    let ended = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(Error::from)
        .and_then(|runtime| runtime.block_on(work));
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(function, %error, "the function ends");
            ExitCode::FAILURE
        }
    }
}

async fn serving(operation: OperationName) -> Result<(), Error> {
    let configuration = Configuration::read(&of_process)?;
    let verifier = token_keys::read(&of_process)?;
    let gate = &Gate::new(assembly::keyward(configuration).await?, verifier);
    lambda_runtime::run(service_fn(|event: LambdaEvent<http_api::Event>| {
        let span = logs::span(operation.as_str(), &event.context.request_id);
        async move {
            let invocation = Invocation::begin(event.context.deadline())?;
            Ok::<_, Error>(http_api::answer_in_time(gate, operation, event.payload, &invocation).await)
        }
        .instrument(span)
    }))
    .await
}

async fn authorizing() -> Result<(), Error> {
    let verifier = &token_keys::read(&of_process)?;
    lambda_runtime::run(service_fn(|event: LambdaEvent<authorizing::Question>| {
        let span = logs::span(AUTHORIZE_REQUEST, &event.context.request_id);
        async move {
            let invocation = Invocation::begin(event.context.deadline())?;
            Ok::<_, Error>(authorizing::answer(verifier, &event.payload, invocation.now).await)
        }
        .instrument(span)
    }))
    .await
}

async fn sweeping(sweep: Sweep) -> Result<(), Error> {
    let keyward = &assembly::keyward(Configuration::read(&of_process)?).await?;
    lambda_runtime::run(service_fn(|event: LambdaEvent<IgnoredAny>| {
        let span = logs::span(sweep.as_str(), &event.context.request_id);
        async move {
            let invocation = Invocation::begin(event.context.deadline())?;
            let report = sweep_until_done(keyward, sweep, &invocation).await?;
            Ok::<_, Error>(report)
        }
        .instrument(span)
    }))
    .await
}

async fn sweep_until_done(keyward: &Keyward, sweep: Sweep, invocation: &Invocation) -> Result<SweepReport, Error> {
    let in_run = async |run: &SweepRun| keyward.sweep_in(run, sweep, invocation.now).await;
    let report = sweeping::until_done(in_run, || invocation.remaining()).await?;
    tracing::info!(?report, "swept");
    metrics::swept(sweep, &report, invocation.now);
    Ok(report)
}

async fn delivering() -> Result<(), Error> {
    let keyward = &assembly::keyward(Configuration::read(&of_process)?.with_mail(&of_process)?).await?;
    lambda_runtime::run(service_fn(|event: LambdaEvent<Value>| {
        let span = logs::span(Sweep::DeliverNotices.as_str(), &event.context.request_id);
        async move {
            let invocation = Invocation::begin(event.context.deadline())?;
            answer_delivery(keyward, event.payload, &invocation).await
        }
        .instrument(span)
    }))
    .await
}

async fn answer_delivery(keyward: &Keyward, event: Value, invocation: &Invocation) -> Result<Value, Error> {
    match Asked::read(event, invocation.now) {
        Asked::Stream(records) => {
            let deliver =
                async |tenant: &_, sequence| keyward.deliver_notice_now(tenant, sequence, invocation.now).await;
            Ok(serde_json::to_value(delivering::deliver(&records, deliver, || invocation.remaining()).await)?)
        }
        Asked::MailEvent(event) => {
            let is_known = keyward.record_mail_event(&event, invocation.now).await?;
            let MailEvent { tenant, sequence, recipient, kind, .. } = &event;
            tracing::warn!(%tenant, sequence, recipient, ?kind, is_known, "a message did not reach its recipient");
            Ok(Value::Null)
        }
        Asked::Sweep => {
            let report = sweep_until_done(keyward, Sweep::DeliverNotices, invocation).await?;
            Ok(serde_json::to_value(report)?)
        }
        Asked::Unknown { reason } => {
            // An error would only bring the same event again.
            tracing::error!(reason, "the event is not understood; nothing was done");
            Ok(Value::Null)
        }
    }
}
