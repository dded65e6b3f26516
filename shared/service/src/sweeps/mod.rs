//! The scheduled work. Each sweep looks only at what is due, does a bounded amount, reports what it did, and goes on next time; one failure
//! does not stop the rest.

mod advance_operations;
mod deliver_notices;
mod enforce_deletions;
mod open_locks;
mod send_reminders;

use keyward_domain::{Context, Instant, PersonId};
use serde::{Deserialize, Serialize};

use crate::{Keyward, SHARDS, ServiceError, ports::table::Item, timers::kinds};

/// Rows of one shard that one run looks at.
const ROWS: u32 = 50;

/// The sweeps, by the names of their functions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sweep {
    /// Goes on with operations that did not finish, and removes private keys that were not kept.
    AdvanceOperations,
    /// Records that locking is open (L2).
    OpenLocks,
    /// Reminds of deletions (L5).
    SendReminders,
    /// Deletes what is still locked at the deadline (L5).
    EnforceDeletions,
    /// Sends notices (A3).
    DeliverNotices,
}

impl Sweep {
    /// All of them, in the order in which one run on one machine does them.
    pub const ALL: [Self; 5] =
        [Self::AdvanceOperations, Self::OpenLocks, Self::SendReminders, Self::EnforceDeletions, Self::DeliverNotices];

    /// The name of its function.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AdvanceOperations => "advance-operations",
            Self::OpenLocks => "open-locks",
            Self::SendReminders => "send-reminders",
            Self::EnforceDeletions => "enforce-deletions",
            Self::DeliverNotices => "deliver-notices",
        }
    }

    const fn kinds(self) -> &'static [&'static str] {
        match self {
            Self::AdvanceOperations => &[kinds::OPERATION, kinds::VAULT_ENTRY],
            Self::OpenLocks => &[kinds::LOCK_OPENS],
            Self::SendReminders => &[kinds::REMINDER],
            Self::EnforceDeletions => &[kinds::DELETION],
            Self::DeliverNotices => &[kinds::NOTICE],
        }
    }
}

/// What one run of a sweep did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SweepReport {
    /// Rows that were due.
    pub looked_at: u64,
    /// Rows that are done with.
    pub done: u64,
    /// Changes that were made: environments deleted, messages sent, steps of operations.
    pub changes: u64,
    /// Rows that failed; they are due again.
    pub failed: u64,
    /// Whether there is more that is due.
    pub more: bool,
    /// For how many seconds the row that has waited longest was due.
    #[serde(default)]
    pub longest_wait_seconds: u64,
}

/// What became of one row.
pub(crate) struct RowDone {
    pub(crate) changes: u64,
    pub(crate) more: bool,
}

impl Keyward {
    /// Runs one sweep over what is due at `now`.
    ///
    /// # Errors
    /// The table does not answer.
    pub async fn sweep(&self, sweep: Sweep, now: Instant) -> Result<SweepReport, ServiceError> {
        let mut report = SweepReport::default();
        for kind in sweep.kinds() {
            for shard in 0..SHARDS {
                let items = self.table.query_due(kind, shard, now, ROWS).await?;
                report.more |= items.len() >= usize::try_from(ROWS).unwrap_or(usize::MAX);
                for item in items {
                    self.sweep_row(sweep, kind, &item, now, &mut report).await;
                }
            }
        }
        Ok(report)
    }

    async fn sweep_row(&self, sweep: Sweep, kind: &str, item: &Item, now: Instant, report: &mut SweepReport) {
        report.looked_at += 1;
        if let Some(due) = &item.due {
            let waited = u64::try_from((now - due.at).num_seconds()).unwrap_or(0);
            report.longest_wait_seconds = report.longest_wait_seconds.max(waited);
        }
        let result = match sweep {
            Sweep::AdvanceOperations if kind == kinds::VAULT_ENTRY => self.remove_due_entry(item, now).await,
            Sweep::AdvanceOperations => self.advance_due(item, now).await,
            Sweep::OpenLocks => self.open_lock(item, now).await,
            Sweep::SendReminders => self.send_reminder(item, now).await,
            Sweep::EnforceDeletions => self.enforce_deletion(item, now).await,
            Sweep::DeliverNotices => self.deliver_notice(item, now).await,
        };
        match result {
            Ok(row) => {
                report.changes += row.changes;
                report.more |= row.more;
                report.done += u64::from(!row.more);
            }
            Err(fault) => {
                report.failed += 1;
                tracing::warn!(sweep = sweep.as_str(), row = item.key.sort, %fault, "a due row failed; it stays due");
            }
        }
    }

    /// The earliest instant, later than `after` where that is given and not later than `until`, at which some sweep has work.
    ///
    /// # Errors
    /// The table does not answer.
    pub async fn next_due(&self, after: Option<Instant>, until: Instant) -> Result<Option<Instant>, ServiceError> {
        let mut earliest = None;
        for kind in Sweep::ALL.iter().flat_map(|sweep| sweep.kinds()) {
            for shard in 0..SHARDS {
                let rows = self.table.query_due(kind, shard, until, ROWS).await?;
                let instants = rows.iter().filter_map(|item| item.due.as_ref()).map(|due| due.at);
                let at = instants.filter(|at| after.is_none_or(|after| *at > after)).min();
                earliest = match (earliest, at) {
                    (Some(known), Some(at)) => Some(std::cmp::min::<Instant>(known, at)),
                    (known, at) => known.or(at),
                };
            }
        }
        Ok(earliest)
    }

    pub(crate) fn sweep_context<'a>(&'a self, by: &'a PersonId, now: Instant) -> Context<'a> {
        Context { now, by, settings: &self.settings }
    }
}
