//! `keyward quorum`.

use keyward_api::requests::{ApprovableOperation, SetQuorumRequest};
use keyward_api::views::TenantView;
use keyward_domain::OperationName;

use super::{approval_needed, tenant};
use crate::client::{Call, Session};
use crate::confirmation::confirm;
use crate::failure::Failure;
use crate::grammar::QuorumCommand;
use crate::output::Sheet;

/// Runs a command about the quorum.
pub(crate) fn run(session: &Session, command: &QuorumCommand) -> Result<(), Failure> {
    let (required, destructive) = match command {
        QuorumCommand::On { destructive } => (true, destructive),
        QuorumCommand::Off { destructive } => (false, destructive),
    };
    let read = tenant::read(session)?;
    let tenant: TenantView = read.view()?;
    if tenant.quorum == required && !destructive.dry_run {
        session.output().remark("It is so already.");
        return session.output().result(&read.json()?, || quorum_text(&tenant));
    }
    let call = || Call::of(&tenant.id, OperationName::SetQuorum).unless_changed_since(&read);
    let mut request = SetQuorumRequest { required, plan: None };
    let plan = session.call(&call().query("dryRun", true).body(&request)?)?;
    let Some(hash) = confirm(session.output(), &plan, tenant.name.as_str(), destructive, false)? else { return Ok(()) };
    request.plan = Some(hash.clone());
    let wanted = approval_needed::wanted(ApprovableOperation::SetQuorum, hash);
    let answer = approval_needed::or_ask(session, session.call(&call().body(&request)?), &wanted)?;
    let tenant: TenantView = answer.view()?;
    session.output().result(&answer.json()?, || quorum_text(&tenant))
}

fn quorum_text(tenant: &TenantView) -> String {
    Sheet::new().fact("tenant", &tenant.id).fact("quorum", on_or_off(tenant.quorum)).text()
}

/// What the quorum means, in a line.
pub(super) fn on_or_off(required: bool) -> &'static str {
    if required {
        "on: lock, roll back, delete and destroy wait for another administrator's approval"
    } else {
        "off: each administrator decides alone"
    }
}
