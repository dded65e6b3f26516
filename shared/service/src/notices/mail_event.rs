//! A3: what the mail service reports of a message later.

use keyward_domain::{Instant, TenantId};

use super::{RecipientStatus, bounded};
use crate::{Keyward, ServiceError, addresses, settle::settle};

/// What became of a message that the mail service had taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailEventKind {
    /// The recipient marked it as unwanted.
    Complained,
    /// It came back.
    Bounced,
    /// It was not sent.
    Rejected,
}

/// One report of the mail service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailEvent {
    /// The tenant, as it stood in [`Message::tenant`](crate::ports::mail::Message::tenant).
    pub tenant: TenantId,
    /// The number of the notice.
    pub sequence: u64,
    /// The place of the recipient.
    pub recipient: u32,
    /// The message's identifier. It is a hash of tenant, notice and address: a report with another one is of another message.
    pub message_id: String,
    /// What happened.
    pub kind: MailEventKind,
    /// When.
    pub at: Instant,
    /// What was said about it; a bounded part of it is kept.
    pub reason: String,
}

impl MailEvent {
    fn status(&self) -> RecipientStatus {
        let (at, reason) = (self.at, bounded(&self.reason));
        match self.kind {
            MailEventKind::Complained => RecipientStatus::Complained { at, reason },
            MailEventKind::Bounced => RecipientStatus::Bounced { at, reason },
            MailEventKind::Rejected => RecipientStatus::Rejected { at, reason },
        }
    }
}

/// How much a status says against that the recipient was reached. What was reported outweighs what was seen at sending.
fn weight(status: &RecipientStatus) -> u8 {
    match status {
        RecipientStatus::Pending
        | RecipientStatus::Sent { .. }
        | RecipientStatus::Refused { .. }
        | RecipientStatus::GivenUp { .. } => 0,
        RecipientStatus::Complained { .. } => 1,
        RecipientStatus::Bounced { .. } => 2,
        RecipientStatus::Rejected { .. } => 3,
    }
}

/// The one of two reports that is kept, whichever came first: the weightier, of the same weight the earlier.
fn kept(known: &RecipientStatus, reported: RecipientStatus) -> Option<RecipientStatus> {
    use RecipientStatus::{Bounced, Complained, Rejected};
    let is_kept = match (known, &reported) {
        (Complained { at: known_at, reason: known }, Complained { at, reason })
        | (Bounced { at: known_at, reason: known }, Bounced { at, reason })
        | (Rejected { at: known_at, reason: known }, Rejected { at, reason }) => (at, reason) < (known_at, known),
        _ => weight(&reported) > weight(known),
    };
    is_kept.then_some(reported)
}

impl Keyward {
    /// Records what the mail service reports of a message; says whether the report is of a message of a notice. The same report again, and
    /// reports in another order, come to the same end; one may come before it is recorded that the message was sent.
    ///
    /// # Errors
    /// The table does not answer.
    pub async fn record_mail_event(&self, event: &MailEvent) -> Result<bool, ServiceError> {
        settle!(self.try_record_mail_event(event))
    }

    async fn try_record_mail_event(&self, event: &MailEvent) -> Result<bool, ServiceError> {
        let key = addresses::notice(&event.tenant, event.sequence);
        let Some(mut notice) = self.stored_notice(&key).await? else { return Ok(false) };
        let document = &mut notice.stored.value;
        let index = usize::try_from(event.recipient).unwrap_or(usize::MAX);
        let Some(recipient) = document.recipients.get(index) else { return Ok(false) };
        if document.message_id(recipient) != event.message_id {
            return Ok(false);
        }
        let Some(status) = kept(&recipient.status, event.status()) else { return Ok(true) };
        if let Some(recipient) = document.recipients.get_mut(index) {
            recipient.status = status;
        }
        self.table.transact(vec![notice.put()?]).await?;
        Ok(true)
    }
}
