//! L3: locking locks every environment of the tenant at once, whatever their number, and removes the private parts of all the tenant's
//! keys from the vault. One event does it: an environment is locked while the tenant's lock epoch is greater than its own.

use crate::{Context, Rejection, Tenant};

/// There is something to lock, and not everything is locked with the key away already. An environment past the deadline of its lock is
/// nothing to lock: it is deleted, whether or not the sweep has been there (L5).
///
/// # Errors
/// [`Rejection::NoEnvironments`] or [`Rejection::AlreadyLocked`].
pub fn has_effect(tenant: &Tenant, context: &Context<'_>) -> Result<(), Rejection> {
    let locked = tenant.locked_environments(context.now);
    let key_is_away = !tenant.active().is_some_and(|key| key.in_vault);
    if tenant.key_awaited && key_is_away && locked > 0 {
        return Err(Rejection::AlreadyLocked { locked });
    }
    let held: u64 = tenant.locks.iter().map(|lock| lock.remaining).sum();
    if tenant.environments == held.saturating_sub(locked) {
        return Err(Rejection::NoEnvironments);
    }
    Ok(())
}

/// The tenant keeps a record of each lock that still holds environments; they are bounded.
///
/// # Errors
/// [`Rejection::TooManyOpenLocks`].
pub fn has_room(tenant: &Tenant, context: &Context<'_>) -> Result<(), Rejection> {
    if tenant.locks.len() >= context.settings.open_locks {
        return Err(Rejection::TooManyOpenLocks { open: tenant.locks.len() });
    }
    Ok(())
}
