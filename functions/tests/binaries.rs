//! `src/bin` is the list of what Keyward does: one function for every operation and every sweep, each of which says what it is.

#![expect(clippy::panic, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use keyward_api::Route;
use keyward_domain::OperationName;
use keyward_service::sweeps::Sweep;

/// The text of every file in `src/bin`, by the file's name.
fn functions() -> BTreeMap<String, String> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/bin");
    let read = || -> std::io::Result<BTreeMap<String, String>> {
        std::fs::read_dir(&dir)?
            .map(|entry| {
                let entry = entry?;
                Ok((entry.file_name().to_string_lossy().into_owned(), std::fs::read_to_string(entry.path())?))
            })
            .collect()
    };
    read().unwrap_or_else(|error| panic!("{}: {error}", dir.display()))
}

fn file_of(name: &str) -> String {
    format!("{name}.rs")
}

#[test]
fn there_is_one_function_for_every_operation_and_every_sweep_and_one_at_the_gate() {
    let operations = OperationName::ALL.iter().map(|operation| operation.as_str());
    let sweeps = Sweep::ALL.iter().map(|sweep| sweep.as_str());
    let gate = std::iter::once("authorize-request");
    let expected: BTreeSet<String> = operations.chain(sweeps).chain(gate).map(file_of).collect();
    let found: BTreeSet<String> = functions().into_keys().collect();
    assert_eq!(found, expected);
}

#[test]
fn every_operation_s_function_serves_it_and_states_its_route() {
    let functions = functions();
    for operation in OperationName::ALL {
        let text = functions.get(&file_of(operation.as_str())).map_or("", String::as_str);
        assert_eq!(text.matches("keyward_functions::").count(), 1, "{operation}");
        assert!(text.contains(&format!("keyward_functions::serve(OperationName::{operation:?})\n")), "{operation}");
        let route = Route::of(*operation).map(|route| format!("//! `{} {}`\n", route.method, route.path));
        assert!(route.is_some_and(|route| text.starts_with(&route)), "{operation}: its first line is its route");
        let summary = Route::of(*operation).map_or("", |route| route.summary);
        assert!(text.contains(&format!("//!\n//! {summary}\n")), "{operation}: {summary}");
    }
}

#[test]
fn every_sweep_s_function_runs_it() {
    let functions = functions();
    for sweep in Sweep::ALL {
        let text = functions.get(&file_of(sweep.as_str())).map_or("", String::as_str);
        assert_eq!(text.matches("keyward_functions::").count(), 1, "{}", sweep.as_str());
        // The one that also answers events.
        let call = match sweep {
            Sweep::DeliverNotices => "deliver_notices()".to_owned(),
            sweep => format!("run_sweep(Sweep::{sweep:?})"),
        };
        assert!(text.contains(&format!("keyward_functions::{call}\n")), "{}", sweep.as_str());
    }
}
