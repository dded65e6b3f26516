//! A schedule.
//!
//! Records that locking is open (L2).

use std::process::ExitCode;

use keyward_service::sweeps::Sweep;

fn main() -> ExitCode {
    keyward_functions::run_sweep(Sweep::OpenLocks)
}
