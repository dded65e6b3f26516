//! Environments, their backups and their data keys.

use crate::{
    Backup, BackupId, Context, DeletionCause, Environment, Event, Instant, ManagedBy, Name, OperationName, PlanHash,
    Rejection, Tenant, WrappingKey,
    command::NewEnvironment,
    decide::people::approved,
    rules::{a6_administrators, e1_protect, e2_barred, e3_backup, e4_name, k1_opt_in, k5_change, l6_lease},
};

pub(super) fn register(
    tenant: &Tenant,
    stored: Option<&Environment>,
    new: &NewEnvironment,
    context: &Context<'_>,
) -> Result<Vec<Event>, Rejection> {
    if stored.is_some() {
        return Err(Rejection::EnvironmentExists);
    }
    if !tenant.regions.contains(&new.region) {
        return Err(Rejection::RegionNotOfTenant { region: new.region.clone(), regions: tenant.regions.clone() });
    }
    k5_change::nothing_is_locked(tenant, context)?;
    Ok(vec![Event::EnvironmentRegistered { environment: new.clone(), unlocked_epoch: tenant.lock_epoch }])
}

pub(super) fn protect(
    tenant: &Tenant,
    environment: &Environment,
    context: &Context<'_>,
) -> Result<Vec<Event>, Rejection> {
    e2_barred::is_open(tenant, environment, context)?;
    k1_opt_in::has_opted_in(tenant)?;
    e1_protect::is_unprotected(environment)?;
    let key = e1_protect::usable_active_key(tenant)?;
    let generation = e1_protect::next_generation(environment, context.settings)?;
    Ok(vec![Event::EnvironmentProtected { environment: environment.id.clone(), key: key.id.clone(), generation }])
}

pub(super) fn revert(
    tenant: &Tenant,
    environment: &Environment,
    stated_name: Option<&Name>,
    context: &Context<'_>,
) -> Result<Vec<Event>, Rejection> {
    e2_barred::is_open(tenant, environment, context)?;
    e4_name::is_stated(environment, stated_name)?;
    let (ManagedBy::Tenant, WrappingKey::Protection { key }) = (environment.managed_by, &environment.wrapped_by) else {
        return Err(Rejection::NotProtected);
    };
    let generation = e1_protect::next_generation(environment, context.settings)?;
    Ok(vec![Event::EnvironmentReverted {
        environment: environment.id.clone(),
        from: key.clone(),
        generation,
        operation: None,
    }])
}

pub(super) fn delete(
    tenant: &Tenant,
    environment: &Environment,
    stated_name: Option<&Name>,
    plan: Option<&PlanHash>,
    context: &Context<'_>,
) -> Result<Vec<Event>, Rejection> {
    a6_administrators::is_listed(tenant, context)?;
    e2_barred::is_present(tenant, environment, context)?;
    e4_name::is_stated(environment, stated_name)?;
    a6_administrators::is_settled(tenant, context)?;
    let used = approved(tenant, OperationName::DeleteEnvironment, (Some(&environment.id), None), plan, context)?;
    Ok([deleted(tenant, environment, DeletionCause::Requested)].into_iter().chain(used).collect())
}

pub(super) fn deleted(tenant: &Tenant, environment: &Environment, cause: DeletionCause) -> Event {
    Event::EnvironmentDeleted {
        environment: environment.id.clone(),
        managed_by: environment.managed_by,
        wrapped_by: environment.wrapped_by.clone(),
        held_by: tenant.lock_of(environment).map(|lock| lock.epoch),
        cause,
    }
}

pub(super) fn register_backup(
    tenant: &Tenant,
    environment: &Environment,
    stored: Option<&Backup>,
    backup: &BackupId,
    retained_until: Instant,
    context: &Context<'_>,
) -> Result<Vec<Event>, Rejection> {
    if stored.is_some() {
        return Err(Rejection::BackupExists);
    }
    e2_barred::is_open(tenant, environment, context)?;
    e3_backup::is_retention_allowed(retained_until, context)?;
    Ok(vec![Event::BackupRegistered {
        environment: environment.id.clone(),
        backup: backup.clone(),
        retained_until,
        newest_generation: environment.newest_generation,
        wrapped_by: environment.wrapped_by.clone(),
    }])
}

pub(super) fn restore_backup(
    tenant: &Tenant,
    environment: &Environment,
    backup: Option<&Backup>,
    context: &Context<'_>,
) -> Result<Vec<Event>, Rejection> {
    // First: the backups of a deleted environment are gone with it.
    e2_barred::is_present(tenant, environment, context)?;
    let backup = backup.ok_or(Rejection::BackupNotFound)?;
    e2_barred::is_open(tenant, environment, context)?;
    e3_backup::is_restorable(tenant, backup, context)?;
    Ok(vec![Event::BackupRestored { environment: environment.id.clone(), backup: backup.id.clone() }])
}

pub(super) fn lease(
    tenant: &Tenant,
    environment: &Environment,
    asked: Option<u32>,
    context: &Context<'_>,
) -> Result<Vec<Event>, Rejection> {
    e2_barred::is_open(tenant, environment, context)?;
    let generation = l6_lease::generation(environment, asked)?;
    can_unwrap(tenant, environment)?;
    Ok(vec![Event::DataKeyLeased {
        environment: environment.id.clone(),
        generation,
        until: l6_lease::ends_at(context),
    }])
}

/// The private part of the wrapping key is in the vault. It is not after a lock until the key is presented again.
fn can_unwrap(tenant: &Tenant, environment: &Environment) -> Result<(), Rejection> {
    let WrappingKey::Protection { key: id } = &environment.wrapped_by else { return Ok(()) };
    match tenant.key(id) {
        Some(key) if key.in_vault => Ok(()),
        _ => Err(Rejection::KeyFileRequired { key: id.clone() }),
    }
}
