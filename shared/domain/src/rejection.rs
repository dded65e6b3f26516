//! Why a rule says no. A rejection carries the facts that the caller needs for the next step and knows no HTTP.

use serde::{Deserialize, Serialize};

use crate::{ApprovalId, BackupId, EnvironmentId, Instant, KeyId, Region};

/// What still depends on a key (K8).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Dependents {
    /// Retained backups that are wrapped by it, the first hundred.
    pub backups: Vec<(EnvironmentId, BackupId)>,
    /// When the last of them is no longer retained.
    pub backups_until: Option<Instant>,
}

/// A rule's no.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the message of each variant says what it is, its fields are the facts in it")]
pub enum Rejection {
    #[error("there is no such tenant")]
    TenantNotFound,
    #[error("there is no such environment")]
    EnvironmentNotFound,
    #[error("there is no such key")]
    KeyNotFound,
    #[error("there is no such backup")]
    BackupNotFound,
    #[error("there is no such operation")]
    OperationNotFound,
    #[error("there is no such request for approval, or its time is over")]
    ApprovalNotFound,
    #[error("the caller is not on the tenant's list of administrators")]
    AdministratorNotListed,
    #[error("the caller has become an administrator of this tenant too recently; this is possible from {retry_at}")]
    AdministratorTooNew { retry_at: Instant },
    #[error("none of the administrators that the tenant has would be left")]
    LastAdministrator,
    #[error("the tenant can have {most} administrators, those that were removed lately included")]
    TooManyAdministrators { most: usize },
    #[error("a second administrator has to approve what is asked for, so the tenant needs at least {needed}")]
    TooFewAdministrators { needed: usize },
    #[error("nothing needs approval in this tenant")]
    QuorumNotRequired,
    #[error("{operation} needs no approval")]
    ApprovalNotNeeded { operation: String },
    #[error("{most} requests for approval by the same administrator are open")]
    TooManyApprovals { most: usize },
    #[error("the caller asked for this approval; another administrator has to give it")]
    ApprovalOfOwnRequest { approval: ApprovalId },
    #[error("the approval is for another plan")]
    ApprovalOfOtherPlan { approval: ApprovalId },
    #[error("a second administrator has to approve this")]
    ApprovalRequired { approval: Option<ApprovalId> },
    #[error("a tenant with this identifier is registered already")]
    TenantExists,
    #[error("an environment with this identifier is registered already")]
    EnvironmentExists,
    #[error("a backup with this identifier is registered already")]
    BackupExists,
    #[error("this key was added before, as {key}")]
    KeyExists { key: KeyId },
    #[error("the stated name is not the name of what would be changed")]
    NameNotConfirmed,
    #[error("the tenant has {seats} licensed seats and needs more than {needed_more_than}; ask {contact}")]
    TooFewSeats { seats: u32, needed_more_than: u32, contact: String },
    #[error("none of the tenant's regions has the feature enabled; ask {contact}")]
    RegionNotEnabled { regions: Vec<Region>, contact: String },
    #[error("the region {region} is not one of the tenant's regions")]
    RegionNotOfTenant { region: Region, regions: Vec<Region> },
    #[error("the tenant has opted in already")]
    AlreadyOptedIn,
    #[error("the tenant has not opted in")]
    NotOptedIn,
    #[error("keys of {bits} bits are not accepted here")]
    KeySizeNotAllowed { bits: u32, allowed: Vec<u32> },
    #[error("the tenant has {most} keys, the most that it can have")]
    TooManyKeys { most: usize },
    #[error("the key is destroyed")]
    KeyDestroyed,
    #[error("an operation of the tenant is running")]
    OperationRunning { operation: crate::OperationId },
    #[error("{locked} environments of the tenant are locked; unlock or delete them first")]
    EnvironmentsLocked { locked: u64 },
    #[error("only the key that locked can be presented while environments are locked")]
    WrongKey { key: KeyId },
    #[error("the tenant was rolled away from this key; it can't be activated before {retry_at}")]
    KeyBarred { retry_at: Instant },
    #[error("the key was changed at {changed_at}; it can be changed again from {retry_at}")]
    KeyChangeTooSoon { changed_at: Instant, retry_at: Instant },
    #[error("the private part of the key is not in the vault; present the key file again")]
    KeyFileRequired { key: KeyId },
    #[error("there is no key change to roll back")]
    NothingToRollBack,
    #[error("a rollback cannot be rolled back")]
    RollbackOfRollback,
    #[error("the key change could be rolled back until {until}")]
    RollbackClosed { until: Instant },
    #[error("the administrator who changed the key cannot roll it back; another one can until {until}")]
    SameAdministrator { until: Instant },
    #[error("the key is active")]
    KeyActive,
    #[error("the key is still needed")]
    KeyInUse { environments: u64, dependents: Dependents, retry_at: Option<Instant> },
    #[error("the tenant has no active key")]
    NoActiveKey,
    #[error("the tenant has no environments to lock")]
    NoEnvironments,
    #[error("the tenant is locked already")]
    AlreadyLocked { locked: u64 },
    #[error("locking opens at {retry_at}, 72 hours (or as this deployment sets it) after the last key change")]
    LockNotOpen { changed_at: Instant, retry_at: Instant },
    #[error("{open} locks still hold environments; unlock or delete those first")]
    TooManyOpenLocks { open: usize },
    #[error("possession of the active key is not proven")]
    PossessionNotProven,
    #[error("the environment was deleted")]
    EnvironmentDeleted { deleted_at: Instant },
    #[error("the environment is locked; it is deleted at {deletion_at} unless it is unlocked before")]
    EnvironmentLocked { locked_at: Instant, deletion_at: Instant },
    #[error("the environment is not locked")]
    NotLocked,
    #[error("the key that locked has not been presented again")]
    KeyNotPresented { key: KeyId },
    #[error("the environment is protected by the tenant's key already")]
    AlreadyProtected,
    #[error("the environment is not protected by the tenant's key")]
    NotProtected,
    #[error("the environment has {most} data key generations, the most that it can have")]
    TooManyGenerations { most: u32 },
    #[error("there is no data key generation {asked}; the newest is {newest}")]
    NoSuchGeneration { asked: u32, newest: u32 },
    #[error("the backup was retained until {until}")]
    BackupExpired { until: Instant },
    #[error("the retention ends before it begins or is longer than {most_days} days")]
    RetentionOutOfRange { most_days: i64 },
    #[error("the key {key} that wraps the data keys of this backup is gone")]
    KeyGone { key: KeyId },
    #[error("this is not due")]
    NotDue,
}

