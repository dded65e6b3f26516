//! K7: for 72 h after a key change, an administrator other than the one who made it can put the former key back (or the provider's, if
//! there was none). It is exempt from K5's 24 h, counts as a key change for the lock, cannot itself be rolled back, and the key
//! rolled away from cannot be activated again for 72 h.

use crate::{ChangeKind, Context, Instant, KeyChange, ProtectionKey, Rejection, Tenant};

/// The instant at which a change can no longer be rolled back.
#[must_use]
pub fn closes_at(change: &KeyChange, context: &Context<'_>) -> Instant {
    change.changed_at + context.settings.rollback_window.delta()
}

/// The change that this caller may roll back now.
///
/// # Errors
/// Why there is none.
pub fn change_to_roll_back<'a>(tenant: &'a Tenant, context: &Context<'_>) -> Result<&'a KeyChange, Rejection> {
    let change = tenant.last_change.as_ref().ok_or(Rejection::NothingToRollBack)?;
    if change.kind == ChangeKind::Rollback {
        return Err(Rejection::RollbackOfRollback);
    }
    let until = closes_at(change, context);
    if context.now >= until {
        return Err(Rejection::RollbackClosed { until });
    }
    if change.changed_by == *context.by {
        return Err(Rejection::SameAdministrator { until });
    }
    Ok(change)
}

/// The key was not rolled away from within the window.
///
/// # Errors
/// [`Rejection::KeyBarred`] with the instant from which it may be activated.
pub fn is_not_barred(key: &ProtectionKey, context: &Context<'_>) -> Result<(), Rejection> {
    match key.barred_until {
        Some(retry_at) if context.now < retry_at => Err(Rejection::KeyBarred { retry_at }),
        _ => Ok(()),
    }
}
