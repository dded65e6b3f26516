//! request-approval, give-approval and list-approvals (A7).

use keyward_domain::{
    Approval, ApprovalId, Approved, Command, EnvironmentId, KeyId, OperationName, PlanHash, Rejection, TenantId,
    rules::a7_quorum,
};

use super::{Outcome, begin::new_id};
use crate::{Keyward, Request, ServiceError, plans::on_or_off, refusal::Asked, settle::settle, unit::Unit};

/// What approval is asked for.
#[derive(Clone, Debug)]
pub struct RequestApproval {
    /// The operation.
    pub operation: OperationName,
    /// The environment that it names.
    pub environment: Option<EnvironmentId>,
    /// The key that it names.
    pub key: Option<KeyId>,
}

impl RequestApproval {
    /// The operation as if it were asked for itself, by a tenant whose quorum is on, or not.
    fn asked<'a>(&'a self, tenant: &'a TenantId, quorum: bool) -> Asked<'a> {
        let asked = Asked::of(self.operation, tenant);
        let wanted = (self.operation == OperationName::SetQuorum).then(|| on_or_off(!quorum));
        Asked { environment: self.environment.as_ref(), key: self.key.as_ref(), wanted, ..asked }
    }
}

impl Keyward {
    /// `request-approval` (A7): asks the other administrators. Asked again, it is the same request.
    ///
    /// # Errors
    /// A rule says no, the plan has changed, or the caller may not.
    pub async fn request_approval(
        &self,
        request: &Request,
        tenant: &TenantId,
        wanted: &RequestApproval,
    ) -> Result<Outcome, ServiceError> {
        settle!(self.try_request_approval(request, tenant, wanted))
    }

    async fn try_request_approval(
        &self,
        request: &Request,
        tenant: &TenantId,
        wanted: &RequestApproval,
    ) -> Result<Outcome, ServiceError> {
        self.not_answered(request).await?;
        let asked =
            Asked { environment: wanted.environment.as_ref(), ..Asked::of(OperationName::RequestApproval, tenant) };
        let unplanned = Request { plan: None, ..request.clone() };
        let mut unit = self.begin(&unplanned, asked).await?;
        let approved = self.approved(&mut unit, tenant, wanted).await?;
        if request.plan.as_ref().is_some_and(|plan| *plan != approved.plan) {
            return Err(ServiceError::PlanChanged);
        }
        let approval = new_id("ap")?;
        unit.decide(&Command::RequestApproval { approval, approved: approved.clone() }, None)?;
        let id = a7_quorum::open_request(unit.tenant()?, &approved, unit.context()).map(|open| open.id.clone());
        unit.set_approval(id);
        unit.commit_for(&*self.table, &unplanned, None).await
    }

    /// What is asked for, as its plan is now.
    async fn approved(
        &self,
        unit: &mut Unit<'_>,
        tenant: &TenantId,
        wanted: &RequestApproval,
    ) -> Result<Approved, ServiceError> {
        if wanted.key.as_ref().is_some_and(|key| unit.tenant().is_ok_and(|tenant| tenant.key(key).is_none())) {
            return Err(Rejection::KeyNotFound.into());
        }
        let quorum = unit.tenant()?.quorum;
        self.plan_now(unit, wanted.asked(tenant, quorum)).await?;
        let plan = unit.plan().ok_or(ServiceError::PlanChanged)?.hash.clone();
        let RequestApproval { operation, environment, key } = wanted.clone();
        // How far it reaches is the domain's to say.
        Ok(Approved { operation: operation.as_str().to_owned(), environment, key, plan, reach: 0 })
    }

    /// `give-approval` (A7): says yes to what another administrator asked for, as its plan was.
    ///
    /// # Errors
    /// A rule says no, or the caller may not.
    pub async fn give_approval(
        &self,
        request: &Request,
        tenant: &TenantId,
        approval: &ApprovalId,
        plan: &PlanHash,
    ) -> Result<Outcome, ServiceError> {
        let asked = Asked { approval: Some(approval), ..Asked::of(OperationName::GiveApproval, tenant) };
        let given = settle!(self.try_give_approval(request, asked, approval, plan));
        self.refused(request, asked, given).await
    }

    async fn try_give_approval(
        &self,
        request: &Request,
        asked: Asked<'_>,
        approval: &ApprovalId,
        plan: &PlanHash,
    ) -> Result<Outcome, ServiceError> {
        self.not_answered(request).await?;
        let mut unit = self.begin(request, asked).await?;
        unit.decide(&Command::GiveApproval { approval: approval.clone(), plan: plan.clone() }, None)?;
        unit.set_approval(Some(approval.clone()));
        unit.commit_for(&*self.table, request, None).await
    }

    /// `list-approvals`: what is asked for and what was given, as far as its time is not over and it was not used.
    ///
    /// # Errors
    /// Not found, or the caller may not.
    pub async fn list_approvals(&self, request: &Request, tenant: &TenantId) -> Result<Vec<Approval>, ServiceError> {
        let document = self.tenant_for(request, tenant, OperationName::ListApprovals).await?;
        let context = request.context(&self.settings);
        let mut open: Vec<Approval> = a7_quorum::open(&document.tenant, &context).cloned().collect();
        open.sort_by(|one, other| (one.requested_at, &one.id).cmp(&(other.requested_at, &other.id)));
        Ok(open)
    }
}
