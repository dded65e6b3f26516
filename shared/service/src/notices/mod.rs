//! The outbox (A3): notices as they are stored, how they are delivered, and what is reported of them later.

mod delivery;
mod mail_event;
mod reached;

use keyward_domain::{Instant, TenantId};
use serde::{Deserialize, Serialize};

pub use crate::addresses::notice_at;
pub use mail_event::{MailEvent, MailEventKind};
pub use reached::{NoticeReach, NoticesReach};

pub(crate) use delivery::longest_wait;

use crate::{
    ServiceError,
    audit::sha256_hex,
    ports::table::{Due, Item, Write},
    stored::{Stored, decode},
};

/// Longest reason that is kept, in characters.
const REASON_LIMIT: usize = 300;

/// How far a notice is with one administrator.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum RecipientStatus {
    /// Not sent yet.
    Pending,
    /// Taken by the mail service. It is the only status that counts as reached.
    Sent {
        /// When.
        at: Instant,
    },
    /// The mail service will not take it for this recipient.
    Refused {
        /// What it said.
        reason: String,
    },
    /// It could not be sent for so long that it is not tried any more.
    GivenUp {
        /// When it was given up.
        at: Instant,
    },
    /// The recipient marked it as unwanted. It arrived, but mail that is treated so is not counted as read, and what comes next is often
    /// suppressed.
    Complained {
        /// When.
        at: Instant,
        /// What was reported.
        reason: String,
    },
    /// It came back.
    Bounced {
        /// When.
        at: Instant,
        /// What was reported.
        reason: String,
    },
    /// The mail service took it and then did not send it.
    Rejected {
        /// When.
        at: Instant,
        /// What was reported.
        reason: String,
    },
}

/// One administrator of a notice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recipient {
    /// Name.
    pub name: String,
    /// Address.
    pub email: String,
    /// How far it is.
    #[serde(flatten)]
    pub status: RecipientStatus,
    /// How many messages came back for now and were followed by another one.
    #[serde(default, skip_serializing_if = "is_none")]
    pub bounces: u32,
    /// Until when it waits for its next message: after one that came back for now, or that could not be sent. Only a pending one has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_before: Option<Instant>,
}

impl Recipient {
    fn is_pending(&self) -> bool {
        self.status == RecipientStatus::Pending
    }

    /// Whether it is to be sent a message at this instant.
    fn is_awaited(&self, now: Instant) -> bool {
        self.is_pending() && self.not_before.is_none_or(|at| at <= now)
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
const fn is_none(count: &u32) -> bool {
    *count == 0
}

/// A notice in the outbox: written with the change that it tells of, sent after it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoticeDocument {
    /// The tenant.
    pub tenant: TenantId,
    /// Number of the first audit event that it tells of.
    pub sequence: u64,
    /// When that was decided.
    pub at: Instant,
    /// One line.
    pub subject: String,
    /// Plain text.
    pub text: String,
    /// The same as HTML; absent in notices from before there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub html: Option<String>,
    /// Every administrator of the tenant at that instant.
    pub recipients: Vec<Recipient>,
    /// How often its delivery was begun. After the first time, one that left nobody to be tried again is not counted: it must not lengthen the
    /// wait of the others.
    pub attempts: u32,
}

impl NoticeDocument {
    /// Whether somebody is neither reached nor given up.
    fn is_pending(&self) -> bool {
        self.recipients.iter().any(Recipient::is_pending)
    }

    /// The message's identifier: of this notice to this address, after so many that came back, and of nothing else.
    fn message_id(&self, recipient: &Recipient, bounces: u32) -> String {
        let first = format!("{}\n{}\n{}", self.tenant, self.sequence, recipient.email);
        sha256_hex(&if bounces == 0 { first } else { format!("{first}\n{bounces}") })
    }
}

/// A notice as it was read, with when it is due.
struct StoredNotice {
    stored: Stored<NoticeDocument>,
    due: Option<Due>,
}

impl StoredNotice {
    fn of(item: &Item) -> Result<Self, ServiceError> {
        Ok(Self { stored: decode(item)?, due: item.due.clone() })
    }

    /// Writes the notice; it stays due as it was for as long as somebody is pending.
    fn put(&self) -> Result<Write, ServiceError> {
        self.stored.put_with(None, self.due.clone().filter(|_| self.stored.value.is_pending()), None)
    }
}

/// Since when somebody waits for a first message of the notice in this item; nothing where nobody does, or where it can't be read: its
/// delivery will say so.
pub(crate) fn waiting_since(item: &Item) -> Option<Instant> {
    let notice = decode::<NoticeDocument>(item).ok()?.value;
    let waits = |recipient: &Recipient| recipient.is_pending() && recipient.bounces == 0;
    notice.recipients.iter().any(waits).then_some(notice.at)
}

/// What somebody outside said, as one line of bounded length.
fn bounded(reason: &str) -> String {
    let printable = |character: char| if character.is_control() { ' ' } else { character };
    let line: String = reason.chars().take(REASON_LIMIT).map(printable).collect();
    let line = line.trim();
    if line.is_empty() { "no reason was given".to_owned() } else { line.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notices_from_before_are_read() -> Result<(), serde_json::Error> {
        let stored = r#"{"tenant":"contoso","sequence":3,"at":"2026-01-01T00:00:00Z","subject":"s","text":"t","attempts":1,"recipients":[
            {"name":"A","email":"a@contoso.example","status":"sent","at":"2026-01-01T00:00:01Z"},
            {"name":"B","email":"b@contoso.example","status":"refused","reason":"no"},
            {"name":"C","email":"c@contoso.example","status":"pending"}]}"#;
        let notice: NoticeDocument = serde_json::from_str(stored)?;
        assert_eq!(notice.html, None);
        assert_eq!(notice.recipients[1].status, RecipientStatus::Refused { reason: "no".into() });
        assert_eq!(notice.recipients[1].bounces, 0);
        assert_eq!(notice.recipients[2].not_before, None);
        assert!(notice.is_pending());
        Ok(())
    }

    #[test]
    fn a_reason_is_one_bounded_line() {
        assert_eq!(bounded("550 5.1.1\r\nuser\tunknown\u{1b}[2J"), "550 5.1.1  user unknown [2J");
        assert_eq!(bounded(&"ü".repeat(1000)).chars().count(), REASON_LIMIT);
        assert_eq!(bounded(" \u{7}"), "no reason was given");
    }
}
