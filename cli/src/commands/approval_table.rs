//! Approvals for people.

use keyward_api::views::ApprovalView;

use crate::output::{Clock, Listing, Sheet};

/// A list of approvals.
pub(super) fn list_text(approvals: &[ApprovalView], clock: Clock) -> String {
    let columns = ["id", "operation", "on", "asked by", "asked", "approved by", "holds until"];
    let mut list = Listing::new(&columns, "No approval is asked for, and none was given that is not used.");
    for approval in approvals {
        list.row([
            approval.id.to_string(),
            approval.operation.clone(),
            on(approval),
            approval.requested_by.to_string(),
            clock.instant(approval.requested_at),
            approval.given_by.as_ref().map_or_else(|| "-".to_owned(), ToString::to_string),
            clock.instant(approval.expires_at),
        ]);
    }
    list.text()
}

/// One approval.
pub(super) fn approval_text(approval: &ApprovalView, clock: Clock) -> String {
    let given = approval.given_by.as_ref().map(|person| match approval.given_at {
        Some(at) => format!("{person}, {}", clock.instant(at)),
        None => person.to_string(),
    });
    Sheet::new()
        .fact("approval", &approval.id)
        .fact("operation", &approval.operation)
        .fact("on", on(approval))
        .fact("asked by", format!("{}, {}", approval.requested_by, clock.instant(approval.requested_at)))
        .fact("approved by", given.unwrap_or_else(|| "- (nobody yet)".to_owned()))
        .fact("holds until", clock.instant(approval.expires_at))
        .fact("plan", &approval.plan.0)
        .text()
}

/// The environment or key that the operation is on.
fn on(approval: &ApprovalView) -> String {
    match (&approval.environment, &approval.key) {
        (Some(environment), _) => format!("environment {environment}"),
        (None, Some(key)) => format!("key {key}"),
        (None, None) => "the tenant".to_owned(),
    }
}
