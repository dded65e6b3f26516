//! Options of commands that destroy.

use clap::Args;

/// How a destructive command is confirmed.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct Destructive {
    /// Show the plan and change nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// The name, in place of typing it when asked; for scripts.
    #[arg(long, value_name = "NAME")]
    pub(crate) confirm: Option<String>,
    /// Not enough by itself: what destroys is confirmed by a name.
    #[arg(long, short, hide = true)]
    pub(crate) yes: bool,
}
