//! What is stored, as JSON. The states of the domain are kept as they are; material that no event may hold is kept apart.

use keyward_domain::{
    Backup, EnvironmentId, Fingerprint, Instant, KeyId, Operation, PersonId, Recorded, Tenant, TenantId, WrappingKey,
};
use serde::{Deserialize, Serialize};

/// Where a hash chain ends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ChainHead {
    /// Number of the last entry; 0 before the first.
    pub(crate) sequence: u64,
    /// Its hash.
    pub(crate) hash: String,
}

impl Default for ChainHead {
    fn default() -> Self {
        Self { sequence: 0, hash: keyward_domain::chain::GENESIS.to_owned() }
    }
}

/// The tenant with the head of its audit log: whoever changes the one moves the other.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct TenantDocument {
    pub(crate) tenant: Tenant,
    pub(crate) audit: ChainHead,
}

/// One wrapped data key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct WrappedDataKey {
    /// Number of the generation, from 1.
    pub(crate) generation: u32,
    /// The wrap in base64.
    pub(crate) wrapped: String,
}

/// All generations of an environment's data key, wrapped by one key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct DataKeysDocument {
    pub(crate) wrapped_by: WrappingKey,
    pub(crate) generations: Vec<WrappedDataKey>,
}

/// A backup with the wraps of the generations that it needs.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct BackupDocument {
    pub(crate) backup: Backup,
    pub(crate) data_keys: DataKeysDocument,
}

/// Marker of a backup that a protection key wraps.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct WrappedBackupDocument {
    pub(crate) environment: keyward_domain::EnvironmentId,
    pub(crate) backup: keyward_domain::BackupId,
    pub(crate) retained_until: Instant,
}

/// An operation with what it needs to go on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct OperationDocument {
    pub(crate) tenant: TenantId,
    pub(crate) operation: Operation,
    /// The last environment that was looked at.
    pub(crate) cursor: Option<String>,
    /// Names of private keys that are to be removed from the vault.
    pub(crate) remove: Vec<String>,
    /// How often it failed in a row.
    pub(crate) failures: u32,
}

/// One entry of a hash chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct AuditDocument {
    pub(crate) sequence: u64,
    #[serde(flatten)]
    pub(crate) recorded: Recorded,
    pub(crate) previous: String,
    pub(crate) hash: String,
}

/// The head of an environment's lease log.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct LeaseHeadDocument {
    pub(crate) leases: ChainHead,
}

/// L6: what leases of some of the tenant's environments hold, so that none is committed after a lock. A lock, a reactivation and a key
/// change move all fences of the tenant in their transaction.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct FenceDocument {
    /// The tenant's fence.
    pub(crate) fence: u64,
    /// No lease that held this one ends later.
    pub(crate) until: Option<Instant>,
}

/// What becomes due.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "timer", rename_all = "snake_case")]
pub(crate) enum TimerDocument {
    /// L2: locking opens.
    LockOpens { tenant: TenantId },
    /// L5: administrators are reminded, that many days before the deletion.
    Reminder { tenant: TenantId, epoch: u64, days: u32 },
    /// L5: what the lock still holds is deleted.
    Deletion { tenant: TenantId, epoch: u64 },
    /// L5, E4: the backups of an environment that was deleted are destroyed.
    Backups { tenant: TenantId, environment: EnvironmentId },
}

/// A private key that is on its way into the vault.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct VaultEntryDocument {
    pub(crate) tenant: TenantId,
    pub(crate) vault_key: String,
    /// Given up: whoever finds it removes the private key.
    pub(crate) cancelled: bool,
}

/// A nonce that is to be signed (L1).
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct ChallengeDocument {
    pub(crate) key: KeyId,
    pub(crate) fingerprint: Fingerprint,
    pub(crate) purpose: String,
    pub(crate) person: PersonId,
    pub(crate) expires_at: Instant,
}

/// A stored answer, given again when the request is repeated.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// The body as JSON text; without what is handed out only once.
    pub body: String,
}

/// An answer with the request that it belongs to.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct AnswerDocument {
    pub(crate) request_hash: String,
    pub(crate) answer: Answer,
    /// The table removes it some time after that; where it is not said, it is good for as long as it is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) expires_at: Option<Instant>,
}

impl AnswerDocument {
    pub(crate) fn is_good(&self, now: Instant) -> bool {
        self.expires_at.is_none_or(|expires_at| now < expires_at)
    }
}
