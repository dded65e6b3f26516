//! Environments and their backups, and how events change them.

use serde::{Deserialize, Serialize};

use crate::{BackupId, DeletionCause, EnvironmentId, Event, Instant, KeyId, Name, PersonId, Recorded, Region};

/// What an environment is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EnvironmentKind {
    /// The tenant's business runs on it; its name must be stated to revert or delete it (E4).
    Production,
    /// For tests and training.
    Sandbox,
    /// For a limited time.
    Trial,
    /// Belongs to a team of a collaboration product.
    Teams,
}

/// Who holds the key that wraps an environment's data keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ManagedBy {
    /// The provider's key.
    Provider,
    /// The tenant's active key.
    Tenant,
}

/// The key that wraps an environment's data keys. During a key change it may still be the former one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum WrappingKey {
    /// The provider's key.
    Provider,
    /// A protection key of the tenant.
    Protection {
        /// Which one.
        key: KeyId,
    },
}

/// Whether an environment still exists.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum EnvironmentStatus {
    /// It exists; whether it is locked is the tenant's to say.
    Present,
    /// It is gone, and its data keys are destroyed.
    Deleted {
        /// When.
        at: Instant,
        /// By request or by the deadline of a lock.
        cause: DeletionCause,
    },
}

/// One isolated instance of a tenant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Environment {
    /// Its identifier.
    pub id: EnvironmentId,
    /// Its name, typed to confirm what destroys.
    pub name: Name,
    /// What it is for.
    pub kind: EnvironmentKind,
    /// Where it is.
    pub region: Region,
    /// System administrators of this environment (A1).
    pub system_administrators: Vec<PersonId>,
    /// Workloads that may lease its data keys (A1).
    pub workloads: Vec<PersonId>,
    /// When it was registered.
    pub registered_at: Instant,
    /// Whether it still exists.
    pub status: EnvironmentStatus,
    /// Who holds the key above its data keys.
    pub managed_by: ManagedBy,
    /// The key above its data keys.
    pub wrapped_by: WrappingKey,
    /// Number of the newest data key generation; the older ones exist too.
    pub newest_generation: u32,
    /// The lock epoch of the tenant up to which it was unlocked: it is locked while the tenant's is greater.
    pub unlocked_epoch: u64,
}

impl Environment {
    /// Folds one event of this environment into its state.
    #[must_use]
    pub fn apply(environment: Option<Self>, recorded: &Recorded) -> Option<Self> {
        let Some(mut environment) = environment else {
            return match &recorded.event {
                Event::EnvironmentRegistered { environment, unlocked_epoch } => {
                    Some(environment.to_environment(recorded.at, *unlocked_epoch))
                }
                _ => None,
            };
        };
        if recorded.event.environment() == Some(&environment.id) {
            environment.fold(recorded);
        }
        Some(environment)
    }

    fn fold(&mut self, recorded: &Recorded) {
        match &recorded.event {
            Event::EnvironmentProtected { key, generation, .. } => {
                self.managed_by = ManagedBy::Tenant;
                self.wrapped_by = WrappingKey::Protection { key: key.clone() };
                self.newest_generation = *generation;
            }
            Event::EnvironmentReverted { generation, .. } => {
                self.managed_by = ManagedBy::Provider;
                self.wrapped_by = WrappingKey::Provider;
                self.newest_generation = *generation;
            }
            Event::EnvironmentRewrapped { to, .. } => {
                self.wrapped_by = WrappingKey::Protection { key: to.clone() };
            }
            Event::EnvironmentUnlocked { epoch, .. } => self.unlocked_epoch = *epoch,
            Event::EnvironmentDeleted { cause, .. } => {
                self.status = EnvironmentStatus::Deleted { at: recorded.at, cause: cause.clone() };
            }
            _ => {}
        }
    }

    /// Whether the environment has not been deleted.
    #[must_use]
    pub fn is_present(&self) -> bool {
        self.status == EnvironmentStatus::Present
    }
}

/// A backup of an environment. It keeps the wraps of the generations that it needs as they were when it was taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Backup {
    /// Its identifier.
    pub id: BackupId,
    /// When it was registered.
    pub taken_at: Instant,
    /// Until when the platform keeps it.
    pub retained_until: Instant,
    /// E3: the data key generations that its content needs: 1 up to this one.
    pub newest_generation: u32,
    /// The key that wraps them.
    pub wrapped_by: WrappingKey,
}
