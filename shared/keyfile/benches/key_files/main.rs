//! Key files: how fast they are made and read beside `openssl`, and what refusing a hostile one costs.
//!
//! Ends with an error if a refusal takes longer than its bound. docs/benchmarks.md says how to read it.

#![expect(clippy::print_stdout, reason = "a bench prints its figures")]

#[path = "../../tests/keyfile/crafted.rs"]
#[expect(dead_code, clippy::unwrap_used, clippy::panic, reason = "shared with the tests, which use the rest")]
mod crafted;
mod hostile;
#[path = "../measure/mod.rs"]
mod measure;
mod openssl;
mod refusals;
mod speed;

use std::process::ExitCode;

use measure::rounds::Comparison;
use measure::{Outcome, machine, print};
use openssl::Openssl;

/// Of the files on both sides, and of the hostile ones.
const PASSWORD: &str = "correct horse";

fn main() -> Outcome<ExitCode> {
    println!("# Key files\n\nMachine: {}.", machine::describe());
    let openssl = Openssl::find()?;
    println!("Beside: {}; one start of it takes {} ms.\n", openssl.version, openssl.start_milliseconds);
    let comparisons = [speed::generation(&openssl)?, speed::files(&openssl)?, speed::unwrapping(&openssl)?].concat();
    print_speed(&comparisons);
    println!();
    let held = refusals::measure()?;
    Ok(if held { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn print_speed(comparisons: &[Comparison]) {
    println!(
        "Per second of processor time: the median of the rounds (first–third quartile). Keyward and openssl took turns."
    );
    println!("Ratio: Keyward divided by openssl less its start, round by round; above 1 Keyward is faster.\n");
    let rows: Vec<Vec<String>> = comparisons
        .iter()
        .map(|row| {
            let less_start =
                row.theirs_less_start.map_or_else(|| "one process".to_owned(), |spread| spread.to_string());
            let (rounds, each) = row.rounds;
            let cells = [row.ours.to_string(), row.theirs.to_string(), less_start, row.ratio.to_string()];
            [vec![row.what.clone()], cells.into(), vec![format!("{rounds} of {each}")]].concat()
        })
        .collect();
    print::table(&["", "Keyward", "openssl", "less its start", "ratio", "rounds"], &rows);
    println!("\ngenerate: `openssl genpkey`, a process for each key.");
    println!(
        "write, read: `openssl pkcs12`, a process for each file; both files under the same algorithms and iterations."
    );
    println!(
        "unwrap: RSA-OAEP-256 beside the signatures of `openssl speed rsa2048`, one second a round in one process."
    );
}
