//! A3: the delivery of one notice.
//!
//! What is guaranteed: every administrator is sent the notice at least once, unless the mail service refuses the recipient, or does not take
//! the message for a week. Somebody is sent it twice only where a run ends between the answer of the mail service and the record of it, or
//! where that answer was lost: one message for each such end; and where a message came back for now. For that a run first claims the notice,
//! so that of several at the same time only one sends, and then each answer is recorded before the next message is sent.

use chrono::TimeDelta;
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

/// The wait until the next try, longer each time.
pub(super) fn wait(notice: &NoticeDocument) -> TimeDelta {
    let pending = || notice.recipients.iter().filter(|recipient| recipient.status == RecipientStatus::Pending);
    let bounces = pending().map(|recipient| recipient.bounces).min().unwrap_or(0);
    TimeDelta::seconds(match bounces.checked_sub(1) {
        Some(further) => AFTER_BOUNCE_SECONDS << (2 * further.min(3)),
        None => (1_i64 << notice.attempts.min(12)).min(LONGEST_WAIT_SECONDS),
    })
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
        let recipients = notice.recipients.iter().enumerate();
        // Another one is the first at each try: one whose message hangs until the run is abandoned must not keep it from the others.
        let first = usize::try_from(notice.attempts).unwrap_or(0).saturating_sub(1) % notice.recipients.len().max(1);
        for (index, recipient) in recipients.clone().skip(first).chain(recipients.take(first)) {
            if recipient.status != RecipientStatus::Pending {
                continue;
            }
            let status = self.send(&notice, index, now).await;
            if status == RecipientStatus::Pending {
                continue;
            }
            if matches!(status, RecipientStatus::Sent { .. }) {
                run.sent();
            }
            if settle!(self.record(key, (index, recipient.bounces), &status))? {
                tell(run, &notice, index, &status);
            }
        }
        settle!(self.put_back(key, now))
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
        let is_awaited =
            |recipient: &&mut Recipient| recipient.status == RecipientStatus::Pending && recipient.bounces == bounces;
        let Some(recipient) = notice.stored.value.recipients.get_mut(index).filter(is_awaited) else {
            return Ok(false);
        };
        recipient.status = status.clone();
        self.table.transact(vec![notice.put()?]).await?;
        Ok(true)
    }

    /// Makes a notice that somebody still waits for due again later, longer each time.
    async fn put_back(&self, key: &Key, now: Instant) -> Result<(), ServiceError> {
        let Some(mut notice) = self.stored_notice(key).await? else { return Ok(()) };
        let document = &notice.stored.value;
        if !document.is_pending() {
            return Ok(());
        }
        notice.due = Some(timers::due(kinds::NOTICE, &document.tenant, now + wait(document)));
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
