//! Everything that is written to standard output and standard error, in one place.

mod color;
mod instants;
mod json;
mod listing;
mod progress;

use std::io::{IsTerminal as _, Write as _};

use serde::Serialize;
use serde_json::Value;

pub(crate) use color::Color;
pub(crate) use instants::{Clock, duration_text};
pub(crate) use listing::{Listing, Sheet, plain};
pub(crate) use progress::Progress;

use crate::failure::Failure;
use crate::grammar::{Format, Global};

/// Where results, remarks and errors go, and in which form.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Output {
    format: Format,
    color: bool,
    quiet: bool,
    verbose: bool,
}

impl Output {
    /// As the options and the environment say.
    pub(crate) fn new(global: &Global) -> Self {
        let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self {
            format: global.output,
            color: !global.no_color && !no_color && std::io::stderr().is_terminal(),
            quiet: global.quiet,
            verbose: global.verbose,
        }
    }

    /// Whether results are JSON.
    pub(crate) fn is_json(&self) -> bool {
        self.format == Format::Json
    }

    /// A result: the API's answer as JSON, or what `table` makes of it.
    pub(crate) fn result<T: Serialize>(&self, answer: &T, table: impl FnOnce() -> String) -> Result<(), Failure> {
        match self.format {
            Format::Json => {
                let text = json::pretty(answer).map_err(|e| Failure::unexpected(e.to_string()))?;
                write_out(text.as_bytes())
            }
            Format::Table => write_out(table().as_bytes()),
        }
    }

    /// Bytes as they are, for completions and the manual page.
    pub(crate) fn raw(&self, bytes: &[u8]) -> Result<(), Failure> {
        write_out(bytes)
    }

    /// A remark for people, on standard error; not with `--quiet`.
    pub(crate) fn remark(&self, text: &str) {
        if !self.quiet {
            write_err(&plain(text));
        }
    }

    /// Something that people have to see before they decide; not silenced by `--quiet`.
    pub(crate) fn show(&self, text: &str) {
        write_err(text.trim_end());
    }

    /// A request, with `--verbose`.
    pub(crate) fn trace(&self, text: &str) {
        if self.verbose {
            write_err(&plain(text));
        }
    }

    /// A progress bar, where somebody looks at it.
    pub(crate) fn progress(&self) -> Progress {
        Progress::new(!self.quiet && !self.is_json() && std::io::stderr().is_terminal())
    }

    /// An error: the problem as JSON, or its parts line by line.
    pub(crate) fn error(&self, failure: &Failure) {
        match self.format {
            Format::Json => write_err(json::pretty(&failure.document).unwrap_or_default().trim_end()),
            Format::Table => write_err(&error_text(failure, Color::new(self.color))),
        }
    }
}

fn error_text(failure: &Failure, color: Color) -> String {
    let rule = failure.rule.as_ref().map(|rule| format!(", rule {rule}")).unwrap_or_default();
    let mut text =
        format!("{} {} ({}{rule})\n", color.red("error:"), plain(&failure.title), color.bold(&plain(&failure.code)));
    text.push_str(&format!("  {}\n", plain(&failure.detail)));
    if let Some(at) = failure.retry_at {
        text.push_str(&format!("  possible from: {}\n", Clock::new(failure.server_time).instant(at)));
    }
    if let Some(step) = &failure.next_step {
        text.push_str(&format!("  next: {}\n", plain(step)));
    }
    text.truncate(text.trim_end().len());
    text
}

fn write_out(bytes: &[u8]) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    let written = out.write_all(bytes).and_then(|()| match bytes.last() {
        Some(b'\n') | None => Ok(()),
        Some(_) => out.write_all(b"\n"),
    });
    match written.and_then(|()| out.flush()) {
        // Who reads only the first lines has what he wants.
        Err(e) if e.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        other => other.map_err(|e| Failure::unexpected(format!("writing to standard output failed: {e}"))),
    }
}

/// Standard error may be closed; there is nobody left to tell.
fn write_err(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}

/// A value as a word: text without quotes, nothing as a dash.
pub(crate) fn word(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::String(text) => plain(text),
        other => plain(&other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_says_code_rule_instant_and_next_step() {
        let body =
            br#"{"title":"Locking is not open yet","detail":"The key was changed 1 min ago.","code":"lock_not_open",
            "rule":"L2","retryAt":"2026-11-24T10:00:00Z","nextStep":"Wait."}"#;
        let failure = Failure::of_answer(409, body, "2026-11-21T10:01:00Z".parse().ok());
        assert_eq!(
            error_text(&failure, Color::new(false)),
            "error: Locking is not open yet (lock_not_open, rule L2)\n  The key was changed 1 min ago.\n  \
             possible from: 2026-11-24 10:00:00 UTC, in 71 h 59 min\n  next: Wait."
        );
    }

    #[test]
    fn what_the_server_says_can_not_steer_the_terminal() {
        let failure = Failure::of_answer(409, b"{\"detail\":\"a\\u001b[2Jb\"}", None);
        assert!(!error_text(&failure, Color::new(false)).contains('\u{1b}'));
    }
}
