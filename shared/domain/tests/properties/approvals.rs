//! Approval asked for and given before what needs it, or only asked for.

use keyward_domain::{Approved, Command, Instant, OperationName, PlanHash};

use crate::{
    steps::{Step, person},
    world::{Request, World},
};

/// What the others have to do with a step where the tenant asks for approvals.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Consent {
    /// It is asked for as if nobody had to approve.
    NotAsked,
    /// Approval is asked for and nothing done yet.
    Asked,
    /// Approval is asked for, and given by this one, at the same instant.
    Given(usize),
}

/// What has to be approved for this request.
pub(crate) fn approved(request: &Request) -> Option<Approved> {
    let operation = match &request.command {
        Command::LockTenant { .. } => OperationName::LockTenant,
        Command::RollBackKey { .. } => OperationName::RollBackKey,
        Command::DestroyKey { .. } => OperationName::DestroyKey,
        Command::DeleteEnvironment { .. } => OperationName::DeleteEnvironment,
        Command::SetQuorum { .. } => OperationName::SetQuorum,
        _ => return None,
    };
    let key = if let Command::DestroyKey { key, .. } = &request.command { Some(key.clone()) } else { None };
    let environment = request.environment.clone();
    let plan = request.plan.clone()?;
    Some(Approved { operation: operation.as_str().to_owned(), environment, key, plan, reach: 0 })
}

pub(crate) fn plan(place: usize) -> PlanHash {
    PlanHash(format!("p{place}"))
}

/// The request with what goes before it.
pub(crate) fn with_consent(world: &World, step: &Step, at: Instant, request: Request) -> Vec<Request> {
    let is_on = world.tenant.as_ref().is_some_and(|tenant| tenant.quorum);
    let is_needed = |approved: &Approved| is_on || approved.operation == "set-quorum";
    let Some(approved) = approved(&request).filter(is_needed) else { return vec![request] };
    let approval: keyward_domain::ApprovalId = world.approval(&request.by, &approved, at).parse().unwrap();
    let plan = approved.plan.clone();
    let ask = |by: usize, command| Request { by: person(by), at, environment: None, backup: None, plan: None, command };
    let requested = ask(step.by, Command::RequestApproval { approval: approval.clone(), approved });
    match step.consent {
        Consent::NotAsked => vec![request],
        Consent::Asked => vec![requested],
        Consent::Given(second) => vec![requested, ask(second, Command::GiveApproval { approval, plan }), request],
    }
}
