//! A3: the delivery of one notice.
//!
//! What is guaranteed: every administrator is sent the notice at least once, unless the mail service refuses the recipient, or does not take
//! the message for a week. Somebody is sent it twice only where a run ends between the answer of the mail service and the record of it, or
//! where that answer was lost: one message for each such end; and where a message came back for now. For that a run first claims the notice,
//! so that of several at the same time only one sends, and then each answer is recorded before the next message is sent.

use chrono::{SubsecRound as _, TimeDelta};
use keyward_domain::{Instant, TenantId};

use super::{NoticeDocument, Recipient, RecipientStatus, StoredNotice, bounded};
use crate::{
    Keyward, ServiceError, addresses,
    ports::{
        mail::{MailError, Message},
        table::Key,
    },
    settle::settle,
    sweeps::SweepRun,
    timers::{self, kinds},
};

/// How long a run has the notice for itself. What sends notices must be stopped before that.
const CLAIM_SECONDS: i64 = 600;

/// Longest wait between two tries.
const LONGEST_WAIT_SECONDS: i64 = 3600;

/// Until when a notice that somebody waits for is due again at the latest.
pub(crate) const fn longest_wait() -> TimeDelta {
    TimeDelta::seconds(LONGEST_WAIT_SECONDS)
}

/// The wait after the first message that came back for now; four times as long after each further one. A mailbox is not emptied in seconds.
const AFTER_BOUNCE_SECONDS: i64 = 600;

/// A report makes a notice due that a run may have claimed: never before the claim is over.
const _: () = assert!(AFTER_BOUNCE_SECONDS >= CLAIM_SECONDS);

/// An instant as the table keeps that of due work, in milliseconds: who waits until then is awaited when the notice is due.
fn as_due(at: Instant) -> Instant {
    at.trunc_subsecs(3)
}

/// When the message follows that comes after so many that came back for now.
pub(super) fn after_bounce(bounces: u32, now: Instant) -> Instant {
    as_due(now + TimeDelta::seconds(AFTER_BOUNCE_SECONDS << (2 * bounces.saturating_sub(1).min(3))))
}

impl NoticeDocument {
    /// When who could not be sent a message is tried again, later each time.
    fn next_try(&self, now: Instant) -> Instant {
        as_due(now + TimeDelta::seconds((1_i64 << self.attempts.min(12)).min(LONGEST_WAIT_SECONDS)))
    }

    /// When the first of those who are pending is to be sent a message; nothing where nobody is.
    pub(super) fn due_at(&self, now: Instant) -> Option<Instant> {
        let pending = self.recipients.iter().filter(|recipient| recipient.is_pending());
        pending.map(|recipient| recipient.not_before.filter(|at| *at > now).unwrap_or_else(|| self.next_try(now))).min()
    }

    /// Makes those wait whom the delivery that ends could not send a message: places, each with how many messages had come back. Each has an
    /// instant of its own from then on, so that nobody's messages hurry or hold up another's.
    fn postpone(&mut self, failed: &[(usize, u32)], now: Instant) {
        if failed.is_empty() {
            self.attempts = self.attempts.saturating_sub(1).max(1);
        }
        let next_try = self.next_try(now);
        for (index, bounces) in failed {
            let recipient = self.recipients.get_mut(*index);
            if let Some(recipient) = recipient.filter(|found| found.is_pending() && found.bounces == *bounces) {
                recipient.not_before = Some(next_try);
            }
        }
    }
}

/// A message that could not be sent is tried for so long, and so often: longer than a weekend on which nobody mends the sender, and than
/// a rollback is open.
const TRIED_FOR_DAYS: i64 = 7;
const LEAST_ATTEMPTS: u32 = 20;

impl Keyward {
    /// Delivers a notice that has just been written, without waiting for the sweep; says how many messages were sent.
    ///
    /// A notice that does not exist, is settled or is being delivered is left alone. So is one that waits for its next try.
    ///
    /// # Errors
    /// The table does not answer. The notice stays due.
    pub async fn deliver_notice_now(
        &self,
        tenant: &TenantId,
        sequence: u64,
        now: Instant,
    ) -> Result<u64, ServiceError> {
        let run = SweepRun::default();
        self.deliver(&run, &addresses::notice(tenant, sequence), now).await?;
        Ok(run.report().changes)
    }

    /// Delivers the notice at this address, if its time has come, and counts in `run` who was sent it or given up.
    pub(crate) async fn deliver(&self, run: &SweepRun, key: &Key, now: Instant) -> Result<(), ServiceError> {
        let Some(notice) = settle!(self.claim(key, now))? else { return Ok(()) };
        let (recipients, mut failed) = (notice.recipients.iter().enumerate(), Vec::new());
        // Another one is the first at each try: one whose message hangs until the run is abandoned must not keep it from the others.
        let first = usize::try_from(notice.attempts).unwrap_or(0).saturating_sub(1) % notice.recipients.len().max(1);
        for (index, recipient) in recipients.clone().skip(first).chain(recipients.take(first)) {
            if !recipient.is_awaited(now) {
                continue;
            }
            let status = self.send(&notice, index, now).await;
            if status == RecipientStatus::Pending {
                failed.push((index, recipient.bounces));
                continue;
            }
            if matches!(status, RecipientStatus::Sent { .. }) {
                run.sent();
            }
            if settle!(self.record(key, (index, recipient.bounces), &status))? {
                tell(run, &notice, index, &status);
            }
        }
        settle!(self.put_back(key, &failed, now))
    }

