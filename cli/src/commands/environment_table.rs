//! Environments and backups for people.

use keyward_api::views::{BackupView, EnvironmentState, EnvironmentView};
use keyward_domain::{EnvironmentKind, ManagedBy, WrappingKey};

use super::tenant::joined;
use crate::output::{Clock, Listing, Sheet};

/// A list of environments.
pub(crate) fn list_text(environments: &[EnvironmentView], filtered: bool, clock: Clock) -> String {
    let empty = if filtered {
        "No environment is like that. All: keyward environment list"
    } else {
        "No environments yet. The provider's operator registers them: keyward environment register"
    };
    let columns = ["id", "name", "kind", "region", "state", "managed by", "wrapped by", "generation", "deletion"];
    let mut list = Listing::new(&columns, empty);
    for environment in environments {
        list.row([
            environment.id.to_string(),
            environment.name.to_string(),
            kind_text(environment.kind).to_owned(),
            environment.region.to_string(),
            state_text(environment.state).to_owned(),
            managed_text(environment.managed_by).to_owned(),
            wrapping_text(&environment.wrapped_by),
            environment.newest_generation.to_string(),
            clock.maybe(environment.deletion_at),
        ]);
    }
    list.text()
}

/// One environment.
pub(crate) fn environment_text(environment: &EnvironmentView, clock: Clock) -> String {
    Sheet::new()
        .fact("environment", &environment.id)
        .fact("name", &environment.name)
        .fact("kind", kind_text(environment.kind))
        .fact("region", &environment.region)
        .fact("state", state_text(environment.state))
        .maybe("locked", environment.locked_at.map(|at| clock.instant(at)))
        .maybe("deletion", environment.deletion_at.map(|at| clock.instant(at)))
        .maybe("deleted", environment.deleted_at.map(|at| clock.instant(at)))
        .fact("managed by", managed_text(environment.managed_by))
        .fact("wrapped by", wrapping_text(&environment.wrapped_by))
        .fact("newest generation", environment.newest_generation)
        .fact("registered", clock.instant(environment.registered_at))
        .fact("system administrators", joined(&environment.system_administrators))
        .fact("workloads", joined(&environment.workloads))
        .text()
}

/// A list of backups.
pub(crate) fn backups_text(backups: &[BackupView], clock: Clock) -> String {
    let columns = ["id", "taken", "retained until", "generations", "wrapped by"];
    let mut list =
        Listing::new(&columns, "No backups yet. The provider's operator registers them: keyward backup register");
    for backup in backups {
        list.row([
            backup.id.to_string(),
            clock.instant(backup.taken_at),
            clock.instant(backup.retained_until),
            format!("1 to {}", backup.newest_generation),
            wrapping_text(&backup.wrapped_by),
        ]);
    }
    list.text()
}

/// One backup.
pub(crate) fn backup_text(backup: &BackupView, clock: Clock) -> String {
    Sheet::new()
        .fact("backup", &backup.id)
        .fact("taken", clock.instant(backup.taken_at))
        .fact("retained until", clock.instant(backup.retained_until))
        .fact("generations", format!("1 to {}", backup.newest_generation))
        .fact("wrapped by", wrapping_text(&backup.wrapped_by))
        .text()
}

fn kind_text(kind: EnvironmentKind) -> &'static str {
    match kind {
        EnvironmentKind::Production => "production",
        EnvironmentKind::Sandbox => "sandbox",
        EnvironmentKind::Trial => "trial",
        EnvironmentKind::Teams => "teams",
    }
}

fn state_text(state: EnvironmentState) -> &'static str {
    match state {
        EnvironmentState::Present => "present",
        EnvironmentState::Locked => "locked",
        EnvironmentState::Deleted => "deleted",
    }
}

fn managed_text(managed: ManagedBy) -> &'static str {
    match managed {
        ManagedBy::Provider => "provider",
        ManagedBy::Tenant => "tenant",
    }
}

fn wrapping_text(key: &WrappingKey) -> String {
    match key {
        WrappingKey::Provider => "the provider's key".to_owned(),
        WrappingKey::Protection { key } => key.to_string(),
    }
}
