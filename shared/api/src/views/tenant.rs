//! A tenant.

use chrono::{DateTime, Utc};
use keyward_domain::{
    Administrator, ChangeKind, Context, KeyChange, KeyId, Lock, Name, OperationId, PersonId, Region, Role, Settings,
    Tenant, TenantId, rules::k7_rollback,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::NoticesView;
use crate::{requests::AdministratorRole, schema};

/// Somebody who administers a tenant and gets its notices.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AdministratorView {
    /// As the token names the person.
    #[schema(value_type = schema::PersonId)]
    pub person: PersonId,
    /// As others know the person.
    #[schema(value_type = schema::Name)]
    pub name: Name,
    /// Where notices go.
    pub email: String,
    /// Global or service administrator.
    #[schema(value_type = AdministratorRole)]
    pub role: Role,
    /// A6: came onto the list lately; can lock, roll back, destroy, delete and approve from then on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub new_until: Option<DateTime<Utc>>,
    /// A6: left the list lately, or stands on it with another address; gets the notices until then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub former_until: Option<DateTime<Utc>>,
}

impl AdministratorView {
    /// Those on the list, and those who left it lately.
    fn all(tenant: &Tenant, now: DateTime<Utc>) -> (Vec<Self>, Vec<Self>) {
        let listed = tenant.administrators.iter().map(|administrator| Self {
            new_until: tenant.new_until(&administrator.person, now),
            ..Self::from(administrator)
        });
        let former = tenant
            .lately_left(now)
            .map(|former| Self { former_until: Some(former.until), ..Self::from(&former.administrator) });
        (listed.collect(), former.collect())
    }
}

impl From<&Administrator> for AdministratorView {
    fn from(administrator: &Administrator) -> Self {
        Self {
            new_until: None,
            former_until: None,
            person: administrator.person.clone(),
            name: administrator.name.clone(),
            email: administrator.email.clone(),
            role: administrator.role,
        }
    }
}

/// The last time the active key became another one, and what follows from it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct KeyChangeView {
    /// When it was decided.
    pub changed_at: DateTime<Utc>,
    /// Who decided it.
    #[schema(value_type = schema::PersonId)]
    pub changed_by: PersonId,
    /// The active key before, if there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<schema::KeyId>)]
    pub from: Option<KeyId>,
    /// The active key since, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<schema::KeyId>)]
    pub to: Option<KeyId>,
    /// Activation or rollback.
    #[schema(value_type = schema::ChangeKind)]
    pub kind: ChangeKind,
    /// K7: until when another administrator can, or could, roll it back; absent for a rollback, which can't be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rollback_until: Option<DateTime<Utc>>,
    /// K5: from when on the key can be changed again.
    pub next_change_at: DateTime<Utc>,
    /// L2: from when on the tenant can be locked.
    pub lock_opens_at: DateTime<Utc>,
}

impl KeyChangeView {
    /// The change and the instants that the settings derive from it.
    #[must_use]
    pub fn new(change: &KeyChange, settings: &Settings) -> Self {
        let context = Context { now: change.changed_at, by: &change.changed_by, settings };
        let can_be_rolled_back = change.kind == ChangeKind::Activation;
        Self {
            changed_at: change.changed_at,
            changed_by: change.changed_by.clone(),
            from: change.from.clone(),
            to: change.to.clone(),
            kind: change.kind,
            rollback_until: can_be_rolled_back.then(|| k7_rollback::closes_at(change, &context)),
            next_change_at: change.changed_at + settings.key_change_interval.delta(),
            lock_opens_at: change.changed_at + settings.lock_opens_after.delta(),
        }
    }
}

/// One lock that still holds environments.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OpenLockView {
    /// Number of the lock, counted over the tenant's life.
    pub epoch: u64,
    /// When it was decided.
    pub locked_at: DateTime<Utc>,
    /// Who decided it.
    #[schema(value_type = schema::PersonId)]
    pub locked_by: PersonId,
    /// The only key that unlocks.
    #[schema(value_type = schema::KeyId)]
    pub key: KeyId,
    /// Environments that it still holds.
    pub remaining: u64,
    /// L5: from this instant on these are deleted.
    pub deletion_at: DateTime<Utc>,
}

