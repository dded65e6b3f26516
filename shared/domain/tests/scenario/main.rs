//! The rules as tables with time in them. Each file in `tests/scenarios` is one rule or one story:
//!
//! ```text
//! tenant contoso seats=5000 regions=europe admins=alice,bob     registered and opted in at 0h
//! environment prod kind=production                              registered at 0h
//! at 0h         alice activate-key k1      ok
//! at 72h-1s     alice lock-tenant k1       lock_not_open retryAt=72h
//! at +1s        alice lock-tenant k1       ok locked=prod deletionAt=31d
//! see key k1 inVault=false
//! ```
//!
//! A line says who asks for what and when, and the outcome: `ok`, `nothing` (allowed, and nothing follows) or the code of the refusal, with
//! facts of it. The facts are the stored members of the event, or those of the rejection. An operation's work is done by
//! `rewrap-environment` and `finish-operation`, or by `run-operation` all at once. Requests for approval are called `ap1`, `ap2` and so on;
//! `plan=` is the plan as it is when the line is asked.
#![expect(clippy::panic, reason = "a test fails by panicking")]

mod instants;
mod interpreter;
mod line;
mod outcome;
mod refusals;
mod words;
#[path = "../world/mod.rs"]
mod world;

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use interpreter::Met;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios")
}

fn run(file: &str) -> Met {
    let path = folder().join(file);
    let text = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()));
    match text.and_then(|text| interpreter::run(file, &text)) {
        Ok(met) => met,
        Err(message) => panic!("{message}"),
    }
}

macro_rules! scenarios {
    ($($test:ident = $file:literal,)*) => {
        const FILES: &[&str] = &[$($file),*];

        $(#[test]
        fn $test() {
            run($file);
        })*
    };
}

scenarios! {
    absent = "absent.txt",
    k1 = "k1.txt",
    k2 = "k2.txt",
    k3 = "k3.txt",
    k4 = "k4.txt",
    k5 = "k5.txt",
    k6 = "k6.txt",
    k7 = "k7.txt",
    k8 = "k8.txt",
    e1 = "e1.txt",
    e2 = "e2.txt",
    e3 = "e3.txt",
    e4 = "e4.txt",
    l1 = "l1.txt",
    l2 = "l2.txt",
    l3 = "l3.txt",
    l4 = "l4.txt",
    l5 = "l5.txt",
    l6 = "l6.txt",
    a6 = "a6.txt",
    a7 = "a7.txt",
    malicious_administrator = "malicious-administrator.txt",
    lost_key = "lost-key.txt",
    relock = "relock.txt",
    crash_in_key_change = "crash-in-key-change.txt",
}

#[test]
fn every_file_is_run() {
    let Ok(entries) = fs::read_dir(folder()) else { panic!("the folder of the scenarios can't be read") };
    let found: BTreeSet<String> =
        entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    let run: BTreeSet<String> = FILES.iter().map(|file| (*file).to_owned()).collect();
    assert_eq!(found, run);
}

#[test]
fn every_refusal_of_every_operation_is_met() {
    let met: Met = FILES.iter().flat_map(|file| run(file)).collect();
    let table: Met = refusals::TABLE
        .iter()
        .flat_map(|(operation, refusals)| refusals.iter().map(|refusal| ((*operation).to_owned(), *refusal)))
        .collect();
    let missing: Vec<_> = table.difference(&met).collect();
    assert!(missing.is_empty(), "no scenario shows {missing:?}");
    let unknown: Vec<_> = met.difference(&table).collect();
    assert!(unknown.is_empty(), "not in the table of refusals: {unknown:?}");
    let reached: BTreeSet<&str> = met.iter().map(|(_, variant)| *variant).collect();
    let all: BTreeSet<&str> = refusals::VARIANTS.iter().copied().collect();
    assert_eq!(reached, all, "every rejection can be reached");
}
