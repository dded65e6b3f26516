//! Locking a tenant.

use chrono::{DateTime, Utc};
use keyward_domain::{Event, KeyId, OperationId, Recorded};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::schema;

/// A lock that was just decided.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct LockView {
    /// When it was decided. From here on no data key is handed out.
    pub locked_at: DateTime<Utc>,
    /// How many environments it locked; those that were locked before keep their own clock.
    pub environments: u64,
    /// L6: when the last data key handed out before has ended.
    pub leases_end_at: DateTime<Utc>,
    /// L5: when what is still locked is deleted.
    pub deletion_at: DateTime<Utc>,
    /// L4: the key to present again before any environment is unlocked.
    #[schema(value_type = schema::KeyId)]
    pub key_to_present: KeyId,
    /// The operation that removes the private parts of the keys from the vault.
    #[schema(value_type = schema::OperationId)]
    pub operation: OperationId,
}

impl LockView {
    /// The view of a recorded lock; nothing for any other event.
    #[must_use]
    pub fn of(recorded: &Recorded) -> Option<Self> {
        let Event::TenantLocked { key, locked, deletion_at, leases_end_at, operation, .. } = &recorded.event else {
            return None;
        };
        Some(Self {
            locked_at: recorded.at,
            environments: *locked,
            leases_end_at: *leases_end_at,
            deletion_at: *deletion_at,
            key_to_present: key.clone(),
            operation: operation.clone(),
        })
    }
}

/// L1: something to sign with the active key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChallengeView {
    /// The challenge, to be given back with the answer.
    pub challenge: String,
    /// The bytes to sign, in base64 (standard alphabet, padded), with RSA-PSS, SHA-256 and a salt of 32 bytes.
    pub message: String,
    /// The key to sign with.
    #[schema(value_type = schema::KeyId)]
    pub key: KeyId,
    /// From this instant on an answer is refused.
    pub expires_at: DateTime<Utc>,
}
