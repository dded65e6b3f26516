//! L3: locking locks every environment of the tenant at once, whatever their number, and removes the private parts of all the tenant's
//! keys from the vault. One event does it: an environment is locked while the tenant's lock epoch is greater than its own.

use crate::{Context, Rejection, Tenant};

/// There is something to lock, and not everything is locked with the key away already.
///
/// # Errors
/// [`Rejection::NoEnvironments`] or [`Rejection::AlreadyLocked`].
pub fn has_effect(tenant: &Tenant, context: &Context<'_>) -> Result<(), Rejection> {
    let locked = tenant.locked_environments(context.now);
    if tenant.key_awaited && locked > 0 {
        return Err(Rejection::AlreadyLocked { locked });
    }
    if tenant.environments == 0 {
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
