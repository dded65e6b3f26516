//! The gate: every command, a timer's included, is decided here.

mod environments;
mod keys;
mod lock;
mod people;
mod tenant;

use crate::{Command, Context, Environment, Event, Facts, Rejection, Tenant};

/// What follows from a command in this state at this instant: events, none where there is nothing to do, or a rejection. The order in
/// which a command's rules are checked is part of the contract: what can't be mended by waiting comes before what can, and the proof
/// of possession comes last.
///
/// # Errors
/// The first rule that says no.
pub fn decide(facts: &Facts, command: &Command, context: &Context<'_>) -> Result<Vec<Event>, Rejection> {
    if let Command::RegisterTenant { tenant } = command {
        return tenant::register(facts, tenant, context);
    }
    let tenant = facts.tenant.as_ref().ok_or(Rejection::TenantNotFound)?;
    let plan = facts.plan.as_ref();
    match command {
        Command::RegisterTenant { .. } => Err(Rejection::TenantExists),
        Command::OptInTenant => tenant::opt_in(tenant, context),
        Command::SetAdministrators { administrators } => people::set_administrators(tenant, administrators, context),
        Command::SetQuorum { required } => people::set_quorum(tenant, *required, plan, context),
        Command::RequestApproval { approval, approved } => {
            people::request_approval(tenant, approval, approved, context)
        }
        Command::GiveApproval { approval, plan } => people::give_approval(tenant, approval, plan, context),
        Command::AddKey { key } => keys::add(tenant, key, context),
        Command::PresentKey { key, vault_key } => keys::present(tenant, key, vault_key, context),
        Command::ActivateKey { key, operation } => keys::activate(tenant, key, operation, context),
        Command::RollBackKey { operation } => keys::roll_back(tenant, operation, plan, context),
        Command::FinishOperation { operation } => keys::finish(tenant, operation),
        Command::DestroyKey { key, dependents, operation } => {
            let destroy = keys::Destroy { key, dependents, operation };
            keys::destroy(tenant, &destroy, plan, context)
        }
        Command::LockTenant { stated_name, possessed, leases_until, operation } => {
            let proof = lock::Stated { name: stated_name, possessed: possessed.as_ref(), leases_until: *leases_until };
            lock::lock(tenant, &proof, operation, plan, context)
        }
        Command::OpenLock => lock::open(tenant, context),
        Command::RemindOfDeletion { epoch, days } => lock::remind(tenant, *epoch, *days, context),
        Command::RegisterEnvironment { environment } => {
            environments::register(tenant, facts.environment.as_ref(), environment, context)
        }
        _ => {
            let environment = facts.environment.as_ref().ok_or(Rejection::EnvironmentNotFound)?;
            decide_environment(facts, tenant, environment, command, context)
        }
    }
}

fn decide_environment(
    facts: &Facts,
    tenant: &Tenant,
    environment: &Environment,
    command: &Command,
    context: &Context<'_>,
) -> Result<Vec<Event>, Rejection> {
    match command {
        Command::RewrapEnvironment { operation } => keys::rewrap(tenant, environment, operation),
        Command::ProtectEnvironment => environments::protect(tenant, environment, context),
        Command::RevertEnvironment { stated_name } => {
            environments::revert(tenant, environment, stated_name.as_ref(), context)
        }
        Command::UnlockEnvironment => lock::unlock(tenant, environment, context),
        Command::DeleteEnvironment { stated_name } => {
            environments::delete(tenant, environment, stated_name.as_ref(), facts.plan.as_ref(), context)
        }
        Command::EnforceDeletion => lock::enforce_deletion(tenant, environment, context),
        Command::RegisterBackup { backup, retained_until } => {
            environments::register_backup(tenant, environment, facts.backup.as_ref(), backup, *retained_until, context)
        }
        Command::RestoreBackup => environments::restore_backup(tenant, environment, facts.backup.as_ref(), context),
        Command::LeaseDataKey { generation } => environments::lease(tenant, environment, *generation, context),
        _ => Err(Rejection::EnvironmentNotFound),
    }
}
