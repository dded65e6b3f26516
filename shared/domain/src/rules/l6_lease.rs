//! L6: no data key is handed out after the lock is decided; the last one handed out before ends at most one lease (5 min) later. The
//! lock's answer states that instant. The lease and the lock meet in the table: the lease's transaction checks the tenant's fence, which
//! the lock moves.

use crate::{Context, Environment, Instant, Rejection};

/// When a lease that is decided now ends.
#[must_use]
pub fn ends_at(context: &Context<'_>) -> Instant {
    context.now + context.settings.lease.delta()
}

/// When all leases that were handed out before a lock that is decided now have ended. The leases know best: their functions' clocks may be ahead
/// of this one, and some were decided while the lock's proof was checked.
#[must_use]
pub fn all_end_at(leases_until: Option<Instant>, context: &Context<'_>) -> Instant {
    leases_until.map_or(ends_at(context), |until| until.max(ends_at(context)))
}

/// The generation to lease: the newest unless an older one is named.
///
/// # Errors
/// [`Rejection::NoSuchGeneration`].
pub fn generation(environment: &Environment, asked: Option<u32>) -> Result<u32, Rejection> {
    let newest = environment.newest_generation;
    match asked {
        None => Ok(newest),
        Some(asked) if (1..=newest).contains(&asked) => Ok(asked),
        Some(asked) => Err(Rejection::NoSuchGeneration { asked, newest }),
    }
}
