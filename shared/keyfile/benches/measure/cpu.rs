//! Processor time, the user's and the system's together.

use std::process::{Command, Stdio};
use std::time::Duration;

use cpu_time::ProcessTime;
use wait4::Wait4;

use super::Outcome;

/// Runs `work` in this process; gives back what it gave and the time that it took.
pub(crate) fn here<T>(work: impl FnOnce() -> T) -> Outcome<(T, Duration)> {
    let begun = ProcessTime::try_now()?;
    let result = work();
    Ok((result, begun.try_elapsed()?))
}

/// Runs a program to its end, with nothing to read and what it prints thrown away; gives back the time
/// that it took.
pub(crate) fn of_program(command: &mut Command) -> Outcome<Duration> {
    let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
    let used = child.wait4()?;
    if used.status.success() {
        Ok(used.rusage.utime + used.rusage.stime)
    } else {
        Err(format!("{command:?}: {}; run it by hand to see what it says", used.status).into())
    }
}
