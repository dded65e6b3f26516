//! `keyward environment` and `keyward backup`.

use chrono::{DateTime, Utc};
use clap::{Args, Subcommand, ValueEnum};
use keyward_domain::{BackupId, EnvironmentId, Name, PersonId, Region};

use super::Destructive;

/// Environments.
#[derive(Debug, Subcommand)]
pub(crate) enum EnvironmentCommand {
    /// Register an environment (register-environment; E1). For the provider's operator.
    Register(NewEnvironmentArguments),
    /// List environments (list-environments).
    List {
        /// Only those whose data keys this one holds.
        #[arg(long, value_enum)]
        managed_by: Option<Managed>,
        /// Only locked ones.
        #[arg(long)]
        locked: bool,
    },
    /// Show one environment (read-environment).
    Show {
        /// The environment.
        id: EnvironmentId,
    },
    /// Show what happened to an environment (read-environment-history).
    History {
        /// The environment.
        id: EnvironmentId,
    },
    /// Put an environment under the tenant's active key, with a new data key generation (protect-environment; E1, E2).
    Protect {
        /// The environment.
        id: EnvironmentId,
    },
    /// Put an environment back under the provider's key (revert-environment; E1, E2, E4).
    Revert {
        /// The environment.
        id: EnvironmentId,
        #[command(flatten)]
        destructive: Destructive,
    },
    /// Unlock one environment, after the key that locked was presented (unlock-environment; L4, L5).
    Unlock {
        /// The environment.
        id: EnvironmentId,
    },
    /// Delete an environment: its data keys are destroyed, for good (delete-environment; E2, E4, A5, A7).
    Delete {
        /// The environment.
        id: EnvironmentId,
        #[command(flatten)]
        destructive: Destructive,
    },
}

/// A new environment.
#[derive(Debug, Args)]
pub(crate) struct NewEnvironmentArguments {
    /// Its identifier.
    pub(crate) id: EnvironmentId,
    /// Its name.
    #[arg(long)]
    pub(crate) name: Name,
    /// What it is for.
    #[arg(long, value_enum)]
    pub(crate) kind: Kind,
    /// One of the tenant's regions.
    #[arg(long)]
    pub(crate) region: Region,
    /// A system administrator of it; give it once for each.
    #[arg(long = "system-administrator", value_name = "PERSON")]
    pub(crate) system_administrators: Vec<PersonId>,
    /// A workload that may lease its data keys; give it once for each.
    #[arg(long = "workload", value_name = "PERSON")]
    pub(crate) workloads: Vec<PersonId>,
}

/// What an environment is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Kind {
    /// Work.
    Production,
    /// Trying things out.
    Sandbox,
    /// Evaluation.
    Trial,
    /// Belongs to a team.
    Teams,
}

/// Who holds the key that wraps an environment's data keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Managed {
    /// The provider.
    Provider,
    /// The tenant.
    Tenant,
}

/// Backups.
#[derive(Debug, Subcommand)]
pub(crate) enum BackupCommand {
    /// Register a backup that the platform took (register-backup; E3). For the provider's operator.
    Register {
        /// The environment.
        environment: EnvironmentId,
        /// The backup's identifier.
        backup: BackupId,
        /// Until when it is kept, for example 2027-01-31T00:00:00Z.
        #[arg(long, value_name = "INSTANT")]
        retained_until: DateTime<Utc>,
    },
    /// List the backups of an environment (list-backups).
    List {
        /// The environment.
        environment: EnvironmentId,
    },
    /// Ask that a backup be restored (restore-backup; E2, E3).
    Restore {
        /// The environment.
        environment: EnvironmentId,
        /// The backup.
        backup: BackupId,
        /// Show the plan and change nothing.
        #[arg(long)]
        dry_run: bool,
    },
}
