//! `keyward environment`.

use keyward_api::requests::{
    ApprovableOperation, DeleteEnvironmentRequest, EmptyRequest, RegisterEnvironmentRequest, RequestApprovalRequest,
    RevertEnvironmentRequest,
};
use keyward_api::views::{EnvironmentView, PageView};
use keyward_domain::{EnvironmentId, EnvironmentKind, Name, OperationName, PlanHash};
use serde::Serialize;

use super::environment_table::{environment_text, list_text};
use super::{approval_needed, audit};
use crate::client::{Answer, Call, Session};
use crate::confirmation::confirm;
use crate::failure::Failure;
use crate::grammar::{Destructive, EnvironmentCommand, Kind, Managed, NewEnvironmentArguments};

/// Runs a command about environments.
pub(crate) fn run(session: &Session, command: &EnvironmentCommand) -> Result<(), Failure> {
    match command {
        EnvironmentCommand::Register(new) => register(session, new),
        EnvironmentCommand::List { managed_by, locked } => list(session, *managed_by, *locked),
        EnvironmentCommand::Show { id } => {
            show(session, &session.call(&about(session, OperationName::ReadEnvironment, id)?)?)
        }
        EnvironmentCommand::History { id } => {
            audit::list(session, &about(session, OperationName::ReadEnvironmentHistory, id)?)
        }
        EnvironmentCommand::Protect { id } => plainly(session, OperationName::ProtectEnvironment, id),
        EnvironmentCommand::Unlock { id } => plainly(session, OperationName::UnlockEnvironment, id),
        EnvironmentCommand::Revert { id, destructive } => {
            let request = |stated_name, plan| RevertEnvironmentRequest { stated_name, plan };
            destroy(session, OperationName::RevertEnvironment, id, destructive, request)
        }
        EnvironmentCommand::Delete { id, destructive } => {
            let request = |stated_name, plan| DeleteEnvironmentRequest { stated_name, plan };
            destroy(session, OperationName::DeleteEnvironment, id, destructive, request)
        }
    }
}

fn about(session: &Session, operation: OperationName, id: &EnvironmentId) -> Result<Call, Failure> {
    Ok(Call::of(session.tenant()?, operation).with("environment", id))
}

fn register(session: &Session, new: &NewEnvironmentArguments) -> Result<(), Failure> {
    let request = RegisterEnvironmentRequest {
        id: new.id.clone(),
        name: new.name.clone(),
        kind: match new.kind {
            Kind::Production => EnvironmentKind::Production,
            Kind::Sandbox => EnvironmentKind::Sandbox,
            Kind::Trial => EnvironmentKind::Trial,
            Kind::Teams => EnvironmentKind::Teams,
        },
        region: new.region.clone(),
        system_administrators: new.system_administrators.clone(),
        workloads: new.workloads.clone(),
    };
    show(session, &session.call(&Call::of(session.tenant()?, OperationName::RegisterEnvironment).body(&request)?)?)
}

fn list(session: &Session, managed_by: Option<Managed>, locked: bool) -> Result<(), Failure> {
    let mut call = Call::of(session.tenant()?, OperationName::ListEnvironments);
    if let Some(managed_by) = managed_by {
        let word = match managed_by {
            Managed::Provider => "provider",
            Managed::Tenant => "tenant",
        };
        call = call.query("managedBy", word);
    }
    if locked {
        call = call.query("locked", true);
    }
    let answer = session.list(&call)?;
    let page: PageView<EnvironmentView> = answer.view()?;
    let filtered = locked || managed_by.is_some();
    session.output().result(&answer.json()?, || list_text(&page.value, filtered, answer.clock()))
}

fn plainly(session: &Session, operation: OperationName, id: &EnvironmentId) -> Result<(), Failure> {
    show(session, &session.call(&about(session, operation, id)?.body(&EmptyRequest {})?)?)
}

/// Reverts or deletes. A name is asked for, except to revert what is not production (E4): that can be protected again.
fn destroy<R: Serialize>(
    session: &Session,
    operation: OperationName,
    id: &EnvironmentId,
    destructive: &Destructive,
    request: impl Fn(Option<Name>, Option<PlanHash>) -> R,
) -> Result<(), Failure> {
    let environment: EnvironmentView = session.call(&about(session, OperationName::ReadEnvironment, id)?)?.view()?;
    let name = environment.name;
    let plan_call = about(session, operation, id)?.query("dryRun", true).body(&request(Some(name.clone()), None))?;
    let plan = session.call(&plan_call)?;
    let mut confirmation = destructive.clone();
    let is_asked = operation == OperationName::DeleteEnvironment || environment.kind == EnvironmentKind::Production;
    if !is_asked && confirmation.confirm.is_none() {
        confirmation.confirm = Some(name.to_string());
    }
    let Some(hash) = confirm(session.output(), &plan, name.as_str(), &confirmation, false)? else { return Ok(()) };
    // Reverting needs no approval, so that this one is not asked for.
    let wanted = approval_needed::wanted(ApprovableOperation::DeleteEnvironment, hash.clone());
    let wanted = RequestApprovalRequest { environment: Some(id.clone()), ..wanted };
    let answer = session.call(&about(session, operation, id)?.body(&request(Some(name), Some(hash)))?);
    show(session, &approval_needed::or_ask(session, answer, &wanted)?)
}

fn show(session: &Session, answer: &Answer) -> Result<(), Failure> {
    let environment: EnvironmentView = answer.view()?;
    session.output().result(&answer.json()?, || environment_text(&environment, answer.clock()))
}
