//! The grammar: nouns, then verbs. Each verb's help names the operation that it asks for and the rules that hold.

mod destructive;
mod environment;
mod key;
mod local;
mod lock;
mod login;
mod people;
mod sealed;
mod tenant;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use keyward_domain::{OperationId, TenantId};

pub(crate) use destructive::Destructive;
pub(crate) use environment::{BackupCommand, EnvironmentCommand, Kind, Managed, NewEnvironmentArguments};
pub(crate) use key::{ExchangeKeyArguments, KeyCommand, PasswordSource, WrapArguments};
pub(crate) use local::{ClockCommand, MailboxCommand};
pub(crate) use lock::{LockCommand, LockNow};
pub(crate) use login::{LoginArguments, ProviderArguments};
pub(crate) use people::{AdministratorCommand, AppointedAs, Approvable, ApprovalCommand, QuorumCommand, WholeList};
pub(crate) use sealed::{DataKeyCommand, OpenArguments, SealArguments};
pub(crate) use tenant::{AuditCommand, NewTenantArguments, TenantCommand};

const AFTER_HELP: &str = "\
Exit codes:
  0  done
  1  something unexpected happened
  2  the command line or a request is malformed
  3  not signed in, or not allowed
  4  refused by a rule: the message has its code, its number, and from when it is possible
  5  stale: the plan or the state has changed since it was looked at
  6  not found
  7  the server is not reachable or busy: try later

Environment:
  KEYWARD_URL, KEYWARD_TENANT, KEYWARD_OUTPUT  as the options --url, --tenant, --output
  KEYWARD_TOKEN, KEYWARD_TOKEN_FILE  bearer token, or a file that holds one, in place of signing in
  KEYWARD_CONFIG_DIR  folder of the profile and the token (default: $XDG_CONFIG_HOME/keyward, and the platform's keyring)
  NO_COLOR            no colors

What destroys shows its plan first and asks for a name to be typed; scripts give --confirm NAME.
Where the quorum is on, it asks for another administrator's approval by itself (exit code 4); repeat it once that is given.
Passwords are asked for, or read by --password-stdin or --password-file; never given in the command line.";

/// Customer-managed encryption keys: hold the keys that your data is encrypted under, and lock it.
#[derive(Debug, Parser)]
#[command(name = "keyward", version, after_help = AFTER_HELP, disable_help_subcommand = true)]
pub(crate) struct CommandLine {
    /// What holds for all commands.
    #[command(flatten)]
    pub(crate) global: Global,
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Options that hold for all commands.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Global options")]
pub(crate) struct Global {
    /// The server [default: the one signed in to, else http://127.0.0.1:7420].
    #[arg(long, global = true, env = "KEYWARD_URL", hide_env_values = true)]
    pub(crate) url: Option<String>,
    /// The tenant [default: the one signed in to].
    #[arg(long, global = true, env = "KEYWARD_TENANT", hide_env_values = true)]
    pub(crate) tenant: Option<TenantId>,
    /// A file that holds a bearer token, in place of signing in; for automation.
    #[arg(long, global = true, value_name = "FILE", env = "KEYWARD_TOKEN_FILE", hide_env_values = true)]
    pub(crate) token_file: Option<PathBuf>,
    /// `table` for people, `json` for the API's answer.
    #[arg(
        long,
        global = true,
        env = "KEYWARD_OUTPUT",
        value_enum,
        default_value_t,
        hide_env_values = true,
        hide_possible_values = true
    )]
    pub(crate) output: Format,
    /// No colors; NO_COLOR does the same.
    #[arg(long, global = true)]
    pub(crate) no_color: bool,
    /// Only results and errors.
    #[arg(long, short, global = true, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
    /// Each request on standard error.
    #[arg(long, short, global = true)]
    pub(crate) verbose: bool,
}

/// How results are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people.
    #[default]
    Table,
    /// For programs.
    Json,
}

/// The nouns.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Sign in: by the browser at the deployment's identity provider, or at the development issuer of a local server.
    Login(LoginArguments),
    /// Forget who is signed in, and the token.
    Logout,
    /// Show who is signed in, where, and with which roles.
    Whoami,
    /// Tenants: register, opt in, show.
    #[command(subcommand)]
    Tenant(TenantCommand),
    /// Administrators of the tenant: list, add, remove, set.
    #[command(subcommand)]
    Administrator(AdministratorCommand),
    /// The quorum: whether a second administrator must approve what takes something away.
    #[command(subcommand)]
    Quorum(QuorumCommand),
    /// Approvals of a second administrator: list, request, give.
    #[command(subcommand)]
    Approval(ApprovalCommand),
    /// Protection keys: generate, upload, import, activate, roll back, destroy.
    #[command(subcommand)]
    Key(KeyCommand),
    /// Show the public keys to which secrets are sealed and private keys are wrapped (read-exchange-key).
    ExchangeKey(ExchangeKeyArguments),
    /// Environments: register, list, protect, revert, unlock, delete.
    #[command(subcommand, alias = "env")]
    Environment(EnvironmentCommand),
    /// Backups of an environment: register, list, restore.
    #[command(subcommand)]
    Backup(BackupCommand),
    /// Locking the tenant: plan it, prove possession, do it.
    #[command(subcommand)]
    Lock(LockCommand),
    /// Changes that take time.
    #[command(subcommand)]
    Operation(OperationCommand),
    /// Data keys of an environment, for its workloads.
    #[command(subcommand)]
    DataKey(DataKeyCommand),
    /// Encrypt a file under an environment's newest data key (lease-data-key; L6, E2).
    Seal(SealArguments),
    /// Decrypt a file that `keyward seal` encrypted (lease-data-key; L6, E2).
    Open(OpenArguments),
    /// The audit log of the tenant.
    #[command(subcommand)]
    Audit(AuditCommand),
    /// The movable clock of a local server.
    #[command(subcommand)]
    Clock(ClockCommand),
    /// The mail that a local server would have sent.
    #[command(subcommand)]
    Mailbox(MailboxCommand),
    /// Write a completion script to standard output.
    Completions {
        /// The shell.
        #[arg(value_enum)]
        shell: clap_complete::Shell,
    },
    /// Write the manual page to standard output.
    Man,
}

/// Operations.
#[derive(Debug, Subcommand)]
pub(crate) enum OperationCommand {
    /// Show how far a change is (read-operation).
    Show {
        /// The operation.
        id: OperationId,
        /// Stay until it has ended; a failed one ends with exit code 4.
        #[arg(long)]
        wait: bool,
    },
}

/// Whether to stay until the operation that a command starts has ended.
#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct Waiting {
    /// Return as soon as the operation is started.
    #[arg(long)]
    pub(crate) no_wait: bool,
}

#[cfg(test)]
mod tests;
