//! The texts that the template is made of. `@Name@` stands for what is filled in.

use crate::TemplateError;

pub(crate) const HEAD: &str = include_str!("../parts/head.yaml");
pub(crate) const STATE: &str = include_str!("../parts/state.yaml");
pub(crate) const API: &str = include_str!("../parts/api.yaml");
pub(crate) const MAIL: &str = include_str!("../parts/mail.yaml");
pub(crate) const EVENTS: &str = include_str!("../parts/events.yaml");
pub(crate) const FUNCTION: &str = include_str!("../parts/function.yaml");
pub(crate) const ROUTE: &str = include_str!("../parts/route.yaml");
pub(crate) const AUTHORIZER: &str = include_str!("../parts/authorizer.yaml");
pub(crate) const SWEEP: &str = include_str!("../parts/sweep.yaml");
pub(crate) const STATEMENT_KEY: &str = include_str!("../parts/statement-key.yaml");
pub(crate) const STATEMENT_TABLE: &str = include_str!("../parts/statement-table.yaml");
pub(crate) const STATEMENT_DUE: &str = include_str!("../parts/statement-due.yaml");
pub(crate) const STATEMENT_VAULT: &str = include_str!("../parts/statement-vault.yaml");
pub(crate) const STATEMENT_FAILURES: &str = include_str!("../parts/statement-failures.yaml");
pub(crate) const STATEMENT_NOTICES: &str = include_str!("../parts/statement-notices.yaml");
pub(crate) const ALARMS: &str = include_str!("../parts/alarms.yaml");
pub(crate) const ALARM_ERRORS: &str = include_str!("../parts/alarm-errors.yaml");
pub(crate) const ALARM_SWEEP: &str = include_str!("../parts/alarm-sweep.yaml");
pub(crate) const ALARM_QUEUE: &str = include_str!("../parts/alarm-queue.yaml");
pub(crate) const DASHBOARD: &str = include_str!("../parts/dashboard.yaml");
pub(crate) const OUTPUTS: &str = include_str!("../parts/outputs.yaml");

/// Fills the places of a part.
///
/// # Errors
/// [`TemplateError::Place`] where a name has no place, or a place is left.
pub(crate) fn fill(part: &str, text: &str, values: &[(&str, &str)]) -> Result<String, TemplateError> {
    let error = |name: &str| TemplateError::Place { part: part.to_owned(), name: name.to_owned() };
    let mut filled = text.to_owned();
    for (name, value) in values {
        let place = format!("@{name}@");
        if !filled.contains(&place) {
            return Err(error(name));
        }
        filled = filled.replace(&place, value);
    }
    // Nothing else in the parts has an at sign.
    match filled.split_once('@') {
        None => Ok(filled),
        Some((_, rest)) => Err(error(rest.get(..rest.len().min(20)).unwrap_or_default())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_place_is_filled_and_every_name_has_one() {
        assert_eq!(fill("x", "a @B@ @B@", &[("B", "c")]).ok(), Some("a c c".to_owned()));
        assert!(fill("x", "a @B@", &[]).is_err());
        assert!(fill("x", "a", &[("B", "c")]).is_err());
    }
}
