//! JSON for programs.

use serde::Serialize;

/// Indented, with a line end. Characters that steer terminals are escaped by JSON itself.
pub(crate) fn pretty<T: Serialize>(value: &T) -> serde_json::Result<String> {
    let mut text = serde_json::to_string_pretty(value)?;
    text.push('\n');
    Ok(text)
}
