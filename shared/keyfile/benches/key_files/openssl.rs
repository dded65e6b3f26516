//! The `openssl` program, run in a folder of its own.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use crate::measure::rounds::Rate;
use crate::measure::spread::Spread;
use crate::measure::{Outcome, cpu};

/// Starts that are measured.
const STARTS: u32 = 40;

/// The program, what one start of it costs, and its files.
pub(crate) struct Openssl {
    folder: TempDir,
    pub(crate) version: String,
    /// Processor time of starting it and doing nothing.
    pub(crate) start: Duration,
    pub(crate) start_milliseconds: Spread,
}

impl Openssl {
    /// # Errors
    /// When there is no such program.
    pub(crate) fn find() -> Outcome<Self> {
        let mut openssl = Self {
            folder: tempfile::tempdir()?,
            version: String::new(),
            start: Duration::ZERO,
            start_milliseconds: Spread::of([0.0]).ok_or("no figure")?,
        };
        openssl.version = String::from_utf8(openssl.run(&["version"])?)?.trim().to_owned();
        let starts =
            (0..STARTS).map(|_| cpu::of_program(&mut openssl.command(&["version"]))).collect::<Outcome<Vec<_>>>()?;
        let milliseconds = starts.iter().map(|took| took.as_secs_f64() * 1e3);
        openssl.start_milliseconds = Spread::of(milliseconds).ok_or("no starts")?;
        openssl.start = Duration::from_secs_f64(openssl.start_milliseconds.median / 1e3);
        Ok(openssl)
    }

    pub(crate) fn put(&self, name: &str, content: &[u8]) -> Outcome<()> {
        Ok(fs::write(self.path(name), content)?)
    }

    pub(crate) fn get(&self, name: &str) -> Outcome<Vec<u8>> {
        Ok(fs::read(self.path(name))?)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("openssl");
        command.args(arguments).current_dir(self.folder.path());
        command
    }

    /// Runs it; gives back what it printed.
    pub(crate) fn run(&self, arguments: &[&str]) -> Outcome<Vec<u8>> {
        let output = self.command(arguments).stdin(Stdio::null()).output();
        let output = output.map_err(|error| format!("openssl does not run: {error}; install it and try again"))?;
        if output.status.success() {
            Ok(output.stdout)
        } else {
            Err(format!("openssl {}: {}", arguments.join(" "), String::from_utf8_lossy(&output.stderr)).into())
        }
    }

    /// Runs it so many times, a process for each.
    pub(crate) fn repeat(&self, times: u32, arguments: &[&str]) -> Outcome<Rate> {
        let took = (0..times).map(|_| cpu::of_program(&mut self.command(arguments))).sum::<Outcome<Duration>>()?;
        Ok(Rate::of_programs(times, took, self.start))
    }

    /// Private operations (signatures) with an RSA-2048 key per second of processor time, as its own
    /// bench counts them in one process.
    pub(crate) fn private_operations(&self) -> Outcome<Rate> {
        let printed = String::from_utf8(self.run(&["speed", "-seconds", "1", "rsa2048"])?)?;
        // "rsa 2048 bits 0.000286s 0.000016s   3493.2  61643.0": the last figures are signatures and
        // verifications per second.
        let line = printed.lines().find(|line| line.starts_with("rsa 2048 bits"));
        let rate = line.and_then(|line| line.split_whitespace().rev().nth(1)?.parse().ok());
        let raw = rate.ok_or("what `openssl speed` printed is not known")?;
        Ok(Rate { raw, less_start: None })
    }
}
