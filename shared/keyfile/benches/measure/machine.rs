//! What the figures were measured on.

use std::fs;
use std::thread::available_parallelism;

/// The processor, its cores, the system, and how busy it is with other work.
pub(crate) fn describe() -> String {
    let cores = available_parallelism().map_or_else(|_| "unknown number of".to_owned(), |cores| cores.to_string());
    let (system, architecture) = (std::env::consts::OS, std::env::consts::ARCH);
    format!("{}, {cores} cores, {system} {architecture}, load {}", processor(), load())
}

fn processor() -> String {
    let named = fs::read_to_string("/proc/cpuinfo").ok().and_then(|text| {
        let line = text.lines().find(|line| line.starts_with("model name"))?;
        Some(line.split_once(':')?.1.trim().to_owned())
    });
    named.unwrap_or_else(|| "unknown processor".to_owned())
}

/// Programs that ran or waited to run, on the average of the last minute.
fn load() -> String {
    let load = fs::read_to_string("/proc/loadavg").ok();
    load.and_then(|text| text.split(' ').next().map(str::to_owned)).unwrap_or_else(|| "unknown".to_owned())
}
