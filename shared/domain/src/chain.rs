//! The text that the audit log's hashes are over, so that whoever reads the log can compute them again.
//!
//! The hash of an entry is SHA-256 over the previous entry's hash in lowercase hex, a line feed and the entry's canonical JSON: an object
//! of `at`, `by`, `event` and `sequence` with sorted keys and no space (RFC 8785 for the values that occur here: no fractions).

use std::fmt::Write as _;

use serde_json::{Map, Value};

use crate::Recorded;

/// The hash before the first entry.
pub const GENESIS: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// The text that the entry's hash is over.
#[must_use]
pub fn link_text(previous: &str, sequence: u64, recorded: &Recorded) -> String {
    let mut entry = serde_json::to_value(recorded).unwrap_or_default();
    if let Value::Object(members) = &mut entry {
        members.insert("sequence".to_owned(), sequence.into());
    }
    link_text_of(previous, &entry)
}

/// The same from an entry as it was read, an object of `at`, `by`, `event` and `sequence`.
#[must_use]
pub fn link_text_of(previous: &str, entry: &Value) -> String {
    let mut text = String::with_capacity(512);
    text.push_str(previous);
    text.push('\n');
    write_canonical(&mut text, entry);
    text
}

/// Writes a JSON value with sorted keys and no space.
fn write_canonical(out: &mut String, value: &Value) {
    match value {
        Value::Object(members) => write_object(out, members),
        Value::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write_canonical(out, item);
            }
            out.push(']');
        }
        scalar => {
            // Writing to a string cannot fail.
            let _ = write!(out, "{scalar}");
        }
    }
}

fn write_object(out: &mut String, members: &Map<String, Value>) {
    let mut sorted: Vec<_> = members.iter().collect();
    sorted.sort_by(|a, b| a.0.cmp(b.0));
    out.push('{');
    for (index, (key, value)) in sorted.into_iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        let _ = write!(out, "{}", Value::String(key.clone()));
        out.push(':');
        write_canonical(out, value);
    }
    out.push('}');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_sorted_at_every_depth() {
        let entry = serde_json::json!({"b": [{"z": 1, "a": "\u{e9}\n"}], "a": null});
        assert_eq!(link_text_of("p", &entry), "p\n{\"a\":null,\"b\":[{\"a\":\"\u{e9}\\n\",\"z\":1}]}");
    }
}
