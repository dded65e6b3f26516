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
    /// Bring a key as a transfer blob (BYOK, a .byok file), as an HSM's tool or `key wrap` made it (import-key; K1, K2, K3, L4).
    ///
    /// The private key in it is wrapped for the vault's transfer key (`keyward exchange-key`); only the vault opens it.
    Import {
        /// The transfer blob.
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
    },
    /// Make a transfer blob on this machine from a PFX or PEM file, for `key import` (read-exchange-key; K3).
    ///
    /// The private key leaves this machine only wrapped, under the vault's transfer key. With --exchange-key no server is asked:
    /// for a machine without a network.
    Wrap(WrapArguments),
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
        /// Present this file first: needed after a lock. A PFX (upload-key) or a transfer blob (import-key), told apart by its
        /// content. A blob is closed: whether it holds the key is known once the vault has opened it.
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
    /// Put the former key back, within 72 h and by another administrator (roll-back-key; K7, A5, A7).
    /// It is confirmed by the tenant's name.
    RollBack {
        #[command(flatten)]
        destructive: Destructive,
        #[command(flatten)]
        waiting: Waiting,
    },
    /// Destroy a retired key on which nothing depends, for good (destroy-key; K8, A5, A7).
    /// It is confirmed by the key's name.
    Destroy {
        /// The key.
        id: KeyId,
        #[command(flatten)]
        destructive: Destructive,
        #[command(flatten)]
        waiting: Waiting,
    },
    /// Read a key file without any server: what is in it, and whether it would be accepted (K3).
    ///
    /// A PFX or PEM file is opened, so its password is needed. A transfer blob (.byok) is closed: its form is checked.
    Check {
        /// The PFX file, PEM file or transfer blob.
        file: PathBuf,
        /// Whether the transfer blob is for this key: what `keyward exchange-key --out FILE` wrote.
        #[arg(long, value_name = "FILE")]
        exchange_key: Option<PathBuf>,
        #[command(flatten)]
        password: PasswordSource,
    },
}

/// How a transfer blob is made.
#[derive(Debug, Args)]
pub(crate) struct WrapArguments {
    /// The PFX or PEM file.
    pub(crate) file: PathBuf,
    /// Where the transfer blob goes. A file that is there is not overwritten.
    #[arg(long, value_name = "BLOB")]
    pub(crate) out: PathBuf,
    /// Wrap for this transfer key and ask no server: what `keyward exchange-key --out FILE` wrote, or its PEM with --kid.
    #[arg(long, value_name = "FILE")]
    pub(crate) exchange_key: Option<PathBuf>,
    /// The name of the transfer key, where --exchange-key is a PEM.
    #[arg(long, requires = "exchange_key")]
    pub(crate) kid: Option<String>,
    #[command(flatten)]
    pub(crate) password: PasswordSource,
}

/// `keyward exchange-key`.
#[derive(Debug, Args)]
pub(crate) struct ExchangeKeyArguments {
    /// Only the transfer key, as PEM, for the tool of an HSM.
    #[arg(long)]
    pub(crate) pem: bool,
    /// Write the answer (JSON; with --pem the PEM) to a file. A file that is there is not overwritten.
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
}
