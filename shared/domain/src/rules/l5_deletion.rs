//! L5: an environment still locked 28 days after the lock is deleted: its data keys destroyed, for good. Administrators are reminded 21,
//! 14, 7, 3 and 1 days before. Past the deadline it can't be unlocked even if the deletion has not run yet.

use crate::{Context, Environment, Instant, Lock, Rejection, Tenant};

/// The lock whose deadline has passed for this environment.
///
/// # Errors
/// [`Rejection::NotDue`].
pub fn lock_past_deadline<'a>(
    tenant: &'a Tenant,
    environment: &Environment,
    context: &Context<'_>,
) -> Result<&'a Lock, Rejection> {
    tenant
        .lock_of(environment)
        .filter(|lock| environment.is_present() && context.now >= lock.deletion_at)
        .ok_or(Rejection::NotDue)
}

/// When administrators are reminded of a deletion that many days before it.
#[must_use]
pub fn reminder_at(deletion_at: Instant, days: u32) -> Instant {
    deletion_at - chrono::TimeDelta::days(i64::from(days))
}

/// The open lock that a reminder is about, once the reminder is due and while the deletion is not.
///
/// # Errors
/// [`Rejection::NotDue`].
pub fn lock_to_remind_of<'a>(
    tenant: &'a Tenant,
    epoch: u64,
    days: u32,
    context: &Context<'_>,
) -> Result<&'a Lock, Rejection> {
    tenant
        .locks
        .iter()
        .find(|lock| lock.epoch == epoch)
        .filter(|lock| context.now >= reminder_at(lock.deletion_at, days) && context.now < lock.deletion_at)
        .ok_or(Rejection::NotDue)
}