impl Rejection {
    /// The stable code of this rejection: what the API, the command and the documentation call it.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::TenantNotFound
            | Self::EnvironmentNotFound
            | Self::KeyNotFound
            | Self::BackupNotFound
            | Self::OperationNotFound
            | Self::ApprovalNotFound => "not_found",
            Self::AdministratorNotListed => "administrator_not_listed",
            Self::AdministratorTooNew { .. } => "administrator_too_new",
            Self::LastAdministrator => "last_administrator",
            Self::TooManyAdministrators { .. } => "too_many_administrators",
            Self::TooFewAdministrators { .. } => "too_few_administrators",
            Self::QuorumNotRequired => "quorum_not_required",
            Self::ApprovalNotNeeded { .. } => "approval_not_needed",
            Self::TooManyApprovals { .. } => "too_many_approvals",
            Self::ApprovalOfOwnRequest { .. } => "approval_of_own_request",
            Self::ApprovalOfOtherPlan { .. } => "approval_of_other_plan",
            Self::ApprovalRequired { .. } => "approval_required",
            Self::TenantExists => "tenant_exists",
            Self::EnvironmentExists => "environment_exists",
            Self::BackupExists => "backup_exists",
            Self::KeyExists { .. } => "key_exists",
            Self::NameNotConfirmed => "name_not_confirmed",
            Self::TooFewSeats { .. } => "too_few_seats",
            Self::RegionNotEnabled { .. } => "region_not_enabled",
            Self::RegionNotOfTenant { .. } => "region_not_of_tenant",
            Self::AlreadyOptedIn => "already_opted_in",
            Self::NotOptedIn => "not_opted_in",
            Self::KeySizeNotAllowed { .. } => "key_size_not_allowed",
            Self::TooManyKeys { .. } => "too_many_keys",
            Self::KeyDestroyed => "key_destroyed",
            Self::OperationRunning { .. } => "operation_running",
            Self::EnvironmentsLocked { .. } => "environments_locked",
            Self::WrongKey { .. } => "wrong_key",
            Self::KeyBarred { .. } => "key_barred",
            Self::KeyChangeTooSoon { .. } => "key_change_too_soon",
            Self::KeyFileRequired { .. } => "key_file_required",
            Self::NothingToRollBack => "nothing_to_roll_back",
            Self::RollbackOfRollback => "rollback_of_rollback",
            Self::RollbackClosed { .. } => "rollback_closed",
            Self::SameAdministrator { .. } => "same_administrator",
            Self::KeyActive => "key_active",
            Self::KeyInUse { .. } => "key_in_use",
            Self::NoActiveKey => "no_active_key",
            Self::NoEnvironments => "no_environments",
            Self::AlreadyLocked { .. } => "already_locked",
            Self::LockNotOpen { .. } => "lock_not_open",
            Self::TooManyOpenLocks { .. } => "too_many_open_locks",
            Self::PossessionNotProven => "possession_not_proven",
            Self::EnvironmentDeleted { .. } => "environment_deleted",
            Self::EnvironmentLocked { .. } => "environment_locked",
            Self::NotLocked => "not_locked",
            Self::KeyNotPresented { .. } => "key_not_presented",
            Self::AlreadyProtected => "already_protected",
            Self::NotProtected => "not_protected",
            Self::TooManyGenerations { .. } => "too_many_generations",
            Self::NoSuchGeneration { .. } => "no_such_generation",
            Self::BackupExpired { .. } => "backup_expired",
            Self::RetentionOutOfRange { .. } => "retention_out_of_range",
            Self::KeyGone { .. } => "key_gone",
            Self::NotDue => "not_due",
        }
    }

    /// The earliest instant at which the same request would not be refused for this reason, where time alone mends it.
    #[must_use]
    pub fn retry_at(&self) -> Option<Instant> {
        match self {
            Self::KeyBarred { retry_at }
            | Self::KeyChangeTooSoon { retry_at, .. }
            | Self::LockNotOpen { retry_at, .. }
            | Self::AdministratorTooNew { retry_at } => Some(*retry_at),
            Self::KeyInUse { retry_at, .. } => *retry_at,
            _ => None,
        }
    }
}
