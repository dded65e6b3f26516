//! The scheduled work. Each sweep looks only at what is due, does a bounded amount, reports what it did, and goes on next time; one failure
//! does not stop the rest.

mod advance_operations;
mod deliver_notices;
mod enforce_deletions;
mod open_locks;
mod report;
mod send_reminders;

use keyward_domain::{Context, Instant, PersonId};
use serde::Serialize;

pub use report::{NoticesFound, SweepReport, SweepRun};

use crate::{
    Keyward, SHARDS, ServiceError, notices,
    ports::table::{DuePage, DueQuery, Item, Unreadable},
    timers::kinds,
};

/// Rows of a page.
const ROWS: u32 = 50;

/// Pages of one kind and shard that one run looks at. It goes on behind a page only where that has failed rows, which stay the earliest.
const PAGES: u32 = 4;

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

/// What became of one row.
pub(crate) struct RowDone {
    pub(crate) changes: u64,
    pub(crate) more: bool,
}

/// The kinds and shards in the order in which a run that begins at `now` comes to them: each is the first at its minute, so that none always
/// waits for what another one takes long for.
fn turns(kinds: &'static [&'static str], now: Instant) -> impl Iterator<Item = (&'static str, u8)> {
    let minute = usize::try_from(now.timestamp().div_euclid(60)).unwrap_or(0);
    let shards = usize::from(SHARDS);
    let shards_in_turn = (0..SHARDS).cycle().skip(minute % shards).take(shards);
    let first_kind = minute / shards % kinds.len().max(1);
    shards_in_turn
        .flat_map(move |shard| kinds.iter().cycle().skip(first_kind).take(kinds.len()).map(move |kind| (*kind, shard)))
}

fn is_due(item: &Item, now: Instant) -> bool {
    item.due.as_ref().is_none_or(|due| due.at <= now)
}

impl Keyward {
    /// Runs one sweep over what is due at `now`.
    ///
    /// # Errors
    /// The table does not answer.
    pub async fn sweep(&self, sweep: Sweep, now: Instant) -> Result<SweepReport, ServiceError> {
        let run = SweepRun::default();
        self.sweep_in(&run, sweep, now).await?;
        Ok(run.report())
    }

    /// Runs one sweep over what is due at `now`, and counts in `run` what it does while it does it.
    ///
    /// # Errors
    /// The table does not answer. What was done before that is counted.
    pub async fn sweep_in(&self, run: &SweepRun, sweep: Sweep, now: Instant) -> Result<(), ServiceError> {
        if sweep == Sweep::DeliverNotices {
            run.count(|report| report.notices = Some(NoticesFound::default()));
        }
        // One partition of the index that does not answer keeps nobody from the others.
        let mut swept = Ok(());
        for turn in turns(sweep.kinds(), now) {
            let shard = self.sweep_shard(run, sweep, turn, now).await;
            swept = swept.and(shard);
        }
        swept
    }

