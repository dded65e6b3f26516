//! L4: to unlock, first the key that locked is presented again (any other is refused), then each environment is unlocked on its own.

use crate::{Context, KeyId, Rejection, Tenant};

/// While environments are locked, only the key that locked them may be brought into the vault.
///
/// # Errors
/// [`Rejection::WrongKey`] names the right one.
pub fn is_key_that_locked(tenant: &Tenant, key: &KeyId, context: &Context<'_>) -> Result<(), Rejection> {
    let holding = tenant.locks.iter().find(|lock| context.now < lock.deletion_at);
    match holding {
        Some(lock) if lock.key != *key => Err(Rejection::WrongKey { key: lock.key.clone() }),
        _ => Ok(()),
    }
}

/// The key that locked has been presented again.
///
/// # Errors
/// [`Rejection::KeyNotPresented`] names it.
pub fn is_key_presented(tenant: &Tenant) -> Result<(), Rejection> {
    match &tenant.active_key {
        Some(key) if tenant.key_awaited => Err(Rejection::KeyNotPresented { key: key.clone() }),
        _ => Ok(()),
    }
}
