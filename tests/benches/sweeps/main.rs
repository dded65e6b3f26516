//! The sweeps and the lock among more and more environments: what they ask of the table, and what it costs.
//!
//! Ends with an error if any of it asks for more where there are more environments. docs/benchmarks.md says how to read it.

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a bench prints its figures, and its world is the tests'"
)]

mod crowd;
#[path = "../../../shared/keyfile/benches/measure/mod.rs"]
#[expect(dead_code, reason = "shared with other benches, which use the rest")]
mod measure;
mod rewind;

use std::process::ExitCode;
use std::sync::Arc;

use keyward_adapters::table::{Counts, EmbeddedTable};
use tokio::runtime::{Builder, Runtime};

use crowd::{Crowd, Work};
use measure::spread::Spread;
use measure::{Outcome, cpu, machine, print};
use rewind::RewindingTable;

/// Environments of the worlds, smallest first.
const SIZES: [usize; 3] = [1_000, 10_000, 100_000];

/// How many are due in each work.
const DUE: usize = 50;

/// Times that each work is measured, after one that is not.
const ROUNDS: usize = 11;

/// One work in one world.
struct Measured {
    work: Work,
    size: usize,
    counts: Counts,
    milliseconds: Spread,
}

fn main() -> Outcome<ExitCode> {
    println!("# Sweeps\n\nMachine: {}.", machine::describe());
    println!("Table: the embedded one, in this process and in memory; its own work is in the time.\n");
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let mut measured = Vec::new();
    for size in SIZES {
        println!("Making and measuring a world of {size} environments.");
        measured.extend(world(&runtime, size)?);
    }
    println!();
    print_figures(&measured);
    let grown = grown(&measured);
    for one in &grown {
        println!("\nIt asks for more among {} environments: {}.", one.size, one.work.described());
    }
    if grown.is_empty() {
        println!("\nNothing asks for more where there are more environments.");
    }
    Ok(if grown.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// All work in a world of so many environments.
fn world(runtime: &Runtime, size: usize) -> Outcome<Vec<Measured>> {
    let table = Arc::new(RewindingTable::new(Arc::new(runtime.block_on(EmbeddedTable::memory())?)));
    let mut crowd = runtime.block_on(Crowd::over(table.clone(), DUE, size));
    let mut all = Vec::new();
    for work in Work::ALL {
        runtime.block_on(crowd.prepare(work));
        table.mark();
        let first = runtime.block_on(crowd.run(work));
        let mut milliseconds = Vec::new();
        for _ in 0..ROUNDS {
            runtime.block_on(table.rewind())?;
            runtime.block_on(crowd.bring_keys(work));
            let (counts, took) = cpu::here(|| runtime.block_on(crowd.run(work)))?;
            if counts != first {
                return Err(format!("{}: {counts:?} and not {first:?} as the first time", work.described()).into());
            }
            milliseconds.push(took.as_secs_f64() * 1e3);
        }
        let milliseconds = Spread::of(milliseconds).ok_or("no rounds")?;
        all.push(Measured { work, size, counts: first, milliseconds });
    }
    Ok(all)
}

fn print_figures(measured: &[Measured]) {
    println!("What was asked of the table, and milliseconds of processor time:");
    println!("the median of {ROUNDS} rounds (first–third quartile). Among: so many environments.\n");
    let row = |one: &Measured| {
        let Counts { gets, queries, items_read, transactions, writes } = one.counts;
        let requests = gets + queries + transactions;
        let done = if one.work == Work::Lock { one.size } else { DUE };
        let figures = [done as u64, one.size as u64, items_read, writes, requests].map(|figure| figure.to_string());
        [vec![one.work.described().to_owned()], figures.into(), vec![one.milliseconds.to_string()]].concat()
    };
    let rows: Vec<Vec<String>> =
        Work::ALL.iter().flat_map(|work| measured.iter().filter(|one| one.work == *work).map(row)).collect();
    print::table(&["", "due", "among", "items read", "writes", "requests", "milliseconds"], &rows);
}

/// What asks for more than in the smallest world.
fn grown(measured: &[Measured]) -> Vec<&Measured> {
    let smallest = |work| measured.iter().find(|one| one.work == work).map(|one| asked(&one.counts));
    let has_grown = |one: &&Measured| {
        let Some(least) = smallest(one.work) else { return false };
        asked(&one.counts).iter().zip(least).any(|(now, least)| *now > least)
    };
    measured.iter().filter(has_grown).collect()
}

/// Items read, writes, requests.
fn asked(counts: &Counts) -> [u64; 3] {
    let Counts { gets, queries, items_read, transactions, writes } = *counts;
    [items_read, writes, gets + queries + transactions]
}
