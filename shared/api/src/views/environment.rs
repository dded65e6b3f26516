//! Environments, their backups and their leased data keys.

use chrono::{DateTime, Utc};
use keyward_domain::{
    Backup, BackupId, Environment, EnvironmentId, EnvironmentKind, EnvironmentStatus, ManagedBy, Name, PersonId,
    Region, Tenant, WrappingKey,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{SecretText, schema};

/// What can be done with an environment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum EnvironmentState {
    /// It exists and is not locked.
    Present,
    /// E2: it is locked.
    Locked,
    /// It was deleted, or the deadline of its lock has passed (L5).
    Deleted,
}

/// One isolated instance of a tenant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct EnvironmentView {
    /// Its identifier.
    #[schema(value_type = schema::EnvironmentId)]
    pub id: EnvironmentId,
    /// Its name, typed to confirm what destroys.
    #[schema(value_type = schema::Name)]
    pub name: Name,
    /// What it is for.
    #[schema(value_type = schema::EnvironmentKind)]
    pub kind: EnvironmentKind,
    /// Where it is.
    #[schema(value_type = schema::Region)]
    pub region: Region,
    /// What can be done with it now.
    pub state: EnvironmentState,
    /// When it was locked; only while it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locked_at: Option<DateTime<Utc>>,
    /// L5: when it is deleted unless it is unlocked before; only while it is locked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deletion_at: Option<DateTime<Utc>>,
    /// When it was deleted; from the deadline of its lock on, that deadline.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deleted_at: Option<DateTime<Utc>>,
    /// Who holds the key above its data keys.
    #[schema(value_type = schema::ManagedBy)]
    pub managed_by: ManagedBy,
    /// The key above its data keys; during a key change it may still be the former one.
    #[schema(value_type = schema::WrappingKey)]
    pub wrapped_by: WrappingKey,
    /// Number of the newest data key generation.
    pub newest_generation: u32,
    /// When it was registered.
    pub registered_at: DateTime<Utc>,
    /// System administrators of this environment (A1).
    #[schema(value_type = Vec<schema::PersonId>)]
    pub system_administrators: Vec<PersonId>,
    /// Workloads that may lease its data keys (A1).
    #[schema(value_type = Vec<schema::PersonId>)]
    pub workloads: Vec<PersonId>,
}

impl EnvironmentView {
    /// The environment of this tenant as it is at `now`.
    #[must_use]
    pub fn new(environment: &Environment, tenant: &Tenant, now: DateTime<Utc>) -> Self {
        let lock = tenant.lock_of(environment).filter(|_| environment.is_present());
        let held = lock.filter(|lock| now < lock.deletion_at);
        let deleted_at = match &environment.status {
            EnvironmentStatus::Deleted { at, .. } => Some(*at),
            EnvironmentStatus::Present => lock.map(|lock| lock.deletion_at).filter(|deadline| *deadline <= now),
        };
        let state = match (deleted_at, held) {
            (Some(_), _) => EnvironmentState::Deleted,
            (None, Some(_)) => EnvironmentState::Locked,
            (None, None) => EnvironmentState::Present,
        };
        Self {
            id: environment.id.clone(),
            name: environment.name.clone(),
            kind: environment.kind,
            region: environment.region.clone(),
            state,
            locked_at: held.map(|lock| lock.locked_at),
            deletion_at: held.map(|lock| lock.deletion_at),
            deleted_at,
            managed_by: environment.managed_by,
            wrapped_by: environment.wrapped_by.clone(),
            newest_generation: environment.newest_generation,
            registered_at: environment.registered_at,
            system_administrators: environment.system_administrators.clone(),
            workloads: environment.workloads.clone(),
        }
    }
}

/// A backup of an environment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct BackupView {
    /// Its identifier.
    #[schema(value_type = schema::BackupId)]
    pub id: BackupId,
    /// When it was registered.
    pub taken_at: DateTime<Utc>,
    /// Until when the platform keeps it.
    pub retained_until: DateTime<Utc>,
    /// E3: it needs the data key generations 1 up to this one.
    pub newest_generation: u32,
    /// The key that wraps them.
    #[schema(value_type = schema::WrappingKey)]
    pub wrapped_by: WrappingKey,
}

impl From<&Backup> for BackupView {
    fn from(backup: &Backup) -> Self {
        Self {
            id: backup.id.clone(),
            taken_at: backup.taken_at,
            retained_until: backup.retained_until,
            newest_generation: backup.newest_generation,
            wrapped_by: backup.wrapped_by.clone(),
        }
    }
}

/// L6: a data key, good until a stated instant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct LeasedDataKeyView {
    /// Whose it is.
    #[schema(value_type = schema::EnvironmentId)]
    pub environment: EnvironmentId,
    /// Its generation.
    pub generation: u32,
    /// The AES-256 key in base64 (standard alphabet, padded).
    pub data_key: SecretText,
    /// From this instant on it must not be used; lease it again.
    pub lease_ends_at: DateTime<Utc>,
}
