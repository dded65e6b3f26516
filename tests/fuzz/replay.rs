//! What the tests do with the seeds and the regression inputs of a fuzz target (docs/fuzzing.md). `KEYWARD_UPDATE=1` writes the seeds anew.

use std::fs;
use std::path::{Path, PathBuf};

/// Inputs by the names of their files.
pub(crate) type Seeds = Vec<(String, Vec<u8>)>;

/// From a crate of `shared/`.
fn folder(kind: &str, target: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fuzz").join(kind).join(target)
}

/// Runs the target's seeds and regressions; gives back its seeds.
pub(crate) fn run_all(target: &str, seeds: fn() -> Seeds, run: fn(&[u8])) -> Seeds {
    if std::env::var_os("KEYWARD_UPDATE").is_some_and(|value| value == "1") {
        fs::create_dir_all(folder("seeds", target)).unwrap();
        for (name, seed) in seeds() {
            fs::write(folder("seeds", target).join(name), seed).unwrap();
        }
    }
    let found = files("seeds", target);
    assert!(!found.is_empty(), "{target} has no seeds; run this with KEYWARD_UPDATE=1");
    for (name, input) in found.iter().chain(&files("regressions", target)) {
        eprintln!("{target}: {name}");
        run(input);
    }
    found
}

/// The files of a folder; a target without a regression has none.
fn files(kind: &str, target: &str) -> Seeds {
    let Ok(entries) = fs::read_dir(folder(kind, target)) else { return Vec::new() };
    let paths = entries.map(|entry| entry.unwrap().path());
    paths.map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), fs::read(&path).unwrap())).collect()
}
