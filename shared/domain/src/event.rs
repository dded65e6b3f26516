//! What has happened: the one vocabulary of the state, the audit log, the notices and the tests.

use serde::{Deserialize, Serialize};

use crate::{
    Administrator, ApprovalId, Approved, BackupId, EnvironmentId, Instant, KeyId, ManagedBy, NewTenant, OperationId,
    PersonId, WrappingKey,
    command::{NewEnvironment, NewKey},
};

/// Why an environment was deleted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "cause", rename_all = "snake_case")]
pub enum DeletionCause {
    /// An administrator asked for it.
    Requested,
    /// It was still locked at the deadline (L5).
    StillLocked {
        /// The lock that held it.
        epoch: u64,
    },
}

/// An event with its place in the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recorded {
    /// When it was decided.
    pub at: Instant,
    /// Who asked for it, or the sweep that realised it.
    pub by: PersonId,
    /// What happened.
    pub event: Event,
}

/// What happened. No event holds key material, not even wrapped: the log outlives the data keys.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", rename_all_fields = "camelCase")]
#[expect(missing_docs, reason = "the fields are the words of the domain, documented at the states that they change")]
pub enum Event {
    /// The provider registered the tenant.
    TenantRegistered { tenant: NewTenant },
    /// K1.
    TenantOptedIn,
    /// A6. `added` may lock, roll back, destroy, delete and approve from `settled_at` on; until then `removed` get notices and may roll back.
    AdministratorsSet {
        administrators: Vec<Administrator>,
        added: Vec<PersonId>,
        removed: Vec<Administrator>,
        settled_at: Instant,
    },
    /// A7: whether a second administrator must approve.
    QuorumSet { required: bool },
    /// A7.
    ApprovalRequested { approval: ApprovalId, approved: Approved, expires_at: Instant },
    /// A7.
    ApprovalGiven { approval: ApprovalId, approved: Approved, requested_by: PersonId },
    /// A7: what it was for was decided together with this.
    ApprovalUsed { approval: ApprovalId, given_by: PersonId },
    /// K2: generated, uploaded or imported.
    KeyAdded { key: NewKey },
    /// The private part of a key that a lock had removed is in the vault again.
    KeyPresented { key: KeyId, vault_key: String },
    /// A key change by activation; its operation re-wraps `environments` environments.
    KeyActivated { key: KeyId, from: Option<KeyId>, operation: OperationId, environments: u64 },
    /// K7. `to` is absent where the provider's key is back.
    KeyRolledBack { away: KeyId, to: Option<KeyId>, operation: OperationId, environments: u64, barred_until: Instant },
    /// L4: the key that locked was presented again; not a key change.
    KeyReactivated { key: KeyId },
    /// K8.
    KeyDestroyed { key: KeyId, operation: OperationId },
    /// Since this event the tenant can be locked (L2); realised by the sweep.
    LockOpened { changed_at: Instant },
    /// L3. `locked` counts the environments that this lock holds.
    TenantLocked {
        epoch: u64,
        key: KeyId,
        locked: u64,
        already_locked: u64,
        deletion_at: Instant,
        leases_end_at: Instant,
        operation: OperationId,
    },
    /// L5: the administrators were reminded.
    DeletionReminded { epoch: u64, days: u32, deletion_at: Instant, remaining: u64 },
    /// An operation did all it had to do.
    OperationFinished { operation: OperationId },
    /// The provider registered the environment.
    EnvironmentRegistered { environment: NewEnvironment, unlocked_epoch: u64 },
    /// E1: generation `generation` was minted, the older ones re-wrapped.
    EnvironmentProtected { environment: EnvironmentId, key: KeyId, generation: u32 },
    /// E1, or K7 where there was no former key.
    EnvironmentReverted { environment: EnvironmentId, from: KeyId, generation: u32, operation: Option<OperationId> },
    /// K6: the data keys of the environment were re-wrapped.
    EnvironmentRewrapped { environment: EnvironmentId, from: KeyId, to: KeyId, operation: OperationId },
    /// L4. `held_by` is the lock that held it, `epoch` the one up to which it is unlocked.
    EnvironmentUnlocked { environment: EnvironmentId, held_by: u64, epoch: u64 },
    /// E4, L5: the data keys are destroyed.
    EnvironmentDeleted {
        environment: EnvironmentId,
        managed_by: ManagedBy,
        wrapped_by: WrappingKey,
        held_by: Option<u64>,
        #[serde(flatten)]
        cause: DeletionCause,
    },
    /// E3.
    BackupRegistered {
        environment: EnvironmentId,
        backup: BackupId,
        retained_until: Instant,
        newest_generation: u32,
        wrapped_by: WrappingKey,
    },
    /// E3.
    BackupRestored { environment: EnvironmentId, backup: BackupId },
    /// L6: a data key was handed out until `until`. Kept in the lease log of the environment.
    DataKeyLeased { environment: EnvironmentId, generation: u32, until: Instant },
    /// A3: somebody tried to lock and could not prove possession of the active key.
    PossessionNotProven { operation: String, code: String },
    /// A4: a destructive request was refused.
    RequestRefused {
        operation: String,
        environment: Option<EnvironmentId>,
        key: Option<KeyId>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        approval: Option<ApprovalId>,
        code: String,
        /// Further refusals of this person are not logged until then: so many in a short time would keep others from their work.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        not_logged_until: Option<Instant>,
    },
}

impl Event {
    /// The environment that the event is about.
    #[must_use]
    pub fn environment(&self) -> Option<&EnvironmentId> {
        match self {
            Self::EnvironmentRegistered { environment, .. } => Some(&environment.id),
            Self::EnvironmentProtected { environment, .. }
            | Self::EnvironmentReverted { environment, .. }
            | Self::EnvironmentRewrapped { environment, .. }
            | Self::EnvironmentUnlocked { environment, .. }
            | Self::EnvironmentDeleted { environment, .. }
            | Self::BackupRegistered { environment, .. }
            | Self::BackupRestored { environment, .. }
            | Self::DataKeyLeased { environment, .. } => Some(environment),
            Self::RequestRefused { environment, .. } => environment.as_ref(),
            _ => None,
        }
    }

    /// The operation that the event starts, advances or ends.
    #[must_use]
    pub fn operation(&self) -> Option<&OperationId> {
        match self {
            Self::KeyActivated { operation, .. }
            | Self::KeyRolledBack { operation, .. }
            | Self::KeyDestroyed { operation, .. }
            | Self::TenantLocked { operation, .. }
            | Self::OperationFinished { operation }
            | Self::EnvironmentRewrapped { operation, .. } => Some(operation),
            Self::EnvironmentReverted { operation, .. } => operation.as_ref(),
            _ => None,
        }
    }
}
