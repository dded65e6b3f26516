//! A notice as plain text.

use std::fmt::Write as _;

use keyward_domain::Tenant;

use super::{CLOSING, Told};

/// The whole text, lines ended by `\n`.
pub(super) fn of(tenant: &Tenant, told: &[Told], affected: &[String]) -> String {
    let mut text = format!("Tenant: {} ({})\n", tenant.name, tenant.id);
    for told in told {
        text.push('\n');
        for (label, value) in &told.rows {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{label}: {value}");
        }
    }
    if !affected.is_empty() {
        text.push_str("\nEnvironments:\n");
        for line in affected {
            let _ = writeln!(text, "  - {line}");
        }
    }
    text.push('\n');
    for line in CLOSING {
        text.push_str(line);
        text.push('\n');
    }
    text
}
