//! The programs that `make test-tools` installs. Without them the tests fail and say so.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde::de::DeserializeOwned;

use crate::openssl::Openssl;

/// What `variable` names; without it, the place where `make test-tools` puts it.
fn installed(variable: &str, place: &str) -> PathBuf {
    let path = std::env::var_os(variable).map_or_else(|| repository().join(place), PathBuf::from);
    assert!(path.exists(), "these tests need {}, which is not there: run `make test-tools`", path.display());
    path
}

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn script(name: &str) -> PathBuf {
    let path = repository().join("tests/tools").join(name);
    // The program runs in another folder.
    path.canonicalize().unwrap()
}

/// Runs a script of tests/tools in the bench's folder; gives back what it printed.
pub(crate) fn python<T: DeserializeOwned>(bench: &Openssl, name: &str, arguments: &[&str]) -> T {
    let mut command = Command::new(installed("KEYWARD_PYTHON", ".tools/python/bin/python"));
    printed(command.arg(script(name)).args(arguments).current_dir(bench.path()))
}

/// As [`python`].
pub(crate) fn node<T: DeserializeOwned>(bench: &Openssl, name: &str, arguments: &[&str]) -> T {
    let modules = installed("KEYWARD_NODE_MODULES", ".tools/node/node_modules").canonicalize().unwrap();
    let mut command = Command::new("node");
    command.env("KEYWARD_NODE_MODULES", modules);
    printed(command.arg(script(name)).args(arguments).current_dir(bench.path()))
}

fn printed<T: DeserializeOwned>(command: &mut Command) -> T {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}: run `make test-tools`"));
    serde_json::from_slice(&succeed(output)).unwrap()
}

/// What a program printed, which has to have ended well.
pub(crate) fn succeed(output: Output) -> Vec<u8> {
    assert!(
        output.status.success(),
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    output.stdout
}