    /// Takes the notice for this run. Whoever else comes by finds that its time has not come.
    async fn claim(&self, key: &Key, now: Instant) -> Result<Option<NoticeDocument>, ServiceError> {
        let Some(mut notice) = self.stored_notice(key).await? else { return Ok(None) };
        let document = &mut notice.stored.value;
        // One that was never tried is taken at once: it is due since it was written, by a clock that may be a little ahead of this one.
        let is_due = notice.due.as_ref().is_some_and(|due| due.at <= now || document.attempts == 0);
        if !is_due {
            return Ok(None);
        }
        if !document.is_pending() {
            // Nobody waits for it; it is not due any more.
            self.table.transact(vec![notice.put()?]).await?;
            return Ok(None);
        }
        document.attempts = document.attempts.saturating_add(1);
        notice.due = Some(timers::due(kinds::NOTICE, &document.tenant, now + TimeDelta::seconds(CLAIM_SECONDS)));
        self.table.transact(vec![notice.put()?]).await?;
        Ok(Some(notice.stored.value))
    }

    /// Sends one message; pending where it is to be tried again.
    async fn send(&self, notice: &NoticeDocument, index: usize, now: Instant) -> RecipientStatus {
        let Some(message) = message(notice, index) else { return RecipientStatus::Pending };
        match self.mailer.send(&message).await {
            Ok(()) => RecipientStatus::Sent { at: now },
            Err(MailError::Refused { reason }) => RecipientStatus::Refused { reason: bounded(&reason) },
            Err(MailError::Unavailable { reason }) => {
                // For the log alone: it is about the sender, and no tenant's business.
                tracing::warn!(tenant = %notice.tenant, sequence = notice.sequence, recipient = index, reason, "a notice waits");
                let is_last = notice.attempts >= LEAST_ATTEMPTS && now >= notice.at + TimeDelta::days(TRIED_FOR_DAYS);
                if is_last { RecipientStatus::GivenUp { at: now } } else { RecipientStatus::Pending }
            }
        }
    }

    /// Records what became of one message, unless something else was reported in the meantime: a bounce may be faster. One that is only for
    /// now leaves the recipient pending, but not for the same message any more. Says whether it was recorded.
    async fn record(
        &self,
        key: &Key,
        (index, bounces): (usize, u32),
        status: &RecipientStatus,
    ) -> Result<bool, ServiceError> {
        let Some(mut notice) = self.stored_notice(key).await? else { return Ok(false) };
        let is_awaited = |recipient: &&mut Recipient| recipient.is_pending() && recipient.bounces == bounces;
        let Some(recipient) = notice.stored.value.recipients.get_mut(index).filter(is_awaited) else {
            return Ok(false);
        };
        recipient.status = status.clone();
        recipient.not_before = None;
        self.table.transact(vec![notice.put()?]).await?;
        Ok(true)
    }

    /// Makes a notice that somebody still waits for due again when the first of them is to be sent a message.
    async fn put_back(&self, key: &Key, failed: &[(usize, u32)], now: Instant) -> Result<(), ServiceError> {
        let Some(mut notice) = self.stored_notice(key).await? else { return Ok(()) };
        let document = &mut notice.stored.value;
        document.postpone(failed, now);
        let Some(at) = document.due_at(now) else { return Ok(()) };
        notice.due = Some(timers::due(kinds::NOTICE, &document.tenant, at));
        Ok(self.table.transact(vec![notice.put()?]).await?)
    }

    pub(super) async fn stored_notice(&self, key: &Key) -> Result<Option<StoredNotice>, ServiceError> {
        self.table.get(key).await?.as_ref().map(StoredNotice::of).transpose()
    }
}

/// Counts and logs who will not be sent the notice any more. The address is nothing for the log.
fn tell(run: &SweepRun, notice: &NoticeDocument, index: usize, status: &RecipientStatus) {
    let (tenant, sequence) = (&notice.tenant, notice.sequence);
    match status {
        RecipientStatus::GivenUp { .. } => {
            run.gave_up();
            tracing::error!(%tenant, sequence, recipient = index, "a notice could not be sent for a week; the recipient is given up");
        }
        RecipientStatus::Refused { .. } => {
            tracing::warn!(%tenant, sequence, recipient = index, "the mail service refused the recipient of a notice");
        }
        _ => {}
    }
}

fn message(notice: &NoticeDocument, index: usize) -> Option<Message> {
    let recipient = notice.recipients.get(index)?;
    Some(Message {
        id: notice.message_id(recipient, recipient.bounces),
        tenant: notice.tenant.clone(),
        sequence: notice.sequence,
        recipient: u32::try_from(index).ok()?,
        to_address: recipient.email.clone(),
        to_name: recipient.name.clone(),
        subject: notice.subject.clone(),
        text: notice.text.clone(),
        html: notice.html.clone(),
        at: notice.at,
    })
}
