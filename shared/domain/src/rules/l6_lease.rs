//! L6: no data key is handed out after the lock is decided; the last one handed out before ends at most one lease (5 min) later. The
//! lock's answer states that instant. The lease and the lock meet in the table: the lease's transaction checks the tenant's fence, which
//! the lock moves.

use crate::{Context, Environment, Instant, Rejection};

/// When a lease that is decided now ends.
#[must_use]
pub fn ends_at(context: &Context<'_>) -> Instant {
    context.now + context.settings.lease.delta()
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
