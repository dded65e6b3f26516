//! An event: there are new notices; and a schedule, for those that could not be sent.
//!
//! Sends notices (A3).

use std::process::ExitCode;

use keyward_service::sweeps::Sweep;

fn main() -> ExitCode {
    keyward_functions::run_sweep(Sweep::DeliverNotices)
}
