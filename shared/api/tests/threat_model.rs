//! Every file that `docs/threat-model.md` names is there, and every test that it names, written `file::test`, is in its file.

use std::error::Error;
use std::fs;
use std::path::Path;

const FOLDERS: [&str; 5] = ["cli/", "functions/", "infra/", "shared/", "tests/"];

/// A test is a function, or a row of a macro that makes functions: `name = "file"` or `name: Value`.
fn has_test(text: &str, name: &str) -> bool {
    text.lines().any(|line| match line.split_once("fn ") {
        Some((_, rest)) => rest.strip_prefix(name).is_some_and(|rest| rest.starts_with(['(', '<'])),
        None => {
            line.trim_start().strip_prefix(name).is_some_and(|rest| rest.starts_with(" = \"") || rest.starts_with(": "))
        }
    })
}

#[test]
fn what_the_threat_model_names_is_there() -> Result<(), Box<dyn Error>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let page = fs::read_to_string(root.join("docs/threat-model.md"))?;
    let mut tests = 0;
    let mut missing = Vec::new();
    for span in page.split('`').filter(|span| FOLDERS.iter().any(|folder| span.starts_with(folder))) {
        let there = match span.split_once("::") {
            None => root.join(span).exists(),
            Some((file, test)) => {
                tests += 1;
                fs::read_to_string(root.join(file)).is_ok_and(|text| has_test(&text, test))
            }
        };
        if !there {
            missing.push(span);
        }
    }
    assert!(missing.is_empty(), "docs/threat-model.md names what is not there: {missing:#?}");
    assert!(tests > 50, "only {tests} tests are found in docs/threat-model.md");
    Ok(())
}
