//! What a run of a sweep says of itself.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use keyward_domain::Instant;
use serde::{Deserialize, Serialize};

use crate::ports::table::Item;

/// How long a run stays with one row, unless it is told otherwise: the other rows must not wait for one that hangs.
const ROW_TIME: Duration = Duration::from_secs(60);

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
    /// Rows that failed, that took too long or that can't be read; they are due again.
    pub failed: u64,
    /// Whether there is more that is due.
    pub more: bool,
    /// For how many seconds the row that has waited longest was due.
    #[serde(default)]
    pub longest_wait_seconds: u64,
    /// What deliver-notices found; absent with the other sweeps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notices: Option<NoticesFound>,
}

/// The notices that a run found, those that wait for their next try among them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NoticesFound {
    /// Notices that were not sent to somebody yet when the run came to them.
    pub waiting: u64,
    /// For how many seconds the oldest of these has waited, since what it tells of was decided; 0 where there is none.
    pub oldest_seconds: u64,
    /// Recipients that the run gave up.
    pub given_up: u64,
}

impl SweepReport {
    /// Adds a later run of the same sweep. A row that fails, or goes on, is counted in every run that looks at it; of the notices that wait
    /// counts the run that found most.
    pub fn add(&mut self, later: &Self) {
        self.looked_at += later.looked_at;
        self.done += later.done;
        self.changes += later.changes;
        self.failed += later.failed;
        self.more = later.more;
        self.longest_wait_seconds = self.longest_wait_seconds.max(later.longest_wait_seconds);
        if let Some(later) = later.notices {
            let notices = self.notices.get_or_insert_default();
            notices.waiting = notices.waiting.max(later.waiting);
            notices.oldest_seconds = notices.oldest_seconds.max(later.oldest_seconds);
            notices.given_up += later.given_up;
        }
    }
}

/// One run of a sweep. What it does is counted here while it does it, so that a run that is abandoned still says what it did.
#[derive(Debug)]
pub struct SweepRun {
    /// How long it stays with one row.
    pub(super) row_time: Duration,
    report: Mutex<SweepReport>,
}

impl Default for SweepRun {
    fn default() -> Self {
        Self::with_row_time(ROW_TIME)
    }
}

impl SweepRun {
    /// A run that has done nothing yet. A row that takes longer than `row_time` is abandoned between two steps, as by a crash, and has failed.
    #[must_use]
    pub fn with_row_time(row_time: Duration) -> Self {
        Self { row_time, report: Mutex::default() }
    }

    /// What it has done so far.
    #[must_use]
    pub fn report(&self) -> SweepReport {
        self.report.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Counts something that it has done.
    pub fn count(&self, count: impl FnOnce(&mut SweepReport)) {
        // The numbers are whole at any time, whatever a panic in another thread did.
        count(&mut self.report.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// Counts a row that was due, before anything is done about it.
    pub(super) fn looks_at(&self, item: &Item, now: Instant) {
        self.count(|report| {
            report.looked_at += 1;
            let waited = item.due.as_ref().map_or(0, |due| seconds(due.at, now));
            report.longest_wait_seconds = report.longest_wait_seconds.max(waited);
        });
    }

    /// Counts a notice that somebody waits for since an instant.
    pub(super) fn finds_waiting(&self, since: Instant, now: Instant) {
        self.count(|report| {
            let notices = report.notices.get_or_insert_default();
            notices.waiting += 1;
            notices.oldest_seconds = notices.oldest_seconds.max(seconds(since, now));
        });
    }

    /// Counts a message that the mail service took.
    pub(crate) fn sent(&self) {
        self.count(|report| report.changes += 1);
    }

    /// Counts a recipient that is not tried any more.
    pub(crate) fn gave_up(&self) {
        self.count(|report| report.notices.get_or_insert_default().given_up += 1);
    }
}

/// From one instant to a later one; 0 where it is not later.
fn seconds(from: Instant, to: Instant) -> u64 {
    u64::try_from((to - from).num_seconds()).unwrap_or(0)
}
