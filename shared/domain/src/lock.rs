//! Locks of a tenant.

use serde::{Deserialize, Serialize};

use crate::{Instant, KeyId, PersonId};

/// One lock that still holds environments. Each has its own clock: a later lock neither shortens nor extends it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Lock {
    /// Number of the lock, counted over the tenant's life. An environment is held by the first open lock whose epoch is
    /// greater than the one up to which it was unlocked.
    pub epoch: u64,
    /// When it was decided.
    pub locked_at: Instant,
    /// Who decided it.
    pub locked_by: PersonId,
    /// The key whose possession was proven; the only one that unlocks.
    pub key: KeyId,
    /// Environments that it still holds.
    pub remaining: u64,
    /// L5: from this instant on its environments are deleted.
    pub deletion_at: Instant,
}
