//! A7: where the tenant asks for it, lock, roll back, delete and destroy wait for a second administrator's approval. It names the operation,
//! what it is on, the hash of its plan and who asked; it holds for a day, and is used up by what it is for. Switching this on and off
//! needs an approval too. Who asks again for the same thing replaces what they asked for before.

use std::collections::BTreeSet;

use crate::{
    Administrator, Approval, ApprovalId, Approved, Context, Event, KeyChange, OperationName, PersonId, PlanHash,
    Rejection, Tenant, rules::a6_administrators,
};

/// Administrators that a tenant needs whose administrators approve each other's requests.
const NEEDED: usize = 2;

/// There is a second administrator, new or not: one who is hostile can be taken off, and another put in their place, at once.
///
/// # Errors
/// [`Rejection::TooFewAdministrators`].
pub fn second_stays(wanted: &[Administrator]) -> Result<(), Rejection> {
    are_enough(wanted.iter().map(|one| &one.person))
}

/// Two of the administrators have been administrators for longer than the wait of A6: neither a helper nor a made-up person is a second one.
///
/// # Errors
/// [`Rejection::TooFewAdministrators`].
pub fn has_second(tenant: &Tenant, context: &Context<'_>) -> Result<(), Rejection> {
    let listed = tenant.administrators.iter().map(|one| &one.person);
    are_enough(listed.filter(|person| a6_administrators::settled(tenant, person, context)))
}

/// People are counted, not entries of the list: one may stand there with two addresses.
fn are_enough<'a>(people: impl Iterator<Item = &'a PersonId>) -> Result<(), Rejection> {
    let people: BTreeSet<_> = people.collect();
    if people.len() >= NEEDED { Ok(()) } else { Err(Rejection::TooFewAdministrators { needed: NEEDED }) }
}

/// Whether this waits for an approval. Switching the quorum on does as well: that shows that there is a second administrator who can approve,
/// before the others cannot do without.
#[must_use]
pub fn is_needed(tenant: &Tenant, operation: OperationName) -> bool {
    operation.needs_quorum() && (tenant.quorum || operation == OperationName::SetQuorum)
}

/// How far the operation reaches now: see [`Approved::reach`].
#[must_use]
pub(crate) fn reach(tenant: &Tenant, operation: &str) -> u64 {
    if operation == OperationName::LockTenant.as_str() { tenant.protections } else { 0 }
}

/// Whether rolling this change back needs an approval: not where the quorum was switched on after it, or shortly before. Else whoever
/// changes the key could keep the others from undoing it by switching the quorum on.
#[must_use]
pub fn binds_rollback(tenant: &Tenant, change: &KeyChange, context: &Context<'_>) -> bool {
    let wait = context.settings.administrator_wait.delta();
    tenant.quorum && tenant.quorum_since.is_none_or(|since| change.changed_at >= since + wait)
}

/// The event that uses up the approval that the caller has for this.
///
/// # Errors
/// [`Rejection::ApprovalRequired`], with the request where there is one that nobody has approved.
pub fn approval(tenant: &Tenant, asked: &Approved, context: &Context<'_>) -> Result<Event, Rejection> {
    let Some(requested) = open_request(tenant, asked, context) else {
        return Err(Rejection::ApprovalRequired { approval: None });
    };
    let approval = requested.id.clone();
    match &requested.given_by {
        Some(given_by) => Ok(Event::ApprovalUsed { approval, given_by: given_by.clone() }),
        None => Err(Rejection::ApprovalRequired { approval: Some(approval) }),
    }
}

/// The caller's own request for this, if its time is not over.
#[must_use]
pub fn open_request<'a>(tenant: &'a Tenant, asked: &Approved, context: &Context<'_>) -> Option<&'a Approval> {
    open(tenant, context).find(|approval| approval.requested_by == *context.by && approval.approved.covers(asked))
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
    let Some(operation) = OperationName::ALL.iter().find(is_named) else {
        return Err(Rejection::ApprovalNotNeeded { operation: asked.operation.clone() });
    };
    if !is_needed(tenant, *operation) {
        return Err(Rejection::QuorumNotRequired);
    }
    decides(tenant, asked, context)?;
    let most = context.settings.approvals_per_person;
    let is_other =
        |approval: &&Approval| approval.requested_by == *context.by && !approval.approved.is_same_thing(asked);
    if open(tenant, context).filter(is_other).count() >= most {
        return Err(Rejection::TooManyApprovals { most });
    }
    Ok(())
}

/// Who asks for something, or approves it, is on the list. Who was taken off it lately may roll back, and so ask for that and approve it:
/// else whoever changes the key could keep the others from undoing it by taking them off.
fn decides(tenant: &Tenant, asked: &Approved, context: &Context<'_>) -> Result<(), Rejection> {
    if asked.is_rollback() {
        a6_administrators::is_or_was_listed(tenant, context)
    } else {
        a6_administrators::is_listed(tenant, context)
    }
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
    decides(tenant, &requested.approved, context)?;
    if requested.requested_by == *context.by {
        return Err(Rejection::ApprovalOfOwnRequest { approval: id.clone() });
    }
    if requested.approved.plan != *plan {
        return Err(Rejection::ApprovalOfOtherPlan { approval: id.clone() });
    }
    a6_administrators::is_settled(tenant, context)?;
    Ok(requested)
}
