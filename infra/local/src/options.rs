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
    /// Stand before a local cloud until interrupted: hand requests on to its gateway, give out tokens, move its clock, show its mail.
    Front(Front),
    /// Make a data directory and print, as JSON, the environment variables that a local cloud's functions need for it. One of them is
    /// the master key.
    CloudVariables {
        /// The directory.
        #[arg(long)]
        data: PathBuf,
    },
}

/// How to stand before a local cloud.
#[derive(Parser, Debug, Clone)]
pub struct Front {
    /// The data directory of `cloud-variables`: vault, issuer, clock, mailbox.
    #[arg(long)]
    pub data: PathBuf,
    /// Address to listen on; loopback only. Port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:7420")]
    pub listen: SocketAddr,
    /// Base address of the gateway.
    #[arg(long)]
    pub api: String,
    /// Address of the cloud's own interfaces.
    #[arg(long)]
    pub endpoint: String,
    /// The cloud's region.
    #[arg(long)]
    pub region: String,
    /// Name of the table.
    #[arg(long)]
    pub table: String,
    /// What stands before an operation's name in that of its function.
    #[arg(long, default_value = "")]
    pub prefix: String,
    /// Fill an empty table with a demo world and print what to type next.
    #[arg(long)]
    pub demo: bool,
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
    /// Issuers whose tokens are believed, as docs/identity.md says: a JSON file. Nobody signs in at the development issuer then.
    #[arg(long, env = "KEYWARD_ISSUERS_FILE")]
    pub issuers: Option<PathBuf>,
    /// File with the vault's master key (32 bytes in base64); made in the data directory if it is not given.
    #[arg(long, env = "KEYWARD_MASTER_KEY_FILE")]
    pub master_key: Option<PathBuf>,
    /// Fill an empty data directory with a demo world and print what to type next.
    #[arg(long)]
    pub demo: bool,
}
