//! E2: while locked or deleted no data key is leased, nothing is restored from backup, nothing is protected or reverted.

use crate::{Context, Environment, EnvironmentStatus, Rejection, Tenant};

/// The environment is neither deleted nor past the deadline of its lock (L5).
///
/// # Errors
/// [`Rejection::EnvironmentDeleted`].
pub fn is_present(tenant: &Tenant, environment: &Environment, context: &Context<'_>) -> Result<(), Rejection> {
    if let EnvironmentStatus::Deleted { at, .. } = &environment.status {
        return Err(Rejection::EnvironmentDeleted { deleted_at: *at });
    }
    match tenant.lock_of(environment) {
        Some(lock) if context.now >= lock.deletion_at => {
            Err(Rejection::EnvironmentDeleted { deleted_at: lock.deletion_at })
        }
        _ => Ok(()),
    }
}

/// The environment is present and not locked.
///
/// # Errors
/// [`Rejection::EnvironmentDeleted`] or [`Rejection::EnvironmentLocked`].
pub fn is_open(tenant: &Tenant, environment: &Environment, context: &Context<'_>) -> Result<(), Rejection> {
    is_present(tenant, environment, context)?;
    match tenant.lock_of(environment) {
        Some(lock) => Err(Rejection::EnvironmentLocked { locked_at: lock.locked_at, deletion_at: lock.deletion_at }),
        None => Ok(()),
    }
}
