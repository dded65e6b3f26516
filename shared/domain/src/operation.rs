//! Operations: the record of a change that takes time.

use serde::{Deserialize, Serialize};

use crate::{Event, Instant, OperationId, PersonId, Recorded};

/// What an operation does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OperationKind {
    /// Re-wraps the data keys under the new active key.
    ChangeKey,
    /// Puts the former key, or the provider's, back.
    RollBackKey,
    /// Removes the private parts of all keys from the vault after a lock.
    LockTenant,
    /// Removes the private part of a destroyed key.
    DestroyKey,
}

/// How far an operation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OperationStatus {
    /// Recorded, nothing done yet.
    NotStarted,
    /// Under way; it resumes by itself after a crash.
    Running,
    /// Done.
    Succeeded,
    /// Ended without having done it.
    Failed,
}

/// The step of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// The request was checked.
    Validate,
    /// What is needed was recorded.
    Prepare,
    /// The work itself.
    Run,
    /// What is no longer needed is removed.
    Finalize,
}

/// The record of a change that takes time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Operation {
    /// Its identifier.
    pub id: OperationId,
    /// What it does.
    pub kind: OperationKind,
    /// How far it is.
    pub status: OperationStatus,
    /// The step it is at.
    pub stage: Stage,
    /// Environments it had to change when it started.
    pub total: u64,
    /// Environments it has changed.
    pub done: u64,
    /// When it was decided.
    pub started_at: Instant,
    /// Who asked for it.
    pub started_by: PersonId,
    /// When it last moved.
    pub updated_at: Instant,
}

impl Operation {
    /// Folds one event of the tenant's log into the operation that it names.
    #[must_use]
    pub fn apply(operation: Option<Self>, recorded: &Recorded) -> Option<Self> {
        let Some(mut operation) = operation else { return Self::started(recorded) };
        if recorded.event.operation() == Some(&operation.id) {
            operation.updated_at = recorded.at;
            match &recorded.event {
                Event::EnvironmentRewrapped { .. } | Event::EnvironmentReverted { .. } => {
                    operation.done += 1;
                    operation.status = OperationStatus::Running;
                }
                Event::OperationFinished { .. } => {
                    operation.stage = Stage::Finalize;
                    operation.status = OperationStatus::Succeeded;
                }
                _ => {}
            }
        }
        Some(operation)
    }

    fn started(recorded: &Recorded) -> Option<Self> {
        let (kind, stage, total) = match &recorded.event {
            Event::KeyActivated { environments, .. } => (OperationKind::ChangeKey, Stage::Run, *environments),
            Event::KeyRolledBack { environments, .. } => (OperationKind::RollBackKey, Stage::Run, *environments),
            Event::TenantLocked { .. } => (OperationKind::LockTenant, Stage::Finalize, 0),
            Event::KeyDestroyed { .. } => (OperationKind::DestroyKey, Stage::Finalize, 0),
            _ => return None,
        };
        Some(Self {
            id: recorded.event.operation()?.clone(),
            kind,
            status: OperationStatus::Running,
            stage,
            total,
            done: 0,
            started_at: recorded.at,
            started_by: recorded.by.clone(),
            updated_at: recorded.at,
        })
    }
}
