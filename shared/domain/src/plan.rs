//! Plans: what a destructive operation would touch, before it does.

use serde::{Deserialize, Serialize};

use crate::{EnvironmentId, Instant, KeyId};

/// Hash over what a plan depends on, lowercase hex. Given with the destructive call, it is refused if the plan has changed since.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PlanHash(pub String);

/// What a destructive operation would touch if it were decided now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Plan {
    /// The operation, by its name.
    pub operation: String,
    /// The hash to give with the call.
    pub hash: PlanHash,
    /// Whether the rules would let it through now, the proof of possession aside; the code of the refusal otherwise.
    pub refused_with: Option<String>,
    /// The earliest instant at which time alone lifts that refusal.
    pub retry_at: Option<Instant>,
    /// How many environments it would touch.
    pub environments: u64,
    /// The first of them, by identifier.
    pub first_environments: Vec<EnvironmentId>,
    /// Keys whose private parts would be removed from the vault, or that would be destroyed.
    pub keys: Vec<KeyId>,
    /// Backups that could not be restored afterwards (while it lasts), counted among the first environments.
    pub backups: u64,
    /// When leases handed out before have all ended.
    pub leases_end_at: Option<Instant>,
    /// When what it locks would be deleted.
    pub deletion_at: Option<Instant>,
    /// Until when it can be undone; absent where it can't.
    pub undo_until: Option<Instant>,
    /// In plain words, what follows from it.
    pub effects: Vec<String>,
}
