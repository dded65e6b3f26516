//! set-administrators (A6).

use keyward_domain::{Administrator, Command, OperationName, TenantId};

use super::Outcome;
use crate::{
    Keyward, Request, ServiceError,
    plans::{on_or_off, wanted_list},
    refusal::Asked,
    settle::settle,
};

impl Keyward {
    /// `set-administrators` (A6): the list as it shall be.
    ///
    /// # Errors
    /// A rule says no, or the caller may not.
    pub async fn set_administrators(
        &self,
        request: &Request,
        tenant: &TenantId,
        administrators: Vec<Administrator>,
    ) -> Result<Outcome, ServiceError> {
        let wanted = wanted_list(&administrators);
        let asked = Asked::of(OperationName::SetAdministrators, tenant).wanted(&wanted);
        let command = Command::SetAdministrators { administrators };
        let set = settle!(self.try_set(request, asked, &command));
        self.refused(request, asked, set).await
    }

    /// `set-quorum` (A7).
    ///
    /// # Errors
    /// A rule says no, or the caller may not.
    pub async fn set_quorum(
        &self,
        request: &Request,
        tenant: &TenantId,
        required: bool,
    ) -> Result<Outcome, ServiceError> {
        let asked = Asked::of(OperationName::SetQuorum, tenant).wanted(on_or_off(required));
        let set = settle!(self.try_set(request, asked, &Command::SetQuorum { required }));
        self.refused(request, asked, set).await
    }

    async fn try_set(&self, request: &Request, asked: Asked<'_>, command: &Command) -> Result<Outcome, ServiceError> {
        self.not_answered(request).await?;
        let mut unit = self.begin(request, asked).await?;
        unit.decide(command, None)?;
        unit.commit_for(&*self.table, request, None).await
    }
}
