//! How every change begins: the state is loaded, the caller is checked, and the caller's own conditions are held against the state.

use std::str::FromStr;

use keyward_domain::{IdError, OperationId, Rejection, rules::a7_quorum};

use crate::{
    Answer, Keyward, Request, ServiceError, documents::AnswerDocument, refusal::Asked, stored::load, unit::Unit,
    vault_entry::random_hex,
};

impl Keyward {
    /// Loads what the request names, for a caller who may ask for it.
    pub(crate) async fn begin<'a>(&'a self, request: &'a Request, asked: Asked<'_>) -> Result<Unit<'a>, ServiceError> {
        let mut unit = Unit::load(&*self.table, asked.tenant, request.context(&self.settings)).await?;
        if !request.principal.sees(asked.tenant) {
            return Err(Rejection::TenantNotFound.into());
        }
        match asked.environment {
            Some(id) => {
                let environment = unit.load_environment(&*self.table, id).await?;
                request.principal.may(asked.operation, environment)?;
                unit.tenant()?;
                unit.environment(id)?;
            }
            None => {
                request.principal.may(asked.operation, None)?;
                unit.tenant()?;
            }
        }
        if !asked.dry_run {
            request.principal.signed_in_recently(asked.operation, request.now, &self.settings)?;
        }
        if request.if_match.is_some_and(|revision| revision != unit.revision(asked.environment)) {
            return Err(ServiceError::Stale);
        }
        let is_approved = a7_quorum::is_needed(unit.tenant()?, asked.operation);
        if is_approved || asked.dry_run || request.plan.is_some() {
            self.plan_now(&mut unit, asked).await?;
        }
        if request.plan.is_some() && request.plan.as_ref() != unit.plan().map(|now| &now.hash) {
            return Err(ServiceError::PlanChanged);
        }
        Ok(unit)
    }

    /// The stored answer, where this caller's request with this key was answered within a day.
    ///
    /// # Errors
    /// [`ServiceError::IdempotencyKeyReused`] where the key belongs to another request.
    pub async fn stored_answer(&self, request: &Request) -> Result<Option<Answer>, ServiceError> {
        let Some(idempotency) = &request.idempotency else { return Ok(None) };
        let key = super::answer_key(request, &idempotency.key);
        let stored = load::<AnswerDocument>(&*self.table, &key).await?;
        match stored.map(|stored| stored.value).filter(|stored| stored.is_good(request.now)) {
            Some(stored) if stored.request_hash == idempotency.request_hash => Ok(Some(stored.answer)),
            Some(_) => Err(ServiceError::IdempotencyKeyReused),
            None => Ok(None),
        }
    }

    /// Before an attempt of a change: a repeated request must not be decided again.
    pub(crate) async fn not_answered(&self, request: &Request) -> Result<(), ServiceError> {
        match self.stored_answer(request).await? {
            Some(_) => Err(ServiceError::AnsweredBefore),
            None => Ok(()),
        }
    }
}

/// A new operation's identifier.
pub(crate) fn new_operation() -> Result<OperationId, ServiceError> {
    new_id("op")
}

/// An identifier that nothing has had yet.
pub(super) fn new_id<T: FromStr<Err = IdError>>(kind: &str) -> Result<T, ServiceError> {
    let id = format!("{kind}-{}", random_hex::<12>()?);
    id.parse().map_err(|error: IdError| ServiceError::Corrupt(error.to_string()))
}
