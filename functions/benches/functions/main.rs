//! The packaged functions: their sizes, and what a cold start costs beside an empty function.
//!
//! docs/benchmarks.md says how to read it.

#![expect(clippy::print_stdout, reason = "a bench prints its figures")]

#[path = "../../../shared/keyfile/benches/measure/mod.rs"]
#[expect(dead_code, reason = "shared with other benches, which use the rest")]
mod measure;
mod packages;
#[path = "../../tests/runtime_api/mod.rs"]
#[expect(dead_code, reason = "shared with the tests, which use the rest")]
mod runtime_api;
mod start;

use std::path::Path;

use measure::spread::Spread;
use measure::{Outcome, machine, print};
use packages::Package;
use start::Start;

/// Starts of each function that are measured, after one that is not: it makes the vault and brings the program into the system's cache.
const STARTS: usize = 21;

const MEGABYTE: f64 = 1e6;

fn main() -> Outcome<()> {
    println!("# Functions\n\nMachine: {}.", machine::describe());
    let folder = tempfile::tempdir()?;
    let mut packages = packages::functions(&folder.path().join("functions"))?;
    let sizes: (u64, u64) =
        packages.iter().fold((0, 0), |(packed, unpacked), one| (packed + one.packed, unpacked + one.unpacked));
    let count = packages.len();
    packages.push(packages::empty(&folder.path().join("empty"))?);
    let starts = starts(&packages, &folder.path().join("state"))?;

    println!("Sizes in MB (10^6 bytes). A start: from the start of the process until it asks for its first event,");
    println!(
        "the median of {STARTS} starts (first–third quartile), all functions in turn. Memory: the most of any start.\n"
    );
    let mut rows =
        packages.iter().zip(&starts).map(|(package, starts)| row(package, starts)).collect::<Outcome<Vec<_>>>()?;
    // The empty function stands last, below the sum of the others.
    let together = format!("{count} functions together");
    let sum = vec![together, megabytes(sizes.0), megabytes(sizes.1), String::new(), String::new(), String::new()];
    rows.insert(count, sum);
    print::table(&["", "package", "unpacked", "ready ms", "processor ms", "memory MB"], &rows);
    let all = std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/bin"))?.count();
    if count < all {
        println!("\nOnly {count} of {all} functions are packaged; `make package` packages all.");
    }
    Ok(())
}

/// The starts of each function, in turns.
fn starts(packages: &[Package], state: &Path) -> Outcome<Vec<Vec<Start>>> {
    for package in packages {
        start::measure(&package.program, state)?;
    }
    let mut all = vec![Vec::with_capacity(STARTS); packages.len()];
    for _ in 0..STARTS {
        for (package, starts) in packages.iter().zip(&mut all) {
            starts.push(start::measure(&package.program, state)?);
        }
    }
    Ok(all)
}

fn row(package: &Package, starts: &[Start]) -> Outcome<Vec<String>> {
    let spread = |figure: fn(&Start) -> f64| Spread::of(starts.iter().map(figure)).ok_or("no starts");
    let ready = spread(|start| start.ready.as_secs_f64() * 1e3)?;
    let processor = spread(|start| start.processor.as_secs_f64() * 1e3)?;
    let memory = starts.iter().map(|start| start.memory).max().unwrap_or_default();
    Ok(vec![
        package.name.clone(),
        megabytes(package.packed),
        megabytes(package.unpacked),
        ready.to_string(),
        processor.to_string(),
        megabytes(memory),
    ])
}

fn megabytes(bytes: u64) -> String {
    format!("{:.2}", bytes as f64 / MEGABYTE)
}
