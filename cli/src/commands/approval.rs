//! `keyward approval`.

use keyward_api::requests::{ApprovableOperation, GiveApprovalRequest, RequestApprovalRequest};
use keyward_api::views::{ApprovalView, PageView, PlanView};
use keyward_domain::{ApprovalId, OperationName, PlanHash};
use serde_json::Value;

use super::approval_plan::{confirming_name, plan};
use super::approval_table::{approval_text, list_text};
use crate::client::{Answer, Call, Session};
use crate::confirmation::{APPROVAL_REQUIRED, confirm_shown, plan_text};
use crate::failure::{Exit, Failure};
use crate::grammar::{Approvable, ApprovalCommand, Destructive};

/// Runs a command about approvals.
pub(crate) fn run(session: &Session, command: &ApprovalCommand) -> Result<(), Failure> {
    match command {
        ApprovalCommand::List => {
            let answer = list(session)?;
            let page: PageView<ApprovalView> = answer.view()?;
            session.output().result(&answer.json()?, || list_text(&page.value, answer.clock()))
        }
        ApprovalCommand::Request { operation, environment, key } => {
            let operation = match operation {
                Approvable::LockTenant => ApprovableOperation::LockTenant,
                Approvable::RollBackKey => ApprovableOperation::RollBackKey,
                Approvable::DestroyKey => ApprovableOperation::DestroyKey,
                Approvable::DeleteEnvironment => ApprovableOperation::DeleteEnvironment,
                Approvable::SetQuorum => ApprovableOperation::SetQuorum,
            };
            let wanted =
                RequestApprovalRequest { operation, environment: environment.clone(), key: key.clone(), plan: None };
            request(session, wanted)
        }
        ApprovalCommand::Give { id, plan, destructive } => give(session, id, plan.as_deref(), destructive),
    }
}

fn list(session: &Session) -> Result<Answer, Failure> {
    session.list(&Call::of(session.tenant()?, OperationName::ListApprovals))
}

/// Asks for approval of the plan as it is now, and shows it.
fn request(session: &Session, mut wanted: RequestApprovalRequest) -> Result<(), Failure> {
    wanted
        .check()
        .map_err(|problem| Failure::usage(problem.detail.clone()).next("Give --environment ID or --key ID."))?;
    let planned = plan(session, &wanted)?;
    let shown = for_others(planned.view()?);
    wanted.plan = Some(shown.hash.clone());
    let call = Call::of(session.tenant()?, OperationName::RequestApproval).body(&wanted)?;
    let answer = session.call(&call)?;
    let approval: ApprovalView = answer.view()?;
    // Not before: where it is refused, standard error has the problem alone.
    session.output().remark(plan_text(&shown, planned.clock()).trim_end());
    session.output().result(&answer.json()?, || approval_text(&approval, answer.clock()))?;
    session.output().remark(&format!("Another administrator gives it: keyward approval give {}", approval.id));
    Ok(())
}

fn give(session: &Session, id: &ApprovalId, plan: Option<&str>, destructive: &Destructive) -> Result<(), Failure> {
    let seen = match plan {
        Some(hash) => Some(PlanHash(hash.to_owned())),
        None => confirmed(session, id, destructive)?,
    };
    let Some(plan) = seen else { return Ok(()) };
    let call = Call::of(session.tenant()?, OperationName::GiveApproval).with("approval", id);
    let answer = session.call(&call.body(&GiveApprovalRequest { plan })?)?;
    let given: ApprovalView = answer.view()?;
    session.output().result(&answer.json()?, || approval_text(&given, answer.clock()))?;
    session.output().remark(&format!(
        "{} can do it once, by the same command as before, until {}.",
        given.requested_by,
        answer.clock().instant(given.expires_at)
    ));
    Ok(())
}

/// Shows the plan of what is asked for as it is now, and has it confirmed. Gives its hash; nothing with `--dry-run`.
fn confirmed(session: &Session, id: &ApprovalId, destructive: &Destructive) -> Result<Option<PlanHash>, Failure> {
    let page: PageView<ApprovalView> = list(session)?.view()?;
    let asked = page.value.into_iter().find(|open| open.id == *id).ok_or_else(|| no_such(id))?;
    let wanted = RequestApprovalRequest {
        operation: named(&asked.operation)?,
        environment: asked.environment.clone(),
        key: asked.key.clone(),
        plan: None,
    };
    let planned = plan(session, &wanted)?;
    let mut shown = for_others(planned.view()?);
    if shown.hash != asked.plan {
        return Err(void(&asked));
    }
    let name = confirming_name(session, &wanted)?;
    let until = planned.clock().instant(asked.expires_at);
    shown
        .effects
        .insert(0, format!("{} asks for approval of this, and can do it once until {until}.", asked.requested_by));
    confirm_shown(session.output(), &shown, &planned, &name, destructive, false)
}

/// The plan without a refusal that holds only for who looks at it, and not for who asks.
fn for_others(mut plan: PlanView) -> PlanView {
    const OWN: [&str; 4] =
        [APPROVAL_REQUIRED, "administrator_not_listed", "administrator_too_new", "same_administrator"];
    if plan.refused_with.as_deref().is_some_and(|code| OWN.contains(&code)) {
        plan.refused_with = None;
        plan.retry_at = None;
    }
    plan
}

fn named(operation: &str) -> Result<ApprovableOperation, Failure> {
    serde_json::from_value(Value::String(operation.to_owned())).map_err(|_| {
        Failure::unexpected(format!("approval is asked for {operation}, which this command does not know"))
            .next("Use a keyward command of the same version as the server.")
    })
}

fn no_such(id: &ApprovalId) -> Failure {
    Failure::new(Exit::NotFound, "not_found", format!("no request {id} is open: it was used, has ended, or never was"))
        .next("See the open ones: keyward approval list")
}

fn void(asked: &ApprovalView) -> Failure {
    let ApprovalView { id, operation, requested_by, .. } = asked;
    let detail = format!("the plan of {operation} has changed since {requested_by} asked for approval: {id} is void");
    Failure::new(Exit::Stale, "approval_void", detail)
        .next(format!("{requested_by} looks at the new plan and asks again, by the same command as before."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_that_can_be_approved_is_known_by_its_name() -> Result<(), Failure> {
        for operation in ApprovableOperation::ALL {
            assert_eq!(named(OperationName::from(operation).as_str())?, operation);
        }
        assert!(named("protect-environment").is_err());
        Ok(())
    }
}
