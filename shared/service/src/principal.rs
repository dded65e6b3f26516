//! Who calls, and what A1 lets them do.

use keyward_domain::{Environment, Instant, OperationName, PersonId, Role, Settings, TenantId};

use crate::ServiceError;

/// A caller whose token was verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    /// The tenant that the token is of; absent for the provider's operator.
    pub tenant: Option<TenantId>,
    /// The person or workload.
    pub person: PersonId,
    /// Roles that the token carries. Roles in an environment are in the environment's own lists.
    pub roles: Vec<Role>,
    /// When the person last proved who they are, where the token says so.
    pub authenticated_at: Option<Instant>,
}

impl Principal {
    /// A2: the caller may see that this tenant exists. Operators see all, others their own.
    #[must_use]
    pub fn sees(&self, tenant: &TenantId) -> bool {
        self.has(Role::Operator) || self.tenant.as_ref() == Some(tenant)
    }

    fn has(&self, role: Role) -> bool {
        match role {
            Role::Operator => self.tenant.is_none() && self.roles.contains(&role),
            Role::SystemAdministrator | Role::Workload => false,
            _ => self.tenant.is_some() && self.roles.contains(&role),
        }
    }

    /// A1: the caller may ask for the operation, on this environment where one is named.
    ///
    /// # Errors
    /// [`ServiceError::Forbidden`].
    pub fn may(&self, operation: OperationName, environment: Option<&Environment>) -> Result<(), ServiceError> {
        // The lists name people of the tenant. An operator of the same name is somebody else.
        let in_environment = |role: Role| {
            environment.filter(|_| self.tenant.is_some()).is_some_and(|environment| match role {
                Role::SystemAdministrator => environment.system_administrators.contains(&self.person),
                Role::Workload => environment.workloads.contains(&self.person),
                _ => false,
            })
        };
        if operation.roles().iter().any(|role| self.has(*role) || in_environment(*role)) {
            Ok(())
        } else {
            Err(ServiceError::Forbidden { operation: operation.as_str() })
        }
    }

    /// A5: the caller has signed in recently, where the operation needs that. A token that does not say when has never.
    ///
    /// # Errors
    /// [`ServiceError::SignInTooOld`].
    pub fn signed_in_recently(
        &self,
        operation: OperationName,
        now: Instant,
        settings: &Settings,
    ) -> Result<(), ServiceError> {
        let most = settings.recent_sign_in.delta();
        let is_recent = self.authenticated_at.is_some_and(|at| now < at + most);
        if is_recent || !operation.needs_recent_sign_in() {
            return Ok(());
        }
        let operation = operation.as_str();
        Err(ServiceError::SignInTooOld { operation, most, authenticated_at: self.authenticated_at })
    }
}
