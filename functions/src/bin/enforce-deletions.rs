//! A schedule.
//!
//! Deletes what is still locked at the deadline (L5).

use std::process::ExitCode;

use keyward_service::sweeps::Sweep;

fn main() -> ExitCode {
    keyward_functions::run_sweep(Sweep::EnforceDeletions)
}
