//! Plans.

use chrono::{DateTime, Utc};
use keyward_domain::{EnvironmentId, KeyId, Plan, PlanHash};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::schema;

/// What a destructive operation would touch if it were asked for now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PlanView {
    /// The operation, by its name.
    pub operation: String,
    /// The hash to give with the call.
    #[schema(value_type = schema::PlanHash)]
    pub hash: PlanHash,
    /// The code with which the rules would refuse it now, the proof of possession aside.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused_with: Option<String>,
    /// The earliest instant at which time alone lifts that refusal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_at: Option<DateTime<Utc>>,
    /// How many environments it would touch.
    pub environments: u64,
    /// The first of them, by identifier.
    #[schema(value_type = Vec<schema::EnvironmentId>)]
    pub first_environments: Vec<EnvironmentId>,
    /// Keys whose private parts would be removed from the vault, or that would be destroyed.
    #[schema(value_type = Vec<schema::KeyId>)]
    pub keys: Vec<KeyId>,
    /// Backups that could not be restored afterwards (while it lasts), counted among the first environments.
    pub backups: u64,
    /// When leases handed out before have all ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub leases_end_at: Option<DateTime<Utc>>,
    /// When what it locks would be deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deletion_at: Option<DateTime<Utc>>,
    /// Until when it can be undone; absent where it can't.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undo_until: Option<DateTime<Utc>>,
    /// In plain words, what follows from it.
    pub effects: Vec<String>,
}

impl From<Plan> for PlanView {
    fn from(plan: Plan) -> Self {
        Self {
            operation: plan.operation,
            hash: plan.hash,
            refused_with: plan.refused_with,
            retry_at: plan.retry_at,
            environments: plan.environments,
            first_environments: plan.first_environments,
            keys: plan.keys,
            backups: plan.backups,
            leases_end_at: plan.leases_end_at,
            deletion_at: plan.deletion_at,
            undo_until: plan.undo_until,
            effects: plan.effects,
        }
    }
}
