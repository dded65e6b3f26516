//! One call of an operation.

use keyward_api::{Method, ROUTES};
use keyward_domain::{OperationName, TenantId};
use serde::Serialize;
use zeroize::Zeroizing;

use super::Answer;
use crate::failure::Failure;

/// An operation with what its path, query and body take.
#[derive(Debug)]
pub(crate) struct Call {
    operation: OperationName,
    parameters: Vec<(&'static str, String)>,
    /// Members of the query.
    pub(crate) query: Vec<(&'static str, String)>,
    /// The entity tag of what was read before: refused if it has changed since.
    pub(crate) if_match: Option<String>,
    /// The JSON body; overwritten when dropped.
    pub(crate) body: Option<Zeroizing<Vec<u8>>>,
}

impl Call {
    /// A call of an operation that names no tenant.
    pub(crate) fn new(operation: OperationName) -> Self {
        Self { operation, parameters: Vec::new(), query: Vec::new(), if_match: None, body: None }
    }

    /// A call of an operation of a tenant.
    pub(crate) fn of(tenant: &TenantId, operation: OperationName) -> Self {
        Self::new(operation).with("tenant", tenant)
    }

    /// Fills one parameter of the path.
    pub(crate) fn with(mut self, name: &'static str, value: impl ToString) -> Self {
        self.parameters.push((name, value.to_string()));
        self
    }

    /// Adds a member to the query.
    pub(crate) fn query(mut self, name: &'static str, value: impl ToString) -> Self {
        self.query.push((name, value.to_string()));
        self
    }

    /// Refused if what was read has changed since.
    pub(crate) fn unless_changed_since(mut self, read: &Answer) -> Self {
        self.if_match.clone_from(&read.entity_tag);
        self
    }

    /// Sets the body.
    pub(crate) fn body<B: Serialize>(mut self, body: &B) -> Result<Self, Failure> {
        let bytes = serde_json::to_vec(body).map_err(|e| Failure::unexpected(e.to_string()))?;
        self.body = Some(Zeroizing::new(bytes));
        Ok(self)
    }

    /// Whether the operation is asked for by POST.
    pub(crate) fn is_post(&self) -> bool {
        ROUTES.iter().any(|route| route.operation == self.operation && route.method == Method::Post)
    }

    /// The segments of the path, not encoded.
    pub(crate) fn segments(&self) -> Result<Vec<String>, Failure> {
        let route = ROUTES.iter().find(|route| route.operation == self.operation);
        let route = route.ok_or_else(|| Failure::unexpected(format!("{} has no route", self.operation)))?;
        route.path.split('/').skip(1).map(|segment| self.fill(segment)).collect()
    }

    fn fill(&self, segment: &str) -> Result<String, Failure> {
        let Some(name) = segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) else {
            return Ok(segment.to_owned());
        };
        let value = self.parameters.iter().find(|(known, _)| *known == name).map(|(_, value)| value.clone());
        value.ok_or_else(|| Failure::unexpected(format!("{} needs {name}", self.operation)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_come_from_the_routes() -> Result<(), Failure> {
        let tenant = "contoso".parse().map_err(|_| Failure::unexpected("id"))?;
        let call = Call::of(&tenant, OperationName::ActivateKey).with("key", "k1");
        assert_eq!(call.segments()?, ["v1", "tenants", "contoso", "keys", "k1", "activate"]);
        assert!(call.is_post());
        assert!(!Call::new(OperationName::ReadTenant).is_post());
        assert!(Call::new(OperationName::ReadTenant).segments().is_err());
        Ok(())
    }
}
