//! `keyward data-key`, `keyward seal` and `keyward open`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use keyward_domain::EnvironmentId;

/// Data keys.
#[derive(Debug, Subcommand)]
pub(crate) enum DataKeyCommand {
    /// Lease a data key and show until when it may be used, not the key itself (lease-data-key; L6, E2).
    Lease {
        /// The environment.
        environment: EnvironmentId,
        /// An older generation, to read what was written under it [default: the newest].
        #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
        generation: Option<u32>,
        /// Write the 32 raw bytes of the key to this file. A file that is there is not overwritten.
        #[arg(long, value_name = "FILE")]
        output_key: Option<PathBuf>,
    },
}

/// `keyward seal`.
#[derive(Debug, Args)]
pub(crate) struct SealArguments {
    /// The environment.
    pub(crate) environment: EnvironmentId,
    /// What to encrypt [default: standard input].
    pub(crate) file: Option<PathBuf>,
    /// Where the result goes [default: standard output]. It appears when it is complete.
    #[arg(long, short, value_name = "OUT")]
    pub(crate) out: Option<PathBuf>,
}

/// `keyward open`.
#[derive(Debug, Args)]
pub(crate) struct OpenArguments {
    /// What to decrypt [default: standard input].
    pub(crate) file: Option<PathBuf>,
    /// Where the result goes [default: standard output]. It appears when all of it was found unchanged.
    #[arg(long, short, value_name = "OUT")]
    pub(crate) out: Option<PathBuf>,
}
