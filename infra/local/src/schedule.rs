//! The scheduled work: by itself while the process serves, and in order of time when the clock is moved.

use std::{sync::Arc, time::Duration};

use keyward_domain::Instant;
use keyward_service::{
    ServiceError,
    sweeps::{Sweep, SweepReport},
};
use serde::Serialize;

use crate::{house::House, process::Process};

/// How often is looked for work that no request caused.
const TICK: Duration = Duration::from_secs(1);

/// Runs of one instant at most: a row that fails again and again must not hold the clock.
const MOST_RUNS: usize = 10_000;

/// A sweep that did something when the clock was moved.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Ran {
    /// At which instant.
    pub(crate) at: Instant,
    /// Which sweep.
    pub(crate) sweep: Sweep,
    /// What it did.
    pub(crate) did: SweepReport,
}

/// Does what is due, now and whenever something becomes due, until the task is dropped.
pub(crate) async fn run(process: Arc<Process>) {
    // A cloud has schedules of its own.
    if matches!(process.house, House::Cloud(_)) {
        return;
    }
    loop {
        // Work that the clock's move is doing in order is left to it.
        if let Ok(_moving) = process.moving.try_lock() {
            let now = process.clock.now();
            for sweep in Sweep::ALL {
                match process.house.sweep(sweep, now).await {
                    Ok(report) if report.looked_at > 0 => tracing::info!(sweep = sweep.as_str(), ?report, "swept"),
                    Ok(_) => {}
                    Err(fault) => tracing::error!(sweep = sweep.as_str(), %fault, "a sweep failed"),
                }
            }
        }
        // Either a request has caused work, or it is time to look.
        let _ = tokio::time::timeout(TICK, process.work.notified()).await;
    }
}

/// Moves the clock forward. What becomes due on the way runs at its instant, in order.
///
/// # Errors
/// The table does not answer, or the offset can't be kept; the clock is then somewhere on the way.
#[cfg(feature = "movable-clock")]
pub(crate) async fn advance(process: &Process, by: chrono::TimeDelta) -> Result<Vec<Ran>, ServiceError> {
    let _moving = process.moving.lock().await;
    let target = process.clock.now() + by;
    let mut ran = Vec::new();
    // Rows that fail stay due; the others must not wait for them.
    let mut passed = None;
    for _ in 0..MOST_RUNS {
        let Some(due) = process.keyward().next_due(passed, target).await? else { break };
        let at = due.max(process.clock.now());
        move_to(process, at)?;
        let progress = sweep_all(process, at, &mut ran).await?;
        passed = if progress { None } else { Some(at) };
    }
    move_to(process, target)?;
    sweep_all(process, target, &mut ran).await?;
    Ok(ran)
}

#[cfg(feature = "movable-clock")]
fn move_to(process: &Process, at: Instant) -> Result<(), ServiceError> {
    process.clock.move_to(at).map_err(|error| ServiceError::Corrupt(format!("the clock's file: {error}")))
}

/// Runs every sweep at an instant; says whether any of them got anything done.
#[cfg(feature = "movable-clock")]
async fn sweep_all(process: &Process, at: Instant, ran: &mut Vec<Ran>) -> Result<bool, ServiceError> {
    let mut progress = false;
    for sweep in Sweep::ALL {
        let did = process.house.sweep(sweep, at).await?;
        progress |= did.changes > 0 || did.done > 0;
        if did.looked_at > 0 {
            ran.push(Ran { at, sweep, did });
        }
    }
    Ok(progress)
}
