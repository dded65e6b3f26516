//! A3: what the mail service reports of a message later.

use keyward_domain::{Instant, TenantId};

use super::{NoticeDocument, Recipient, RecipientStatus, bounded, delivery::after_bounce};
use crate::{
    Keyward, ServiceError, addresses,
    settle::settle,
    timers::{self, kinds},
};

/// So many messages that came back for now are followed by another one. The next that comes back is as good as one that came back for good.
const FOLLOWED: u32 = 3;

/// What became of a message that the mail service had taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailEventKind {
    /// The recipient marked it as unwanted.
    Complained,
    /// It came back, for good.
    Bounced,
    /// It came back, but another one may arrive: the mailbox is full, or somebody is out of office.
    BouncedForNow,
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
    /// The message's identifier. It is a hash of tenant, notice, address and which try it was: a report with another one is of another message.
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
            MailEventKind::Bounced | MailEventKind::BouncedForNow => RecipientStatus::Bounced { at, reason },
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

/// Which of the messages to a recipient the report is of: after how many that came back. Nothing where it is of none.
fn which(document: &NoticeDocument, recipient: &Recipient, message_id: &str) -> Option<u32> {
    (0..=recipient.bounces.min(FOLLOWED)).find(|bounces| document.message_id(recipient, *bounces) == message_id)
}

/// What a recipient is after a report of this message to it; nothing where it is as before.
///
/// Messages follow one another: what came back is counted once for each, whatever is reported of it again, and each has an identifier of its
/// own. So it does not matter in which order reports come, nor whether it is recorded yet that the message was sent.
fn after(recipient: &Recipient, message: u32, event: &MailEvent, now: Instant) -> Option<Recipient> {
    if event.kind != MailEventKind::BouncedForNow || message >= FOLLOWED {
        let status = kept(&recipient.status, event.status())?;
        return Some(Recipient { status, not_before: None, ..recipient.clone() });
    }
    if message < recipient.bounces {
        return None;
    }
    // Whoever is known not to be reached, or does not want to be, is not sent another one.
    let status = match &recipient.status {
        RecipientStatus::Pending | RecipientStatus::Sent { .. } => RecipientStatus::Pending,
        settled => settled.clone(),
    };
    let bounces = message + 1;
    let not_before = (status == RecipientStatus::Pending).then(|| after_bounce(bounces, now));
    Some(Recipient { status, bounces, not_before, ..recipient.clone() })
}

impl Keyward {
    /// Records what the mail service reports of a message; says whether the report is of a message of a notice. The same report again, and
    /// reports in another order, come to the same end; one may come before it is recorded that the message was sent. A message that came back
    /// for now is followed by another one, whenever others are tried again.
    ///
    /// # Errors
    /// The table does not answer.
    pub async fn record_mail_event(&self, event: &MailEvent, now: Instant) -> Result<bool, ServiceError> {
        settle!(self.try_record_mail_event(event, now))
    }

    async fn try_record_mail_event(&self, event: &MailEvent, now: Instant) -> Result<bool, ServiceError> {
        let key = addresses::notice(&event.tenant, event.sequence);
        let Some(mut notice) = self.stored_notice(&key).await? else { return Ok(false) };
        let document = &mut notice.stored.value;
        let index = usize::try_from(event.recipient).unwrap_or(usize::MAX);
        let Some(recipient) = document.recipients.get(index) else { return Ok(false) };
        let Some(message) = which(document, recipient, &event.message_id) else { return Ok(false) };
        let Some(after) = after(recipient, message, event, now) else { return Ok(true) };
        if let Some(recipient) = document.recipients.get_mut(index) {
            *recipient = after;
        }
        // Where somebody waits for it already it is due, or a run has it and makes it due; but it may be later than this recipient's time.
        let not_before = document.recipients.get(index).and_then(|recipient| recipient.not_before);
        if let Some(at) = not_before.filter(|at| notice.due.as_ref().is_none_or(|due| *at < due.at)) {
            notice.due = Some(timers::due(kinds::NOTICE, &document.tenant, at));
        }
        self.table.transact(vec![notice.put()?]).await?;
        Ok(true)
    }
}
