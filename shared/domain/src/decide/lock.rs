//! Locking, unlocking and what time does to a lock.

use crate::{
    Context, DeletionCause, Environment, Event, Fingerprint, Instant, Name, OperationId, OperationName, PlanHash,
    Rejection, Tenant,
    decide::{environments::deleted, people::approved},
    rules::{
        a6_administrators, e2_barred, k5_change, l1_possession, l2_opens, l3_lock, l4_unlock, l5_deletion, l6_lease,
    },
};

/// What a request to lock brings with it.
pub(super) struct Stated<'a> {
    pub(super) name: &'a Name,
    pub(super) possessed: Option<&'a Fingerprint>,
    pub(super) leases_until: Option<Instant>,
}

pub(super) fn lock(
    tenant: &Tenant,
    stated: &Stated<'_>,
    operation: &OperationId,
    plan: Option<&PlanHash>,
    context: &Context<'_>,
) -> Result<Vec<Event>, Rejection> {
    a6_administrators::is_listed(tenant, context)?;
    let key = l1_possession::active_key(tenant)?;
    l1_possession::is_name_stated(tenant, stated.name)?;
    l3_lock::has_effect(tenant, context)?;
    l3_lock::has_room(tenant, context)?;
    a6_administrators::is_settled(tenant, context)?;
    l2_opens::is_open(tenant, context)?;
    k5_change::no_operation_runs(tenant)?;
    let used = approved(tenant, OperationName::LockTenant, (None, None), plan, context)?;
    l1_possession::is_possessed(key, stated.possessed)?;
    let held: u64 = tenant.locks.iter().map(|lock| lock.remaining).sum();
    let locked = Event::TenantLocked {
        epoch: tenant.lock_epoch + 1,
        key: key.id.clone(),
        locked: tenant.environments.saturating_sub(held),
        already_locked: tenant.locked_environments(context.now),
        deletion_at: context.now + context.settings.deletion_after.delta(),
        leases_end_at: l6_lease::all_end_at(stated.leases_until, context),
        operation: operation.clone(),
    };
    Ok([locked].into_iter().chain(used).collect())
}

pub(super) fn open(tenant: &Tenant, context: &Context<'_>) -> Result<Vec<Event>, Rejection> {
    let change = tenant.last_change.as_ref().ok_or(Rejection::NotDue)?;
    l2_opens::is_open(tenant, context).map_err(|_| Rejection::NotDue)?;
    Ok(vec![Event::LockOpened { changed_at: change.changed_at }])
}

pub(super) fn remind(tenant: &Tenant, epoch: u64, days: u32, context: &Context<'_>) -> Result<Vec<Event>, Rejection> {
    let lock = l5_deletion::lock_to_remind_of(tenant, epoch, days, context)?;
    Ok(vec![Event::DeletionReminded { epoch, days, deletion_at: lock.deletion_at, remaining: lock.remaining }])
}

pub(super) fn unlock(
    tenant: &Tenant,
    environment: &Environment,
    context: &Context<'_>,
) -> Result<Vec<Event>, Rejection> {
    e2_barred::is_present(tenant, environment, context)?;
    let held_by = tenant.lock_of(environment).ok_or(Rejection::NotLocked)?.epoch;
    l4_unlock::is_key_presented(tenant)?;
    Ok(vec![Event::EnvironmentUnlocked { environment: environment.id.clone(), held_by, epoch: tenant.lock_epoch }])
}

pub(super) fn enforce_deletion(
    tenant: &Tenant,
    environment: &Environment,
    context: &Context<'_>,
) -> Result<Vec<Event>, Rejection> {
    let lock = l5_deletion::lock_past_deadline(tenant, environment, context)?;
    let cause = DeletionCause::StillLocked { epoch: lock.epoch };
    Ok(vec![deleted(tenant, environment, cause)])
}
