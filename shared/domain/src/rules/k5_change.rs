//! K5: a key change is refused until 24 h after the last one. It is refused while any environment of the tenant is locked (except
//! presenting the key that locked), and while another operation of the tenant runs. K4: at most one key is active at any time;
//! the change makes the former one retired in the same event.

use crate::{Context, Rejection, Tenant};

/// No other operation of the tenant runs.
///
/// # Errors
/// [`Rejection::OperationRunning`] names the one that does.
pub fn no_operation_runs(tenant: &Tenant) -> Result<(), Rejection> {
    match &tenant.operation {
        Some(operation) => Err(Rejection::OperationRunning { operation: operation.clone() }),
        None => Ok(()),
    }
}

/// No environment of the tenant is locked.
///
/// # Errors
/// [`Rejection::EnvironmentsLocked`] with their number.
pub fn nothing_is_locked(tenant: &Tenant, context: &Context<'_>) -> Result<(), Rejection> {
    match tenant.locked_environments(context.now) {
        0 => Ok(()),
        locked => Err(Rejection::EnvironmentsLocked { locked }),
    }
}

/// The interval since the last key change has passed.
///
/// # Errors
/// [`Rejection::KeyChangeTooSoon`] with the instant from which a change is possible.
pub fn interval_has_passed(tenant: &Tenant, context: &Context<'_>) -> Result<(), Rejection> {
    let Some(change) = &tenant.last_change else { return Ok(()) };
    let retry_at = change.changed_at + context.settings.key_change_interval.delta();
    if context.now < retry_at {
        return Err(Rejection::KeyChangeTooSoon { changed_at: change.changed_at, retry_at });
    }
    Ok(())
}
