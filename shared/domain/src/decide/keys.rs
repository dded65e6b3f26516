//! The life of a protection key.

use crate::{
    Context, Environment, Event, KeyId, KeyState, NewKey, OperationId, OperationName, PlanHash, ProtectionKey,
    Rejection, Tenant,
    decide::people::approved,
    rejection::Dependents,
    rules::{
        a6_administrators, a7_quorum, k1_opt_in, k2_bring, k3_size, k5_change, k6_rewrap, k7_rollback, k8_destroy,
        l4_unlock,
    },
};

fn known<'a>(tenant: &'a Tenant, id: &KeyId) -> Result<&'a ProtectionKey, Rejection> {
    k1_opt_in::has_opted_in(tenant)?;
    tenant.key(id).ok_or(Rejection::KeyNotFound)
}

pub(super) fn add(tenant: &Tenant, key: &NewKey, context: &Context<'_>) -> Result<Vec<Event>, Rejection> {
    k1_opt_in::has_opted_in(tenant)?;
    k3_size::is_allowed(key.bits, context.settings)?;
    k2_bring::may_add(tenant, key, context.settings)?;
    k5_change::nothing_is_locked(tenant, context)?;
    Ok(vec![Event::KeyAdded { key: key.clone() }])
}

pub(super) fn present(
    tenant: &Tenant,
    id: &KeyId,
    vault_key: &str,
    context: &Context<'_>,
) -> Result<Vec<Event>, Rejection> {
    let key = known(tenant, id)?;
    if key.state == KeyState::Destroyed {
        return Err(Rejection::KeyDestroyed);
    }
    if key.in_vault {
        return Err(Rejection::KeyExists { key: id.clone() });
    }
    l4_unlock::is_key_that_locked(tenant, id, context)?;
    k5_change::no_operation_runs(tenant)?;
    Ok(vec![Event::KeyPresented { key: id.clone(), vault_key: vault_key.to_owned() }])
}

pub(super) fn activate(
    tenant: &Tenant,
    id: &KeyId,
    operation: &OperationId,
    context: &Context<'_>,
) -> Result<Vec<Event>, Rejection> {
    let key = known(tenant, id)?;
    if key.state == KeyState::Destroyed {
        return Err(Rejection::KeyDestroyed);
    }
    if key.state == KeyState::Active {
        return reactivate(tenant, key);
    }
    k5_change::nothing_is_locked(tenant, context)?;
    k5_change::no_operation_runs(tenant)?;
    k7_rollback::is_not_barred(key, context)?;
    k5_change::interval_has_passed(tenant, context)?;
    has_private_part(key)?;
    Ok(vec![Event::KeyActivated {
        key: id.clone(),
        from: tenant.active_key.clone(),
        operation: operation.clone(),
        environments: tenant.protected_environments,
    }])
}

/// Presenting the active key again is not a key change: it lifts the lock's first bolt (L4), or does nothing.
fn reactivate(tenant: &Tenant, key: &ProtectionKey) -> Result<Vec<Event>, Rejection> {
    if !tenant.key_awaited {
        return has_private_part(key).map(|()| Vec::new());
    }
    k5_change::no_operation_runs(tenant)?;
    has_private_part(key)?;
    Ok(vec![Event::KeyReactivated { key: key.id.clone() }])
}

fn has_private_part(key: &ProtectionKey) -> Result<(), Rejection> {
    if key.in_vault { Ok(()) } else { Err(Rejection::KeyFileRequired { key: key.id.clone() }) }
}

pub(super) fn roll_back(
    tenant: &Tenant,
    operation: &OperationId,
    plan: Option<&PlanHash>,
    context: &Context<'_>,
) -> Result<Vec<Event>, Rejection> {
    a6_administrators::is_or_was_listed(tenant, context)?;
    let change = k7_rollback::change_to_roll_back(tenant, context)?;
    a6_administrators::is_settled(tenant, context)?;
    k5_change::nothing_is_locked(tenant, context)?;
    k5_change::no_operation_runs(tenant)?;
    if let Some(former) = change.from.as_ref().and_then(|id| tenant.key(id)) {
        has_private_part(former)?;
    }
    let away = tenant.active_key.clone().ok_or(Rejection::NothingToRollBack)?;
    let used = if a7_quorum::binds_rollback(tenant, change, context) {
        approved(tenant, OperationName::RollBackKey, (None, None), plan, context)?
    } else {
        None
    };
    let rolled_back = Event::KeyRolledBack {
        away,
        to: change.from.clone(),
        operation: operation.clone(),
        environments: tenant.protected_environments,
        barred_until: context.now + context.settings.rollback_window.delta(),
    };
    Ok([rolled_back].into_iter().chain(used).collect())
}

pub(super) fn rewrap(
    tenant: &Tenant,
    environment: &Environment,
    operation: &OperationId,
) -> Result<Vec<Event>, Rejection> {
    if tenant.operation.as_ref() != Some(operation) {
        return Err(Rejection::OperationNotFound);
    }
    Ok(k6_rewrap::step(tenant, environment, operation).into_iter().collect())
}

pub(super) fn finish(tenant: &Tenant, operation: &OperationId) -> Result<Vec<Event>, Rejection> {
    if tenant.operation.as_ref() != Some(operation) {
        return Err(Rejection::OperationNotFound);
    }
    Ok(vec![Event::OperationFinished { operation: operation.clone() }])
}

/// What a request to destroy a key is about.
pub(super) struct Destroy<'a> {
    pub(super) key: &'a KeyId,
    pub(super) dependents: &'a Dependents,
    pub(super) operation: &'a OperationId,
}

pub(super) fn destroy(
    tenant: &Tenant,
    Destroy { key: id, dependents, operation }: &Destroy<'_>,
    plan: Option<&PlanHash>,
    context: &Context<'_>,
) -> Result<Vec<Event>, Rejection> {
    a6_administrators::is_listed(tenant, context)?;
    let key = known(tenant, id)?;
    k8_destroy::is_free(tenant, key, dependents, context)?;
    k5_change::no_operation_runs(tenant)?;
    a6_administrators::is_settled(tenant, context)?;
    let used = approved(tenant, OperationName::DestroyKey, (None, Some(id)), plan, context)?;
    let destroyed = Event::KeyDestroyed { key: (*id).clone(), operation: (*operation).clone() };
    Ok([destroyed].into_iter().chain(used).collect())
}
