//! What is checked in under `docs` is what the tables say. `KEYWARD_UPDATE=1` writes it anew.

use std::error::Error;
use std::fs;
use std::path::Path;

fn is_current(name: &str, made: &str) -> Result<(), Box<dyn Error>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs").join(name);
    if std::env::var_os("KEYWARD_UPDATE").is_some_and(|value| value == "1") {
        fs::write(&path, made)?;
    }
    let found = fs::read_to_string(&path).map_err(|error| format!("docs/{name}: {error}"))?;
    assert!(found == made, "docs/{name} is stale; KEYWARD_UPDATE=1 cargo test -p keyward-api writes it anew");
    Ok(())
}

#[test]
fn openapi_json_is_current() -> Result<(), Box<dyn Error>> {
    is_current("openapi.json", &keyward_api::openapi::text()?)
}

#[test]
fn problems_md_is_current() -> Result<(), Box<dyn Error>> {
    is_current("problems.md", &keyward_api::pages::problems())
}

#[test]
fn operations_md_is_current() -> Result<(), Box<dyn Error>> {
    is_current("operations.md", &keyward_api::pages::operations())
}
