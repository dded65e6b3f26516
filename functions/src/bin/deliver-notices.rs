//! An event: there are new notices, or SES reports what became of a message; and a schedule, for those that could not be sent.
//!
//! Sends notices (A3), and records what became of them.

use std::process::ExitCode;

fn main() -> ExitCode {
    keyward_functions::deliver_notices()
}
