//! A schedule.
//!
//! Goes on with operations that did not finish, and removes private keys that were not kept.

use std::process::ExitCode;

use keyward_service::sweeps::Sweep;

fn main() -> ExitCode {
    keyward_functions::run_sweep(Sweep::AdvanceOperations)
}
