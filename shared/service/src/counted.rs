//! Numbers in sentences.

/// A number with its noun: `1 day`, `3 days`.
pub(crate) fn counted(number: u64, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

/// So many environments with their verb: `1 environment is`, `3 environments are`.
pub(crate) fn are(environments: u64) -> String {
    format!("{} {}", counted(environments, "environment"), if environments == 1 { "is" } else { "are" })
}
