//! What a command does where a second administrator has to approve first (A7): it asks for that, and says what comes next.

use chrono::SecondsFormat;
use keyward_api::requests::{ApprovableOperation, RequestApprovalRequest};
use keyward_api::views::{AdministratorView, ApprovalView, TenantView};
use keyward_domain::{OperationName, PlanHash};
use serde_json::json;

use super::tenant;
use crate::client::{Answer, Call, Session};
use crate::confirmation::APPROVAL_REQUIRED;
use crate::failure::Failure;
use crate::output::Clock;

/// So many of those who can approve are named.
const MOST_NAMED: usize = 5;

/// A request for the approval of an operation as this plan is, on nothing in particular.
pub(super) fn wanted(operation: ApprovableOperation, plan: PlanHash) -> RequestApprovalRequest {
    RequestApprovalRequest { operation, environment: None, key: None, plan: Some(plan) }
}

/// The answer to an operation. Where it needs an approval, that is asked for, and the failure says who can give it, until when and how.
///
/// `wanted` is the operation with the hash of the plan that was confirmed. Asked again, it is the same request.
pub(super) fn or_ask(
    session: &Session,
    answer: Result<Answer, Failure>,
    wanted: &RequestApprovalRequest,
) -> Result<Answer, Failure> {
    match answer {
        Err(failure) if failure.code == APPROVAL_REQUIRED => Err(asked(session, failure, wanted)?),
        other => other,
    }
}

fn asked(session: &Session, failure: Failure, wanted: &RequestApprovalRequest) -> Result<Failure, Failure> {
    let call = Call::of(session.tenant()?, OperationName::RequestApproval).body(wanted)?;
    let answer = session.call(&call)?;
    let approval: ApprovalView = answer.view()?;
    // The approval is asked for: whether it can be said who may give it changes nothing about that.
    let tenant: Option<TenantView> = tenant::read(session).and_then(|answer| answer.view()).ok();
    let others = tenant.map_or_else(Vec::new, |tenant| approvers(tenant.administrators, &approval));
    let mut failure = failure.next(next_step(&approval, &others, answer.clock()));
    failure.document["approval"] = json!(approval.id);
    failure.document["plan"] = json!(approval.plan);
    failure.document["expiresAt"] = json!(approval.expires_at.to_rfc3339_opts(SecondsFormat::Secs, true));
    failure.document["approvers"] = others.iter().map(|one| json!(one.person)).collect();
    Ok(failure)
}

/// Those who can approve in time: not who asked, and those first who need not wait.
fn approvers(mut others: Vec<AdministratorView>, approval: &ApprovalView) -> Vec<AdministratorView> {
    others.retain(|one| {
        one.person != approval.requested_by && one.new_until.is_none_or(|settled_at| settled_at < approval.expires_at)
    });
    others.sort_by_key(|one| one.new_until);
    others
}

fn next_step(approval: &ApprovalView, others: &[AdministratorView], clock: Clock) -> String {
    let named = others.iter().take(MOST_NAMED).map(|one| match one.new_until {
        None => format!("{} ({})", one.name, one.person),
        Some(at) => format!("{} ({}, not before {})", one.name, one.person, clock.instant(at)),
    });
    let mut who = named.collect::<Vec<_>>().join(" or ");
    match others.len() {
        0 => who.push_str("another administrator who is not new"),
        many if many > MOST_NAMED => who.push_str(&format!(" or {} more", many - MOST_NAMED)),
        _ => {}
    }
    let (id, until) = (&approval.id, clock.instant(approval.expires_at));
    format!(
        "Approval is asked for. It is given by {who}: keyward approval give {id}. Then repeat this command; the approval \
         holds until {until}."
    )
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
    use keyward_domain::{PlanHash, Role};

    use super::*;

    fn approval() -> ApprovalView {
        ApprovalView {
            id: "ap-1".parse().unwrap(),
            operation: "lock-tenant".to_owned(),
            environment: None,
            key: None,
            plan: PlanHash("ab".to_owned()),
            requested_by: "alice".parse().unwrap(),
            requested_at: "2026-11-21T00:00:00Z".parse().unwrap(),
            expires_at: "2026-11-22T00:00:00Z".parse().unwrap(),
            given_by: None,
            given_at: None,
        }
    }

    fn other(person: &str, new_until: Option<&str>) -> AdministratorView {
        AdministratorView {
            person: person.parse().unwrap(),
            name: person.to_uppercase().parse().unwrap(),
            email: "x@x.example".to_owned(),
            role: Role::GlobalAdministrator,
            new_until: new_until.map(|at| at.parse().unwrap()),
            former_until: None,
        }
    }

    #[test]
    fn only_who_can_approve_in_time_is_named() {
        let listed = vec![
            other("alice", None),
            other("eve", Some("2026-11-21T23:59:59Z")),
            other("bob", None),
            other("mia", Some("2026-11-22T00:00:00Z")),
        ];
        let people: Vec<String> = approvers(listed, &approval()).iter().map(|one| one.person.to_string()).collect();
        assert_eq!(people, ["bob", "eve"]);
    }

    #[test]
    fn the_next_step_says_who_how_and_until_when() {
        let clock = Clock::new("2026-11-21T00:00:00Z".parse().ok());
        let text = next_step(&approval(), &[other("bob", None), other("eve", Some("2026-11-21T20:00:00Z"))], clock);
        for part in [
            "BOB (bob) or EVE (eve, not before 2026-11-21 20:00:00 UTC, in 20 h)",
            "keyward approval give ap-1.",
            "until 2026-11-22 00:00:00 UTC, in 24 h",
        ] {
            assert!(text.contains(part), "{part} in {text}");
        }
        assert!(next_step(&approval(), &[], clock).contains("by another administrator who is not new: keyward"));
        let many: Vec<_> = (0..7).map(|n| other(&format!("p{n}"), None)).collect();
        assert!(next_step(&approval(), &many, clock).contains("P4 (p4) or 2 more: keyward"));
    }
}