    async fn sweep_shard(
        &self,
        run: &SweepRun,
        sweep: Sweep,
        (kind, shard): (&'static str, u8),
        now: Instant,
    ) -> Result<(), ServiceError> {
        // A notice that waits for its next try is not sent, but it is seen: a mail service that takes nothing must not look like silence.
        let until = if sweep == Sweep::DeliverNotices { now + notices::longest_wait() } else { now };
        let mut query = DueQuery { kind: kind.to_owned(), shard, until, limit: ROWS, after: None };
        let mut is_more_due = false;
        for _ in 0..PAGES {
            let page = self.table.query_due(&query).await?;
            let has_failed = self.sweep_page(run, sweep, kind, &page, now).await;
            is_more_due = page.next.is_some() && page.items.last().is_none_or(|item| is_due(item, now));
            query.after = page.next;
            // Rows that are done with are not there any more: what is behind them comes first next time. Rows that failed are.
            if query.after.is_none() || (is_more_due && !has_failed) {
                break;
            }
        }
        run.count(|report| report.more |= is_more_due);
        Ok(())
    }

    /// Does what the rows of a page ask for; says whether one of them failed.
    async fn sweep_page(&self, run: &SweepRun, sweep: Sweep, kind: &str, page: &DuePage, now: Instant) -> bool {
        for Unreadable { key, reason } in &page.unreadable {
            run.count(|report| {
                report.looked_at += 1;
                report.failed += 1;
            });
            let (partition, row) = (&key.partition, &key.sort);
            tracing::warn!(sweep = sweep.as_str(), partition, row, reason, "a due row can't be read; it stays due");
        }
        let mut has_failed = !page.unreadable.is_empty();
        for item in &page.items {
            if sweep == Sweep::DeliverNotices
                && let Some(since) = notices::waiting_since(item)
            {
                run.finds_waiting(since, now);
            }
            if is_due(item, now) {
                has_failed |= !self.sweep_row(run, sweep, kind, item, now).await;
            }
        }
        has_failed
    }

    /// Does what a row asks for; says whether it did not fail.
    async fn sweep_row(&self, run: &SweepRun, sweep: Sweep, kind: &str, item: &Item, now: Instant) -> bool {
        run.looks_at(item, now);
        // A step of an operation is long: what is cut is begun anew.
        let most = if kind == kinds::OPERATION { run.row_time * 4 } else { run.row_time };
        let failure = match tokio::time::timeout(most, self.work_on(run, sweep, kind, item, now)).await {
            Ok(Ok(row)) => {
                run.count(|report| {
                    report.changes += row.changes;
                    report.more |= row.more;
                    report.done += u64::from(!row.more);
                });
                return true;
            }
            Ok(Err(fault)) => fault.to_string(),
            Err(_) => {
                if kind == kinds::OPERATION
                    && let Err(fault) = self.put_off_due(item, now).await
                {
                    tracing::warn!(%fault, "an operation that takes long could not be put off");
                }
                format!("it took longer than {} s", most.as_secs_f32())
            }
        };
        run.count(|report| report.failed += 1);
        let (partition, row) = (&item.key.partition, &item.key.sort);
        tracing::warn!(sweep = sweep.as_str(), partition, row, failure, "a due row failed; it stays due");
        false
    }

    async fn work_on(
        &self,
        run: &SweepRun,
        sweep: Sweep,
        kind: &str,
        item: &Item,
        now: Instant,
    ) -> Result<RowDone, ServiceError> {
        match sweep {
            Sweep::AdvanceOperations if kind == kinds::VAULT_ENTRY => self.remove_due_entry(item, now).await,
            Sweep::AdvanceOperations => self.advance_due(item, now).await,
            Sweep::OpenLocks => self.open_lock(item, now).await,
            Sweep::SendReminders => self.send_reminder(item, now).await,
            Sweep::EnforceDeletions => self.enforce_deletion(item, now).await,
            Sweep::DeliverNotices => self.deliver_notice(run, item, now).await,
        }
    }

    /// The earliest instant, later than `after` where that is given and not later than `until`, at which some sweep has work.
    ///
    /// # Errors
    /// The table does not answer.
    pub async fn next_due(&self, after: Option<Instant>, until: Instant) -> Result<Option<Instant>, ServiceError> {
        let mut earliest: Option<Instant> = None;
        for kind in Sweep::ALL.iter().flat_map(|sweep| sweep.kinds()) {
            for shard in 0..SHARDS {
                let at = self.next_of_shard(kind, shard, after, until).await?;
                earliest = earliest.into_iter().chain(at).min();
            }
        }
        Ok(earliest)
    }

    async fn next_of_shard(
        &self,
        kind: &str,
        shard: u8,
        after: Option<Instant>,
        until: Instant,
    ) -> Result<Option<Instant>, ServiceError> {
        let mut query = DueQuery { kind: kind.to_owned(), shard, until, limit: ROWS, after: None };
        for _ in 0..PAGES {
            let page = self.table.query_due(&query).await?;
            let instants = page.items.iter().filter_map(|item| item.due.as_ref()).map(|due| due.at);
            let at = instants.filter(|at| after.is_none_or(|after| *at > after)).min();
            query.after = page.next;
            if at.is_some() || query.after.is_none() {
                return Ok(at);
            }
        }
        Ok(None)
    }

    pub(crate) fn sweep_context<'a>(&'a self, by: &'a PersonId, now: Instant) -> Context<'a> {
        Context { now, by, settings: &self.settings }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn at(minute: i64) -> Instant {
        Instant::UNIX_EPOCH + chrono::TimeDelta::minutes(minute)
    }

    #[test]
    fn every_kind_and_shard_has_one_turn_and_is_the_first_at_some_minute() {
        let kinds = Sweep::AdvanceOperations.kinds();
        let mut firsts = BTreeSet::new();
        for minute in 0..8 {
            let turns: Vec<_> = turns(kinds, at(minute)).collect();
            assert_eq!(turns.len(), 8);
            assert_eq!(turns.iter().collect::<BTreeSet<_>>().len(), 8, "{turns:?}");
            firsts.extend(turns.first().copied());
        }
        assert_eq!(firsts.len(), 8, "{firsts:?}");
        assert_eq!(turns(kinds, at(-1)).count(), 8);
    }
}
