//! Operations and the answers that start one.

use chrono::{DateTime, Utc};
use keyward_domain::{
    Event, Operation, OperationId, OperationKind, OperationStatus, PersonId, Settings, Stage, Tenant,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::KeyChangeView;
use crate::schema;

/// How far one stage of an operation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct StageView {
    /// The stage.
    #[schema(value_type = schema::Stage)]
    pub stage: Stage,
    /// How far it is.
    #[schema(value_type = schema::OperationStatus)]
    pub status: OperationStatus,
}

/// The record of a change that takes time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OperationView {
    /// Its identifier.
    #[schema(value_type = schema::OperationId)]
    pub id: OperationId,
    /// What it does.
    #[schema(value_type = schema::OperationKind)]
    pub kind: OperationKind,
    /// How far it is.
    #[schema(value_type = schema::OperationStatus)]
    pub status: OperationStatus,
    /// Its stages, in order.
    pub stages: Vec<StageView>,
    /// Environments it has changed.
    pub done: u64,
    /// Environments it had to change when it started.
    pub total: u64,
    /// When it was decided.
    pub started_at: DateTime<Utc>,
    /// Who asked for it.
    #[schema(value_type = schema::PersonId)]
    pub started_by: PersonId,
    /// When it last moved.
    pub updated_at: DateTime<Utc>,
}

impl From<&Operation> for OperationView {
    fn from(operation: &Operation) -> Self {
        Self {
            id: operation.id.clone(),
            kind: operation.kind,
            status: operation.status,
            stages: stages(operation),
            done: operation.done,
            total: operation.total,
            started_at: operation.started_at,
            started_by: operation.started_by.clone(),
            updated_at: operation.updated_at,
        }
    }
}

/// The stages before the current one are done, those after it have not begun.
fn stages(operation: &Operation) -> Vec<StageView> {
    let order = [Stage::Validate, Stage::Prepare, Stage::Run, Stage::Finalize];
    let current = order.iter().position(|stage| *stage == operation.stage).unwrap_or_default();
    let status = |index: usize| match index.cmp(&current) {
        _ if operation.status == OperationStatus::Succeeded => OperationStatus::Succeeded,
        std::cmp::Ordering::Less => OperationStatus::Succeeded,
        std::cmp::Ordering::Equal => operation.status,
        std::cmp::Ordering::Greater => OperationStatus::NotStarted,
    };
    order.into_iter().enumerate().map(|(index, stage)| StageView { stage, status: status(index) }).collect()
}

/// What activate-key did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ActivationOutcome {
    /// The active key became another one; an operation re-wraps the data keys.
    Changed,
    /// L4: the key that locked was presented again; environments can be unlocked.
    Reactivated,
    /// The key was active already.
    Unchanged,
}

/// The answer of activate-key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ActivationView {
    /// What it did.
    pub outcome: ActivationOutcome,
    /// The operation that re-wraps; only where the key changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<schema::OperationId>)]
    pub operation: Option<OperationId>,
    /// L2: when the tenant can be locked; only where the key changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lock_opens_at: Option<DateTime<Utc>>,
    /// K7: until when another administrator can roll the change back; only where the key changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rollback_until: Option<DateTime<Utc>>,
}

impl ActivationView {
    /// The answer for what was decided; `tenant` is its state afterwards.
    #[must_use]
    pub fn of(events: &[Event], tenant: &Tenant, settings: &Settings) -> Self {
        let unchanged =
            Self { outcome: ActivationOutcome::Unchanged, operation: None, lock_opens_at: None, rollback_until: None };
        for event in events {
            match event {
                Event::KeyActivated { operation, .. } => {
                    let change = tenant.last_change.as_ref().map(|change| KeyChangeView::new(change, settings));
                    return Self {
                        outcome: ActivationOutcome::Changed,
                        operation: Some(operation.clone()),
                        lock_opens_at: change.as_ref().map(|change| change.lock_opens_at),
                        rollback_until: change.and_then(|change| change.rollback_until),
                    };
                }
                Event::KeyReactivated { .. } => return Self { outcome: ActivationOutcome::Reactivated, ..unchanged },
                _ => {}
            }
        }
        unchanged
    }
}
