//! A4: the refusals of destructive requests are in the audit log; A3: a failed attempt to prove possession is told to everybody.

use keyward_domain::{ApprovalId, BackupId, EnvironmentId, Event, KeyId, OperationName, Rejection, Tenant, TenantId};
use keyward_keyfile::KeyFileError;

use crate::{Keyward, Request, ServiceError, addresses, settle::settle, unit::Unit};

/// How many refusals of one person are logged within the window of A8. Each takes a turn in the tenant's sequence of changes: without an end
/// to it, a person without any role could keep the administrators from a lock.
const LOGGED_IN_A_WINDOW: usize = 100;

/// What was asked for, for the log.
#[derive(Clone, Copy)]
pub(crate) struct Asked<'a> {
    pub(crate) operation: OperationName,
    pub(crate) tenant: &'a TenantId,
    pub(crate) environment: Option<&'a EnvironmentId>,
    pub(crate) key: Option<&'a KeyId>,
    pub(crate) backup: Option<&'a BackupId>,
    pub(crate) approval: Option<&'a ApprovalId>,
    /// What else is asked for, where the plan depends on it: the list of administrators as it shall be, the quorum `on` or `off`.
    pub(crate) wanted: Option<&'a str>,
    /// Only the plan is asked for; nothing is changed.
    pub(crate) dry_run: bool,
}

impl<'a> Asked<'a> {
    pub(crate) fn of(operation: OperationName, tenant: &'a TenantId) -> Self {
        Self {
            operation,
            tenant,
            environment: None,
            key: None,
            backup: None,
            approval: None,
            wanted: None,
            dry_run: false,
        }
    }

    pub(crate) fn environment(self, environment: &'a EnvironmentId) -> Self {
        Self { environment: Some(environment), ..self }
    }

    pub(crate) fn key(self, key: &'a KeyId) -> Self {
        Self { key: Some(key), ..self }
    }

    pub(crate) fn wanted(self, wanted: &'a str) -> Self {
        Self { wanted: Some(wanted), ..self }
    }

    pub(crate) fn dry_run(self) -> Self {
        Self { dry_run: true, ..self }
    }

    pub(crate) fn backup(self, backup: &'a BackupId) -> Self {
        Self { backup: Some(backup), ..self }
    }
}

/// The code under which a refusal is logged; nothing for faults that are nobody's decision.
fn code(error: &ServiceError) -> Option<&'static str> {
    match error {
        ServiceError::Rejected(rejection) => Some(rejection.code()),
        ServiceError::Forbidden { .. } => Some("forbidden"),
        ServiceError::SignInTooOld { .. } => Some("sign_in_too_old"),
        ServiceError::TooManyAttempts { .. } => Some("too_many_attempts"),
        ServiceError::PlanChanged => Some("plan_changed"),
        ServiceError::Stale => Some("precondition_failed"),
        ServiceError::KeyFile(error) => Some(error.code()),
        ServiceError::Sealed(error) => Some(error.code()),
        ServiceError::NotSealedForThisVault => Some("not_sealed_for_this_vault"),
        ServiceError::ChallengeNotUsable => Some("challenge_not_usable"),
        _ => None,
    }
}

/// Whether the error is a failed proof of possession, and not a refusal for another reason.
pub(crate) fn is_failed_proof(error: &ServiceError) -> bool {
    matches!(
        error,
        ServiceError::KeyFile(_)
            | ServiceError::Sealed(_)
            | ServiceError::NotSealedForThisVault
            | ServiceError::ChallengeNotUsable
            | ServiceError::Rejected(Rejection::PossessionNotProven)
    )
}

/// L4, A8: whether a key that was brought did not open, is not the one that locked, or is none of the tenant's while some key locks.
pub(crate) fn is_failed_presentation(error: &ServiceError) -> bool {
    matches!(
        error,
        ServiceError::KeyFile(KeyFileError::WrongPassword)
            | ServiceError::Rejected(Rejection::WrongKey { .. } | Rejection::EnvironmentsLocked { .. })
    )
}

impl Keyward {
    /// Logs a refusal and gives it on. Where the log can't be written the caller still gets the refusal; the fault is traced.
    pub(crate) async fn refused<T>(
        &self,
        request: &Request,
        asked: Asked<'_>,
        result: Result<T, ServiceError>,
    ) -> Result<T, ServiceError> {
        let Err(error) = &result else { return result };
        let Some(code) = code(error) else { return result };
        if !asked.operation.is_destructive() || !request.principal.sees(asked.tenant) {
            return result;
        }
        let event = if asked.operation == OperationName::LockTenant && is_failed_proof(error) {
            Event::PossessionNotProven { operation: asked.operation.to_string(), code: code.to_owned() }
        } else {
            Event::RequestRefused {
                operation: asked.operation.to_string(),
                environment: asked.environment.cloned(),
                key: asked.key.cloned(),
                approval: asked.approval.cloned(),
                code: code.to_owned(),
                not_logged_until: None,
            }
        };
        self.log_refusal(request, asked, &event, |_| true).await;
        result
    }

    /// The same for a key that was brought: where the key that locked is awaited, one that does not open, or another one, is a failed proof.
    pub(crate) async fn presented<T>(
        &self,
        request: &Request,
        asked: Asked<'_>,
        result: Result<T, ServiceError>,
    ) -> Result<T, ServiceError> {
        if let Err(error) = &result
            && let Some(code) = code(error).filter(|_| is_failed_presentation(error))
        {
            let event = Event::PossessionNotProven { operation: asked.operation.to_string(), code: code.to_owned() };
            self.log_refusal(request, asked, &event, |tenant| tenant.key_awaited).await;
        }
        result
    }

    async fn log_refusal(&self, request: &Request, asked: Asked<'_>, event: &Event, is_of: fn(&Tenant) -> bool) {
        let logged: Result<(), ServiceError> = settle!(self.try_log_refusal(request, asked.tenant, event, is_of));
        match logged {
            Ok(()) | Err(ServiceError::Rejected(_)) => {}
            Err(fault) => tracing::error!(%fault, operation = %asked.operation, "a refusal could not be logged"),
        }
    }

    async fn try_log_refusal(
        &self,
        request: &Request,
        tenant: &TenantId,
        event: &Event,
        is_of: fn(&Tenant) -> bool,
    ) -> Result<(), ServiceError> {
        let mut unit = Unit::load(&*self.table, tenant, request.context(&self.settings)).await?;
        if !is_of(unit.tenant()?) {
            return Ok(());
        }
        let mut event = event.clone();
        if let Event::RequestRefused { not_logged_until, .. } = &mut event {
            let key = addresses::refusals_of(tenant, &request.principal.person);
            let mut lately = self.attempts_at(key).await?;
            let (now, window) = (request.now, self.settings.attempt_window.delta());
            if lately.value.enter(&unit.revision(None).to_string(), now, window, LOGGED_IN_A_WINDOW).is_err() {
                return Ok(());
            }
            *not_logged_until = lately.value.room_at(now, window, LOGGED_IN_A_WINDOW);
            unit.write(lately.put_with(None, None, Some(now + window))?);
        }
        unit.record(event)?;
        unit.commit(&*self.table).await
    }
}
