//! What the process is told when it starts.

use std::{net::SocketAddr, path::PathBuf};

use clap::{Parser, Subcommand};

/// Keyward whole on one machine.
#[derive(Parser, Debug)]
#[command(name = "keyward-local", version, about, long_about = None)]
pub struct Options {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// Serve the API, the scheduled work and the mailbox until interrupted.
    Serve(Serve),
}

/// How to serve.
#[derive(Parser, Debug, Clone)]
pub struct Serve {
    /// Directory of everything that is kept: table, vault, mailbox, issuer, clock. Made if it is not there.
    #[arg(long, default_value = ".local/data", env = "KEYWARD_DATA")]
    pub data: PathBuf,
    /// Address to listen on; loopback only. Port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:7420", env = "KEYWARD_LISTEN")]
    pub listen: SocketAddr,
    /// Settings of the deployment as a JSON file: durations and limits of the rules.
    #[arg(long, env = "KEYWARD_SETTINGS_FILE")]
    pub settings: Option<PathBuf>,
    /// File with the vault's master key (32 bytes in base64); made in the data directory if it is not given.
    #[arg(long, env = "KEYWARD_MASTER_KEY_FILE")]
    pub master_key: Option<PathBuf>,
    /// Fill an empty data directory with a demo world and print what to type next.
    #[arg(long)]
    pub demo: bool,
}
