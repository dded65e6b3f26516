//! L2: locking is refused until 72 h after the last key change, and while an operation of the tenant runs. The refusal says when locking
//! opens. A rollback is a key change; presenting the same key again is not.

use crate::{Context, Instant, Rejection, Tenant};

/// When locking opens, or has opened; nothing where the key was never changed.
#[must_use]
pub fn opens_at(tenant: &Tenant, context: &Context<'_>) -> Option<Instant> {
    tenant.last_change.as_ref().map(|change| change.changed_at + context.settings.lock_opens_after.delta())
}

/// Locking is open.
///
/// # Errors
/// [`Rejection::LockNotOpen`] with the instant.
pub fn is_open(tenant: &Tenant, context: &Context<'_>) -> Result<(), Rejection> {
    match (&tenant.last_change, opens_at(tenant, context)) {
        (Some(change), Some(retry_at)) if context.now < retry_at => {
            Err(Rejection::LockNotOpen { changed_at: change.changed_at, retry_at })
        }
        _ => Ok(()),
    }
}
