//! A3: the delivery of one notice.
//!
//! What is guaranteed: every administrator is sent the notice at least once, unless the mail service refuses the recipient, or does not take
//! the message for a week. Somebody is sent it twice only where a run ends between the answer of the mail service and the record of it, or
//! where that answer was lost: one message for each such end. For that a run first claims the notice, so that of several at the same time
//! only one sends, and then each answer is recorded before the next message is sent.

use chrono::TimeDelta;
use keyward_domain::{Instant, TenantId};

use super::{NoticeDocument, RecipientStatus, StoredNotice, bounded};
use crate::{
    Keyward, ServiceError, addresses,
    ports::{
        mail::{MailError, Message},
        table::Key,
    },
    settle::settle,
    timers::{self, kinds},
};

/// How long a run has the notice for itself. What sends notices must be stopped before that.
const CLAIM_SECONDS: i64 = 600;

/// Longest wait between two tries.
const LONGEST_WAIT_SECONDS: i64 = 3600;

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
        self.deliver(&addresses::notice(tenant, sequence), now).await
    }

    /// Delivers the notice at this address, if its time has come.
    pub(crate) async fn deliver(&self, key: &Key, now: Instant) -> Result<u64, ServiceError> {
        let Some(notice) = settle!(self.claim(key, now))? else { return Ok(0) };
        let mut sent = 0;
        for (index, recipient) in notice.recipients.iter().enumerate() {
            if recipient.status != RecipientStatus::Pending {
                continue;
            }
            let status = self.send(&notice, index, now).await;
            if status != RecipientStatus::Pending {
                sent += u64::from(matches!(status, RecipientStatus::Sent { .. }));
                settle!(self.record(key, index, &status))?;
            }
        }
        settle!(self.put_back(key, now))?;
        Ok(sent)
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

    /// Records what became of one message, unless something else was reported in the meantime: a bounce may be faster.
    async fn record(&self, key: &Key, index: usize, status: &RecipientStatus) -> Result<(), ServiceError> {
        let Some(mut notice) = self.stored_notice(key).await? else { return Ok(()) };
        match notice.stored.value.recipients.get_mut(index) {
            Some(recipient) if recipient.status == RecipientStatus::Pending => recipient.status = status.clone(),
            _ => return Ok(()),
        }
        Ok(self.table.transact(vec![notice.put()?]).await?)
    }

    /// Makes a notice that somebody still waits for due again later, longer each time.
    async fn put_back(&self, key: &Key, now: Instant) -> Result<(), ServiceError> {
        let Some(mut notice) = self.stored_notice(key).await? else { return Ok(()) };
        let document = &notice.stored.value;
        if !document.is_pending() {
            return Ok(());
        }
        let wait = (1_i64 << document.attempts.min(12)).min(LONGEST_WAIT_SECONDS);
        notice.due = Some(timers::due(kinds::NOTICE, &document.tenant, now + TimeDelta::seconds(wait)));
        Ok(self.table.transact(vec![notice.put()?]).await?)
    }

    pub(super) async fn stored_notice(&self, key: &Key) -> Result<Option<StoredNotice>, ServiceError> {
        self.table.get(key).await?.as_ref().map(StoredNotice::of).transpose()
    }
}

fn message(notice: &NoticeDocument, index: usize) -> Option<Message> {
    let recipient = notice.recipients.get(index)?;
    Some(Message {
        id: notice.message_id(recipient),
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
