//! What the Lambda functions share: configuration, logs, the clock, and the way from an event to an operation and back.
//!
//! There is one binary for every operation and every sweep, in `src/bin`; each only says which one it is. A function answers the route of its
//! own operation and no other, so that its role needs only what that operation needs.

mod assembly;
mod clock;
mod configuration;
mod http_api;
mod logs;
mod sweeping;
mod token_keys;

use std::process::ExitCode;

use keyward_adapters::http::Gate;
use keyward_domain::OperationName;
use keyward_service::sweeps::Sweep;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde::de::IgnoredAny;
use tracing::Instrument;

use clock::Invocation;
use configuration::{Configuration, of_process};

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
            Ok::<_, Error>(http_api::answer(gate, operation, event.payload, invocation.now).await)
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
            let report =
                sweeping::until_done(|| keyward.sweep(sweep, invocation.now), || invocation.remaining()).await?;
            tracing::info!(?report, "swept");
            Ok::<_, Error>(report)
        }
        .instrument(span)
    }))
    .await
}
