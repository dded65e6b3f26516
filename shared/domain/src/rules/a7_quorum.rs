//! A7: where the tenant asks for it, lock, roll back, delete and destroy wait for a second administrator's approval. It names the operation,
//! what it is on, the hash of its plan and who asked; it holds for a day, and is used up by what it is for. Asking for approvals no longer
//! needs an approval too.

use crate::{
    Administrator, Approval, ApprovalId, Approved, Context, Event, OperationName, PersonId, PlanHash, Rejection,
    Tenant, rules::a6_administrators,
};

/// Administrators that a tenant needs whose administrators approve each other's requests.
const NEEDED: usize = 2;

/// There is a second administrator.
///
/// # Errors
/// [`Rejection::TooFewAdministrators`].
pub fn has_second(administrators: &[Administrator]) -> Result<(), Rejection> {
    let people: std::collections::BTreeSet<_> = administrators.iter().map(|one| &one.person).collect();
    if people.len() >= NEEDED { Ok(()) } else { Err(Rejection::TooFewAdministrators { needed: NEEDED }) }
}

/// The caller is on the list, or was lately where it is about rolling back, and is not new: whoever appoints a helper would else approve
/// what the helper asks for, and be their own second administrator.
///
/// # Errors
/// [`Rejection::AdministratorNotListed`] or [`Rejection::AdministratorTooNew`].
pub fn may_use(tenant: &Tenant, operation: OperationName, context: &Context<'_>) -> Result<(), Rejection> {
    match operation {
        OperationName::RollBackKey => a6_administrators::is_or_was_listed(tenant, context)?,
        _ => a6_administrators::is_listed(tenant, context)?,
    }
    a6_administrators::is_settled(tenant, context)
}

/// The caller has the approval that the tenant asks for: with it, the event that uses it up.
///
/// # Errors
/// [`Rejection::ApprovalRequired`], with the request where there is one that nobody has approved.
pub fn approval(tenant: &Tenant, asked: &Approved, context: &Context<'_>) -> Result<Option<Event>, Rejection> {
    if !tenant.quorum {
        return Ok(None);
    }
    let Some(requested) = open_request(tenant, asked, context) else {
        return Err(Rejection::ApprovalRequired { approval: None });
    };
    let approval = requested.id.clone();
    match given_by(tenant, requested) {
        Some(given_by) => Ok(Some(Event::ApprovalUsed { approval, given_by: given_by.clone() })),
        None => Err(Rejection::ApprovalRequired { approval: Some(approval) }),
    }
}

/// Who approved it. Who was taken off the list in between decides nothing any more: it is as if nobody had.
#[must_use]
pub fn given_by<'a>(tenant: &Tenant, requested: &'a Approval) -> Option<&'a PersonId> {
    let is_listed = |person: &&PersonId| tenant.administrators.iter().any(|listed| listed.person == **person);
    requested.given_by.as_ref().filter(is_listed)
}

/// The caller's own request for this, if its time is not over.
#[must_use]
pub fn open_request<'a>(tenant: &'a Tenant, asked: &Approved, context: &Context<'_>) -> Option<&'a Approval> {
    open(tenant, context).find(|approval| approval.requested_by == *context.by && approval.approved == *asked)
}

/// Requests whose time is not over.
pub fn open<'a>(tenant: &'a Tenant, context: &Context<'_>) -> impl Iterator<Item = &'a Approval> {
    let now = context.now;
    tenant.approvals.values().filter(move |approval| now < approval.expires_at)
}

/// The caller may ask for this.
///
/// # Errors
/// Nothing needs approval, or this does not, or the caller has asked for too much.
pub fn may_ask(tenant: &Tenant, asked: &Approved, context: &Context<'_>) -> Result<(), Rejection> {
    let is_named = |operation: &&OperationName| operation.needs_quorum() && operation.as_str() == asked.operation;
    if !OperationName::ALL.iter().any(|operation| is_named(&operation)) {
        return Err(Rejection::ApprovalNotNeeded { operation: asked.operation.clone() });
    }
    if !tenant.quorum {
        return Err(Rejection::QuorumNotRequired);
    }
    // Who was taken off the list lately may roll back, and so ask for that.
    if asked.operation == OperationName::RollBackKey.as_str() {
        a6_administrators::is_or_was_listed(tenant, context)?;
    } else {
        a6_administrators::is_listed(tenant, context)?;
    }
    let most = context.settings.approvals_per_person;
    if open(tenant, context).filter(|approval| approval.requested_by == *context.by).count() >= most {
        return Err(Rejection::TooManyApprovals { most });
    }
    Ok(())
}

/// The request that the caller may approve: another's, and for the plan that the caller has seen.
///
/// # Errors
/// There is none, it is the caller's own, the plan is another, or the caller decides nothing here (yet).
pub fn to_give<'a>(
    tenant: &'a Tenant,
    id: &ApprovalId,
    plan: &PlanHash,
    context: &Context<'_>,
) -> Result<&'a Approval, Rejection> {
    let requested = open(tenant, context).find(|approval| approval.id == *id).ok_or(Rejection::ApprovalNotFound)?;
    a6_administrators::is_listed(tenant, context)?;
    if requested.requested_by == *context.by {
        return Err(Rejection::ApprovalOfOwnRequest { approval: id.clone() });
    }
    if requested.approved.plan != *plan {
        return Err(Rejection::ApprovalOfOtherPlan { approval: id.clone() });
    }
    a6_administrators::is_settled(tenant, context)?;
    Ok(requested)
}
