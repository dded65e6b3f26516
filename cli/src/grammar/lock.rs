//! `keyward lock`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{Destructive, PasswordSource, Waiting};

/// Locking a tenant.
#[derive(Debug, Subcommand)]
pub(crate) enum LockCommand {
    /// Show what locking would do now (plan-lock; L1 to L6).
    Plan,
    /// Get a challenge to sign with the active key, for a key in a hardware module (challenge-possession; L1).
    Challenge {
        /// Write the bytes to sign to this file.
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Lock every environment of the tenant (lock-tenant; L1 to L6, A5, A7). It is confirmed by the tenant's name.
    ///
    /// With --key-file the key is read here and signs a challenge: it does not leave this machine.
    Now(LockNow),
}

/// How a lock is asked for.
#[derive(Debug, Args)]
pub(crate) struct LockNow {
    /// The PFX file of the active key.
    #[arg(long, value_name = "FILE", required_unless_present_any = ["signature", "dry_run"], conflicts_with = "signature")]
    pub(crate) key_file: Option<PathBuf>,
    /// Send the key file itself, sealed to the vault, in place of a signature.
    #[arg(long, requires = "key_file")]
    pub(crate) send_key_file: bool,
    /// The signature of a challenge, as a hardware module made it: raw bytes of RSA-PSS with SHA-256 and salt of 32 bytes.
    #[arg(long, value_name = "FILE", requires = "challenge")]
    pub(crate) signature: Option<PathBuf>,
    /// The challenge that was signed.
    #[arg(long, value_name = "ID", requires = "signature")]
    pub(crate) challenge: Option<String>,
    #[command(flatten)]
    pub(crate) password: PasswordSource,
    #[command(flatten)]
    pub(crate) destructive: Destructive,
    #[command(flatten)]
    pub(crate) waiting: Waiting,
}
