//! The parts of a path that name something.

use keyward_domain::{ApprovalId, BackupId, EnvironmentId, IdError, KeyId, OperationId, TenantId};

use crate::Problem;

/// The decoded segments of a path that a route's `{…}` stand for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PathParameters(pub(crate) Vec<(&'static str, String)>);

impl PathParameters {
    /// The text of a parameter, decoded but not checked.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| *known == name).map(|(_, text)| text.as_str())
    }

    fn id<T: std::str::FromStr<Err = IdError>>(&self, name: &str) -> Result<T, Problem> {
        let text = self.get(name).ok_or_else(Problem::not_found)?;
        text.parse().map_err(|error| Problem::invalid_id(&error))
    }

    /// The tenant that the path names.
    ///
    /// # Errors
    /// `invalid_id`; `not_found` where the route names none.
    pub fn tenant(&self) -> Result<TenantId, Problem> {
        self.id("tenant")
    }

    /// The environment that the path names.
    ///
    /// # Errors
    /// `invalid_id`; `not_found` where the route names none.
    pub fn environment(&self) -> Result<EnvironmentId, Problem> {
        self.id("environment")
    }

    /// The key that the path names.
    ///
    /// # Errors
    /// `invalid_id`; `not_found` where the route names none.
    pub fn key(&self) -> Result<KeyId, Problem> {
        self.id("key")
    }

    /// The backup that the path names.
    ///
    /// # Errors
    /// `invalid_id`; `not_found` where the route names none.
    pub fn backup(&self) -> Result<BackupId, Problem> {
        self.id("backup")
    }

    /// The request for approval that the path names.
    ///
    /// # Errors
    /// `invalid_id`; `not_found` where the route names none.
    pub fn approval(&self) -> Result<ApprovalId, Problem> {
        self.id("approval")
    }

    /// The operation that the path names.
    ///
    /// # Errors
    /// `invalid_id`; `not_found` where the route names none.
    pub fn operation(&self) -> Result<OperationId, Problem> {
        self.id("operation")
    }
}
