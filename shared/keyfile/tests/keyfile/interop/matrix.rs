//! What was tried between this crate and other programs, in words. `make test` prints it.

use std::fmt::Write as _;
use std::path::Path;

/// The rows of one test, written to a file under the build's folder when the test is done with them.
pub(crate) struct Matrix {
    file: &'static str,
    rows: Vec<Row>,
}

struct Row {
    what: String,
    /// The ways that went alike; they share a line.
    ways: Vec<String>,
    outcome: String,
}

impl Matrix {
    /// `file` is the name that the Makefile looks for, without the `.txt`.
    pub(crate) fn new(file: &'static str) -> Self {
        Self { file, rows: Vec::new() }
    }

    /// Adds a row. One that differs from an earlier row in its way only is joined to it.
    pub(crate) fn add(&mut self, what: impl Into<String>, way: impl Into<String>, outcome: impl Into<String>) {
        let (what, way, outcome) = (what.into(), way.into(), outcome.into());
        match self.rows.iter_mut().find(|row| row.what == what && row.outcome == outcome && !row.ways.is_empty()) {
            Some(row) if row.ways.contains(&way) => (),
            Some(row) => row.ways.push(way),
            None => self.rows.push(Row { what, ways: vec![way], outcome }),
        }
    }

    /// Adds a sentence, such as why something could not be tried here.
    pub(crate) fn say(&mut self, sentence: impl Into<String>) {
        self.rows.push(Row { what: sentence.into(), ways: Vec::new(), outcome: String::new() });
    }

    /// Writes the file.
    pub(crate) fn write(self) {
        let mut text = String::new();
        for Row { what, ways, outcome } in &self.rows {
            match ways.as_slice() {
                [] => writeln!(text, "{what}").unwrap(),
                ways => writeln!(text, "{what}: {}: {outcome}", ways.join(", ")).unwrap(),
            }
        }
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("interop");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join(self.file).with_extension("txt"), text).unwrap();
    }
}
