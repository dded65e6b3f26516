//! Who administers a tenant, and what they approve of each other.

use crate::{
    Administrator, ApprovalId, Approved, Context, EnvironmentId, Event, KeyId, OperationName, PlanHash, Rejection,
    Tenant,
    rules::{a6_administrators, a7_quorum},
};

pub(super) fn set_administrators(
    tenant: &Tenant,
    wanted: &[Administrator],
    context: &Context<'_>,
) -> Result<Vec<Event>, Rejection> {
    // The order says nothing.
    if wanted.len() == tenant.administrators.len() && wanted.iter().all(|one| tenant.administrators.contains(one)) {
        return Ok(Vec::new());
    }
    a6_administrators::one_stays(tenant, wanted, context)?;
    if tenant.quorum {
        a7_quorum::second_stays(wanted)?;
    }
    Ok(vec![a6_administrators::set(tenant, wanted, context)?])
}

pub(super) fn set_quorum(
    tenant: &Tenant,
    required: bool,
    plan: Option<&PlanHash>,
    context: &Context<'_>,
) -> Result<Vec<Event>, Rejection> {
    if required == tenant.quorum {
        return Ok(Vec::new());
    }
    a6_administrators::is_listed(tenant, context)?;
    a6_administrators::is_settled(tenant, context)?;
    if required {
        a7_quorum::has_second(tenant, context)?;
    }
    let used = approved(tenant, OperationName::SetQuorum, (None, None), plan, context)?;
    Ok([Event::QuorumSet { required }].into_iter().chain(used).collect())
}

pub(super) fn request_approval(
    tenant: &Tenant,
    approval: &ApprovalId,
    asked: &Approved,
    context: &Context<'_>,
) -> Result<Vec<Event>, Rejection> {
    let asked = &Approved { reach: a7_quorum::reach(tenant, &asked.operation), ..asked.clone() };
    if a7_quorum::open_request(tenant, asked, context).is_some() {
        return Ok(Vec::new());
    }
    a7_quorum::may_ask(tenant, asked, context)?;
    let expires_at = context.now + context.settings.approval_life.delta();
    Ok(vec![Event::ApprovalRequested { approval: approval.clone(), approved: asked.clone(), expires_at }])
}

pub(super) fn give_approval(
    tenant: &Tenant,
    approval: &ApprovalId,
    plan: &PlanHash,
    context: &Context<'_>,
) -> Result<Vec<Event>, Rejection> {
    let requested = a7_quorum::to_give(tenant, approval, plan, context)?;
    if requested.given_by.is_some() {
        return Ok(Vec::new());
    }
    let (approved, requested_by) = (requested.approved.clone(), requested.requested_by.clone());
    Ok(vec![Event::ApprovalGiven { approval: approval.clone(), approved, requested_by }])
}

/// The event that uses up the approval of this operation, where the tenant asks for one.
pub(super) fn approved(
    tenant: &Tenant,
    operation: OperationName,
    on: (Option<&EnvironmentId>, Option<&KeyId>),
    plan: Option<&PlanHash>,
    context: &Context<'_>,
) -> Result<Option<Event>, Rejection> {
    if !a7_quorum::is_needed(tenant, operation) {
        return Ok(None);
    }
    // Without a plan there is nothing that anybody could have approved.
    let plan = plan.ok_or(Rejection::ApprovalRequired { approval: None })?.clone();
    let (environment, key) = (on.0.cloned(), on.1.cloned());
    let reach = a7_quorum::reach(tenant, operation.as_str());
    let asked = Approved { operation: operation.as_str().to_owned(), environment, key, plan, reach };
    a7_quorum::approval(tenant, &asked, context).map(Some)
}
