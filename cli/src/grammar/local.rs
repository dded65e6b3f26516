//! `keyward clock` and `keyward mailbox`: only a local server has them.

use clap::Subcommand;

use crate::durations::TypedDuration;

/// The clock of a local server.
#[derive(Debug, Subcommand)]
pub(crate) enum ClockCommand {
    /// Show the server's clock.
    Show,
    /// Move the server's clock forward, and run what becomes due on the way. There is no way back.
    Advance {
        /// By how much: 72h, 28d, 90m.
        by: TypedDuration,
    },
}

/// The mailbox of a local server.
#[derive(Debug, Subcommand)]
pub(crate) enum MailboxCommand {
    /// List the mails, newest last.
    List,
    /// Show one mail.
    Show {
        /// Its number in the list.
        number: usize,
    },
}