impl From<&Lock> for OpenLockView {
    fn from(lock: &Lock) -> Self {
        Self {
            epoch: lock.epoch,
            locked_at: lock.locked_at,
            locked_by: lock.locked_by.clone(),
            key: lock.key.clone(),
            remaining: lock.remaining,
            deletion_at: lock.deletion_at,
        }
    }
}

/// One customer organisation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TenantView {
    /// Its identifier.
    #[schema(value_type = schema::TenantId)]
    pub id: TenantId,
    /// Its name, typed to confirm a lock.
    #[schema(value_type = schema::Name)]
    pub name: Name,
    /// Where it may have environments and keys.
    #[schema(value_type = Vec<schema::Region>)]
    pub regions: Vec<Region>,
    /// K1: licensed seats.
    pub licensed_seats: u32,
    /// Who administers it.
    pub administrators: Vec<AdministratorView>,
    /// A6: who left that list lately and still gets the notices.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub former_administrators: Vec<AdministratorView>,
    /// A7: a second administrator must approve what takes something away.
    #[serde(default)]
    pub quorum: bool,
    /// K1: when it opted in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opted_in_at: Option<DateTime<Utc>>,
    /// K4: the active key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<schema::KeyId>)]
    pub active_key: Option<KeyId>,
    /// The last key change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_change: Option<KeyChangeView>,
    /// L2: from when on the tenant can be locked; absent where the key was never changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lock_opens_at: Option<DateTime<Utc>>,
    /// Environments that are locked now.
    pub locked_environments: u64,
    /// L4: the key that locked has not been presented again since the last lock.
    pub key_awaited: bool,
    /// L4: which key that is; only while it is awaited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<schema::KeyId>)]
    pub key_to_present: Option<KeyId>,
    /// Locks that hold environments, oldest first.
    pub locks: Vec<OpenLockView>,
    /// Environments that are not deleted; those past the deadline of a lock count as deleted (L5).
    pub environments: u64,
    /// Environments managed by the tenant; one past the deadline of a lock is counted until its data keys are destroyed.
    pub protected_environments: u64,
    /// The operation that runs, if one does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<schema::OperationId>)]
    pub running_operation: Option<OperationId>,
    /// A3: whom the newest notices reached. Only where the tenant is read, and has had a notice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notices: Option<NoticesView>,
}

impl TenantView {
    /// The tenant as it is at `now`.
    #[must_use]
    pub fn new(tenant: &Tenant, now: DateTime<Utc>, settings: &Settings) -> Self {
        let (open, past): (Vec<&Lock>, Vec<&Lock>) = tenant.locks.iter().partition(|lock| now < lock.deletion_at);
        let past_deadline: u64 = past.iter().map(|lock| lock.remaining).sum();
        let (administrators, former_administrators) = AdministratorView::all(tenant, now);
        let last_change = tenant.last_change.as_ref().map(|change| KeyChangeView::new(change, settings));
        Self {
            id: tenant.id.clone(),
            name: tenant.name.clone(),
            regions: tenant.regions.clone(),
            licensed_seats: tenant.licensed_seats,
            administrators,
            former_administrators,
            quorum: tenant.quorum,
            opted_in_at: tenant.opted_in_at,
            active_key: tenant.active_key.clone(),
            lock_opens_at: last_change.as_ref().map(|change| change.lock_opens_at),
            last_change,
            locked_environments: tenant.locked_environments(now),
            key_awaited: tenant.key_awaited,
            key_to_present: tenant.active_key.clone().filter(|_| tenant.key_awaited),
            locks: open.into_iter().map(Into::into).collect(),
            environments: tenant.environments.saturating_sub(past_deadline),
            protected_environments: tenant.protected_environments,
            running_operation: tenant.operation.clone(),
            notices: None,
        }
    }
}
