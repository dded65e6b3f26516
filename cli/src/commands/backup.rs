//! `keyward backup`.

use keyward_api::requests::{RegisterBackupRequest, RestoreBackupRequest};
use keyward_api::views::{BackupView, PageView, PlanView};
use keyward_domain::{EnvironmentId, OperationName};

use super::environment_table::{backup_text, backups_text};
use crate::client::{Answer, Call, Session};
use crate::confirmation::plan_text;
use crate::failure::Failure;
use crate::grammar::BackupCommand;

/// Runs a command about backups.
pub(crate) fn run(session: &Session, command: &BackupCommand) -> Result<(), Failure> {
    match command {
        BackupCommand::Register { environment, backup, retained_until } => {
            let request = RegisterBackupRequest { id: backup.clone(), retained_until: *retained_until };
            show(session, &session.call(&about(session, OperationName::RegisterBackup, environment)?.body(&request)?)?)
        }
        BackupCommand::List { environment } => {
            let answer = session.list(&about(session, OperationName::ListBackups, environment)?)?;
            let page: PageView<BackupView> = answer.view()?;
            session.output().result(&answer.json()?, || backups_text(&page.value, answer.clock()))
        }
        BackupCommand::Restore { environment, backup, dry_run } => {
            let call = about(session, OperationName::RestoreBackup, environment)?
                .with("backup", backup)
                .body(&RestoreBackupRequest::default())?;
            if !dry_run {
                return show(session, &session.call(&call)?);
            }
            let answer = session.call(&call.query("dryRun", true))?;
            let plan: PlanView = answer.view()?;
            session.output().result(&answer.json()?, || plan_text(&plan, answer.clock()))
        }
    }
}

fn about(session: &Session, operation: OperationName, environment: &EnvironmentId) -> Result<Call, Failure> {
    Ok(Call::of(session.tenant()?, operation).with("environment", environment))
}

fn show(session: &Session, answer: &Answer) -> Result<(), Failure> {
    let backup: BackupView = answer.view()?;
    session.output().result(&answer.json()?, || backup_text(&backup, answer.clock()))
}
