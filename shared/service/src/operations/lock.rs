//! lock-tenant (L1 to L3).

use keyward_domain::{Command, Fingerprint, Instant, OperationId, OperationName, TenantId};

use super::{LockRequest, Outcome, begin::new_operation};
use crate::{
    Keyward, Request, ServiceError,
    attempts::Attempted,
    lease_log::{fences, leases_end},
    possession::Proven,
    refusal::{Asked, is_failed_proof},
    settle::settle,
};

impl Keyward {
    /// `lock-tenant` (L1 to L3): one transaction locks whatever the number of environments; then the private parts are removed from the vault.
    /// The answer comes when they are, or says that the operation still runs.
    ///
    /// # Errors
    /// A rule says no, possession is not proven, or the caller may not.
    pub async fn lock_tenant(
        &self,
        request: &Request,
        tenant: &TenantId,
        lock: &LockRequest,
    ) -> Result<Outcome, ServiceError> {
        let asked = Asked::of(OperationName::LockTenant, tenant);
        let operation = new_operation()?;
        let mut proven = None;
        let locked = settle!(self.try_lock_tenant(request, asked, lock, &operation, &mut proven));
        let mut outcome = self.refused(request, asked, locked).await?;
        self.advance_at_once(&mut outcome, request.now).await;
        Ok(outcome)
    }

    async fn try_lock_tenant(
        &self,
        request: &Request,
        asked: Asked<'_>,
        lock: &LockRequest,
        operation: &OperationId,
        proven: &mut Option<Proven>,
    ) -> Result<Outcome, ServiceError> {
        self.not_answered(request).await?;
        let mut unit = self.begin(request, asked).await?;
        let command = |possessed: Option<Fingerprint>, leases_until: Option<Instant>| Command::LockTenant {
            stated_name: lock.stated_name.clone(),
            possessed,
            leases_until,
            operation: operation.clone(),
        };
        // Every other rule first: the proof costs work, and a refusal must not depend on it.
        let active = unit.tenant()?.active().map(|key| key.fingerprint.clone());
        unit.consider(&command(active.clone(), None), None)?;
        // Proven once: where a lease was faster at the commit, the lock is decided again, and not the work of the proof done again.
        let proven = match proven.take_if(|known| Some(&known.fingerprint) == active.as_ref()) {
            Some(known) => proven.insert(known),
            None => {
                let proof = self.prove(request, unit.tenant()?, &lock.proof);
                let (tenant, id) = (asked.tenant, operation.as_str());
                let attempt = Attempted { tenant, operation: asked.operation, id, has_failed: is_failed_proof };
                proven.insert(self.attempt(request, &attempt, proof).await?)
            }
        };
        unit.set_affected(self.first_environments(asked.tenant).await?);
        // L6: a lease that is handed out between this and the commit, and ends later, lets the commit fail.
        let fences = fences(&*self.table, asked.tenant).await?;
        unit.decide(&command(Some(proven.fingerprint.clone()), leases_end(&fences)), None)?;
        unit.set_fences(fences);
        if let Some(consumed) = &proven.consumed {
            unit.write(consumed.clone());
        }
        unit.commit_for(&*self.table, request, None).await
    }
}
