//! Reading a request's query.

use keyward_domain::ManagedBy;

use crate::Problem;
use crate::routes::{QueryKind, QueryParameter, Route, percent_decoded};

/// Most elements of one page.
pub const MOST_PER_PAGE: u32 = 100;
/// Longest query that is looked at, in bytes.
const MAX_QUERY_BYTES: usize = 2048;

/// What a request's query asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query {
    /// Whether only the plan is wanted.
    pub dry_run: bool,
    /// Only environments managed so.
    pub managed_by: Option<ManagedBy>,
    /// Only environments that are locked, or that are not.
    pub locked: Option<bool>,
    /// Where the page begins, as an earlier answer's `nextLink` says.
    pub after: Option<String>,
    /// Most elements of the page, at most [`MOST_PER_PAGE`].
    pub limit: Option<u32>,
}

impl Route {
    /// Reads the query of a request for this route, without its `?`.
    ///
    /// # Errors
    /// `malformed_request` for a parameter that the route does not take, that is given twice, or that has another value. A typing
    /// error in `dryRun` must not destroy anything.
    pub fn read_query(&self, query: &str) -> Result<Query, Problem> {
        if query.len() > MAX_QUERY_BYTES {
            return Err(Problem::malformed_request(format!("the query is longer than {MAX_QUERY_BYTES} bytes")));
        }
        let mut read = Query::default();
        let mut seen: Vec<&'static str> = Vec::new();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let parameter = self.query.iter().find(|parameter| parameter.name == name).ok_or_else(|| {
                let known: Vec<_> = self.query.iter().map(|parameter| parameter.name).collect();
                let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
                Problem::malformed_request(format!("the query has an unknown parameter; known here: {known}"))
            })?;
            if seen.contains(&parameter.name) {
                return Err(Problem::malformed_request(format!("the query gives {} twice", parameter.name)));
            }
            seen.push(parameter.name);
            let value = percent_decoded(value).ok_or_else(|| expected(parameter))?;
            read.take(parameter, value).ok_or_else(|| expected(parameter))?;
        }
        Ok(read)
    }
}

impl Query {
    /// Takes a parameter's value; nothing where it is not one of its values.
    fn take(&mut self, parameter: &QueryParameter, value: String) -> Option<()> {
        match (parameter.name, value.as_str()) {
            ("dryRun", "true") => self.dry_run = true,
            ("dryRun", "false") => self.dry_run = false,
            ("locked", "true") => self.locked = Some(true),
            ("locked", "false") => self.locked = Some(false),
            ("managedBy", "provider") => self.managed_by = Some(ManagedBy::Provider),
            ("managedBy", "tenant") => self.managed_by = Some(ManagedBy::Tenant),
            ("limit", digits) => self.limit = Some(digits.parse().ok().filter(|n| (1..=MOST_PER_PAGE).contains(n))?),
            ("after", text) if !text.is_empty() => self.after = Some(value),
            _ => return None,
        }
        Some(())
    }
}

fn expected(parameter: &QueryParameter) -> Problem {
    let values = match parameter.kind {
        QueryKind::Boolean => "true or false".to_owned(),
        QueryKind::OneOf(words) => words.join(" or "),
        QueryKind::UpTo(most) => format!("a whole number from 1 to {most}"),
        QueryKind::Opaque => "what nextLink of an earlier answer gave".to_owned(),
    };
    Problem::malformed_request(format!("the query parameter {} must be {values}", parameter.name))
}

#[cfg(test)]
mod tests {
    use keyward_domain::OperationName;

    use super::*;
    use crate::ROUTES;

    fn read(operation: OperationName, query: &str) -> Result<Query, String> {
        let route = ROUTES.iter().find(|route| route.operation == operation);
        route.map_or(Err("no route".to_owned()), |route| route.read_query(query).map_err(|p| p.detail.clone()))
    }

    #[test]
    fn known_parameters_are_read() {
        let query = read(OperationName::ListEnvironments, "managedBy=tenant&locked=true&limit=100&after=a%2Fb");
        assert_eq!(
            query,
            Ok(Query {
                dry_run: false,
                managed_by: Some(ManagedBy::Tenant),
                locked: Some(true),
                after: Some("a/b".to_owned()),
                limit: Some(100)
            })
        );
        assert_eq!(read(OperationName::DeleteEnvironment, "dryRun=true").map(|q| q.dry_run), Ok(true));
        assert_eq!(read(OperationName::ReadTenant, ""), Ok(Query::default()));
    }

    #[test]
    fn a_typing_error_is_refused() {
        for query in ["dryrun=true", "dryRun", "dryRun=1", "dryRun=true&dryRun=false", "dryRun=%zz", "limit=1"] {
            assert!(read(OperationName::DeleteEnvironment, query).is_err(), "{query}");
        }
        for query in ["limit=0", "limit=101", "limit=x", "after=", "managedBy=policy", "locked="] {
            assert!(read(OperationName::ListEnvironments, query).is_err(), "{query}");
        }
    }

    #[test]
    fn every_parameter_of_the_table_can_be_read() {
        for (route, parameter) in ROUTES.iter().flat_map(|route| route.query.iter().map(move |p| (route, p))) {
            let value = match parameter.kind {
                QueryKind::Boolean => "true",
                QueryKind::OneOf(words) => words.first().copied().unwrap_or_default(),
                QueryKind::UpTo(_) => "1",
                QueryKind::Opaque => "x",
            };
            assert!(route.read_query(&format!("{}={value}", parameter.name)).is_ok(), "{}", parameter.name);
        }
    }
}
