//! `keyward key`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use keyward_domain::{KeyId, Name, Region};

use super::{Destructive, Waiting};

/// Where the password of a key file comes from: asked for, unless one of these is given.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct PasswordSource {
    /// Read the password from the first line of standard input.
    #[arg(long, conflicts_with = "password_file")]
    pub(crate) password_stdin: bool,
    /// Read the password from the first line of a file.
    #[arg(long, value_name = "FILE")]
    pub(crate) password_file: Option<PathBuf>,
}

/// Protection keys.
#[derive(Debug, Subcommand)]
pub(crate) enum KeyCommand {
    /// Make a key; its PFX is handed out once, to FILE (generate-key; K1, K2).
    Generate {
        /// Its identifier.
        id: KeyId,
        /// One of the tenant's regions.
        #[arg(long)]
        region: Region,
        /// What it is called.
        #[arg(long)]
        name: Option<Name>,
        /// Where the PFX goes. A file that is there is not overwritten.
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
        #[command(flatten)]
        password: PasswordSource,
    },
    /// Bring a key from a PFX file; it is checked here and sent sealed (upload-key; K1, K2, K3, L4).
    Upload {
        /// The PFX file.
        file: PathBuf,
        /// Its identifier; not needed where a known key is presented again.
        #[arg(long)]
        id: Option<KeyId>,
        /// One of the tenant's regions; not needed where a known key is presented again.
        #[arg(long)]
        region: Option<Region>,
        /// What it is called.
        #[arg(long)]
        name: Option<Name>,
        #[command(flatten)]
        password: PasswordSource,
    },
    /// List the tenant's keys (list-keys).
    List,
    /// Show one key (read-key).
    Show {
        /// The key.
        id: KeyId,
    },
    /// Make a key the active one (activate-key; K4, K5, K6), or present the one that locked (L4).
    Activate {
        /// The key.
        id: KeyId,
        /// Present this PFX file first (upload-key): needed after a lock.
        #[arg(long, value_name = "FILE")]
        key_file: Option<PathBuf>,
        /// Only show the plan: what would be re-wrapped, and until when it could be rolled back.
        #[arg(long, conflicts_with = "key_file")]
        dry_run: bool,
        #[command(flatten)]
        password: PasswordSource,
        #[command(flatten)]
        waiting: Waiting,
    },
    /// Put the former key back, within 72 h and by another administrator (roll-back-key; K7).
    /// It is confirmed by the tenant's name.
    RollBack {
        #[command(flatten)]
        destructive: Destructive,
        #[command(flatten)]
        waiting: Waiting,
    },
    /// Destroy a retired key on which nothing depends, for good (destroy-key; K8).
    /// It is confirmed by the key's name.
    Destroy {
        /// The key.
        id: KeyId,
        #[command(flatten)]
        destructive: Destructive,
        #[command(flatten)]
        waiting: Waiting,
    },
    /// Read a PFX file without any server: its size, its fingerprint, and whether it would be accepted (K3).
    Check {
        /// The PFX file.
        file: PathBuf,
        #[command(flatten)]
        password: PasswordSource,
    },
}
