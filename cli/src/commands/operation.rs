//! `keyward operation`, and waiting for an operation to end.

use std::time::Duration;

use keyward_api::views::OperationView;
use keyward_domain::{OperationKind, OperationName, OperationStatus, Stage};

use crate::client::{Answer, Call, Session};
use crate::failure::{Exit, Failure};
use crate::grammar::{OperationCommand, Waiting};
use crate::output::{Clock, Sheet};

/// Shortest and longest pause between two looks.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// At the longest pause, that is about four hours.
const MOST_LOOKS: u32 = 3000;

/// Runs a command about operations.
pub(crate) fn run(session: &Session, command: &OperationCommand) -> Result<(), Failure> {
    let OperationCommand::Show { id, wait } = command;
    let answer = if *wait { ended(session, id.as_str())? } else { read(session, id.as_str())? };
    let operation: OperationView = answer.view()?;
    session.output().result(&answer.json()?, || operation_text(&operation, answer.clock()))?;
    if *wait { judge(&operation) } else { Ok(()) }
}

/// Stays until the operation that an answer started has ended, unless told not to.
pub(crate) fn wait(session: &Session, started: &Answer, waiting: Waiting) -> Result<(), Failure> {
    let Some(id) = started.operation() else { return Ok(()) };
    if waiting.no_wait {
        session.output().remark(&format!("Follow it: keyward operation show {id} --wait"));
        return Ok(());
    }
    let operation: OperationView = ended(session, &id)?.view()?;
    judge(&operation)?;
    let done = match operation.total {
        0 => String::new(),
        total => format!(", {} of {total} environments", operation.done),
    };
    session.output().remark(&format!("Operation {id}: succeeded{done}."));
    Ok(())
}

fn read(session: &Session, id: &str) -> Result<Answer, Failure> {
    session.call(&Call::of(session.tenant()?, OperationName::ReadOperation).with("operation", id))
}

fn ended(session: &Session, id: &str) -> Result<Answer, Failure> {
    let progress = session.output().progress();
    let mut pause = FIRST_PAUSE;
    for _ in 0..MOST_LOOKS {
        let answer = read(session, id)?;
        let operation: OperationView = answer.view()?;
        if matches!(operation.status, OperationStatus::Succeeded | OperationStatus::Failed) {
            return Ok(answer);
        }
        progress.at(kind_text(operation.kind), operation.done, operation.total);
        std::thread::sleep(pause);
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
    Err(Failure::new(Exit::TryLater, "operation_running", format!("operation {id} still runs"))
        .next(format!("Look again later: keyward operation show {id} --wait")))
}

fn judge(operation: &OperationView) -> Result<(), Failure> {
    if operation.status == OperationStatus::Failed {
        return Err(Failure::new(Exit::Refused, "operation_failed", format!("operation {} failed", operation.id))
            .next(format!("See what it had done: keyward operation show {}", operation.id)));
    }
    Ok(())
}

/// The operation for people.
pub(crate) fn operation_text(operation: &OperationView, clock: Clock) -> String {
    let mut sheet = Sheet::new()
        .fact("operation", &operation.id)
        .fact("kind", kind_text(operation.kind))
        .fact("status", status_text(operation.status))
        .fact("environments", format!("{} of {}", operation.done, operation.total))
        .fact("started", format!("{} by {}", clock.instant(operation.started_at), operation.started_by))
        .fact("last moved", clock.instant(operation.updated_at));
    for stage in &operation.stages {
        sheet = sheet.fact(stage_text(stage.stage), status_text(stage.status));
    }
    sheet.text()
}

fn kind_text(kind: OperationKind) -> &'static str {
    match kind {
        OperationKind::ChangeKey => "change key",
        OperationKind::RollBackKey => "roll back key",
        OperationKind::LockTenant => "lock tenant",
        OperationKind::DestroyKey => "destroy key",
    }
}

fn status_text(status: OperationStatus) -> &'static str {
    match status {
        OperationStatus::NotStarted => "not started",
        OperationStatus::Running => "running",
        OperationStatus::Succeeded => "succeeded",
        OperationStatus::Failed => "failed",
    }
}

fn stage_text(stage: Stage) -> &'static str {
    match stage {
        Stage::Validate => "stage Validate",
        Stage::Prepare => "stage Prepare",
        Stage::Run => "stage Run",
        Stage::Finalize => "stage Finalize",
    }
}
