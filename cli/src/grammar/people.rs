//! `keyward administrator`, `keyward quorum` and `keyward approval`.

use clap::{ArgGroup, Args, Subcommand, ValueEnum};
use keyward_domain::{ApprovalId, EnvironmentId, KeyId, PersonId};

use super::Destructive;

/// Administrators of the tenant. Each change shows its plan and is confirmed by the tenant's name.
#[derive(Debug, Subcommand)]
pub(crate) enum AdministratorCommand {
    /// List them, who is new until when, and who was removed and gets the notices until when (read-tenant; A6).
    List,
    /// Appoint one more (set-administrators; A5, A6). For a while a new one can't lock, roll back, destroy, delete or approve.
    Add {
        /// The person as tokens name them, the name, and the address for notices.
        #[arg(value_name = "PERSON,NAME,EMAIL")]
        administrator: String,
        /// What the person is to be.
        #[arg(long, value_enum)]
        role: AppointedAs,
        #[command(flatten)]
        destructive: Destructive,
    },
    /// Remove one (set-administrators; A5, A6). For a while that one still gets the notices.
    Remove {
        /// The person as tokens name them.
        person: PersonId,
        #[command(flatten)]
        destructive: Destructive,
    },
    /// Set the whole list as it shall be (set-administrators; A5, A6).
    Set(WholeList),
}

/// The whole list of administrators.
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("listed").args(["global_administrators", "service_administrators"]).multiple(true).required(true)))]
pub(crate) struct WholeList {
    /// A global administrator; give it once for each.
    #[arg(long = "global-administrator", value_name = "PERSON,NAME,EMAIL")]
    pub(crate) global_administrators: Vec<String>,
    /// A service administrator; give it once for each.
    #[arg(long = "service-administrator", value_name = "PERSON,NAME,EMAIL")]
    pub(crate) service_administrators: Vec<String>,
    #[command(flatten)]
    pub(crate) destructive: Destructive,
}

/// What somebody is appointed as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum AppointedAs {
    /// Global administrator.
    Global,
    /// Service administrator.
    Service,
}

/// The quorum: whether a second administrator must approve what takes something away. `keyward tenant show` says whether.
#[derive(Debug, Subcommand)]
pub(crate) enum QuorumCommand {
    /// From now on lock, roll back, delete and destroy wait for an approval, and so does this (set-quorum; A5, A7).
    On {
        #[command(flatten)]
        destructive: Destructive,
    },
    /// Each administrator decides alone again (set-quorum; A5, A7). This needs an approval too.
    Off {
        #[command(flatten)]
        destructive: Destructive,
    },
}

/// Approvals of a second administrator.
#[derive(Debug, Subcommand)]
pub(crate) enum ApprovalCommand {
    /// List what is asked for, and what was given and not used (list-approvals; A7).
    List,
    /// Ask the other administrators to approve an operation as its plan is now (request-approval; A7).
    ///
    /// The command that needs the approval asks by itself; this asks in advance.
    Request {
        /// The operation.
        #[arg(value_enum)]
        operation: Approvable,
        /// The environment to delete; with delete-environment.
        #[arg(long, value_name = "ID")]
        environment: Option<EnvironmentId>,
        /// The key to destroy; with destroy-key.
        #[arg(long, value_name = "ID")]
        key: Option<KeyId>,
    },
    /// Approve what another administrator asked for (give-approval; A5, A7).
    ///
    /// Shows the plan of what is asked for, and is confirmed by the name that the operation itself is confirmed by.
    Give {
        /// The request, as `keyward approval list` shows it.
        id: ApprovalId,
        /// Hash of the plan, where it was looked at before; nothing is shown or asked then.
        #[arg(long, value_name = "HASH", conflicts_with_all = ["dry_run", "confirm"])]
        plan: Option<String>,
        #[command(flatten)]
        destructive: Destructive,
    },
}

/// What can be approved, by the operation's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Approvable {
    /// keyward lock now.
    LockTenant,
    /// keyward key roll-back.
    RollBackKey,
    /// keyward key destroy.
    DestroyKey,
    /// keyward environment delete.
    DeleteEnvironment,
    /// keyward quorum off.
    SetQuorum,
}
