//! What the functions are built from: nothing that is only for development.

#![expect(clippy::panic, reason = "a test fails by panicking")]

use std::process::Command;

/// Every crate of the functions' own build with its features, one a line: `<name>|<feature>,<feature>`.
///
/// `cargo tree` rather than `cargo metadata`: the latter joins the features of the whole workspace, of which the packaged build takes one part.
fn tree() -> String {
    let arguments = [
        "tree",
        "--offline",
        "--locked",
        "--package",
        "keyward-functions",
        "--edges",
        "normal",
        "--prefix",
        "none",
        "--format",
        "{lib}|{f}",
    ];
    let output = Command::new(env!("CARGO"))
        .args(arguments)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap_or_else(|error| panic!("cargo does not run: {error}"));
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "cargo tree: {errors}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn nothing_that_is_only_for_development_is_in_the_functions() {
    let tree = tree();
    let crates: Vec<(&str, Vec<&str>)> = tree
        .lines()
        .filter_map(|line| line.split_once('|'))
        .map(|(name, features)| (name, features.trim_end_matches(" (*)").split(',').collect()))
        .collect();
    let has = |wanted: &str| crates.iter().any(|(name, _)| *name == wanted);
    // Otherwise the test has looked at nothing.
    assert!(has("keyward_functions") && has("keyward_adapters") && has("lambda_runtime"), "{tree}");
    for banned in ["keyward_local", "dynoxide", "rusqlite"] {
        assert!(!has(banned), "{banned} is in the functions");
    }
    for (name, features) in &crates {
        for banned in ["development-issuer", "movable-clock"] {
            assert!(!features.contains(&banned), "{name} has the feature {banned}");
        }
    }
}
