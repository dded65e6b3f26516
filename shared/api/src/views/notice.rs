//! Whom the notices of a tenant reached (A3).

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Why somebody was not reached by a notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum NotReached {
    /// It is still tried.
    Waiting,
    /// The mail service does not take it for this address.
    Refused,
    /// It could not be sent for a week, and is not tried any more.
    GivenUp,
    /// The recipient marked it as unwanted.
    Complained,
    /// It came back.
    Bounced,
    /// The mail service took it and did not send it.
    Rejected,
}

impl NotReached {
    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Refused => "refused",
            Self::GivenUp => "given up",
            Self::Complained => "marked it as unwanted",
            Self::Bounced => "bounced",
            Self::Rejected => "rejected",
        }
    }
}

/// An administrator whom a notice did not reach, or not yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct NotReachedView {
    /// As others know the person.
    pub name: String,
    /// Where the notice was sent.
    pub email: String,
    /// Why not.
    pub status: NotReached,
    /// What the mail service said of this recipient, if it said anything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// When that was, if it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<DateTime<Utc>>,
}

/// Whom one notice reached.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct NoticeView {
    /// Number of the first entry of the audit log that it tells of.
    pub sequence: u64,
    /// When that was decided.
    pub at: DateTime<Utc>,
    /// Its subject; only for those who may read the audit log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// Administrators whose mail service took it and from whom nothing came back.
    pub reached: u32,
    /// Administrators that it was for.
    pub of: u32,
    /// Those who were not reached, or not yet.
    pub not_reached: Vec<NotReachedView>,
}

/// Whom the newest notices reached: a change that some administrators did not hear of is protected less.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct NoticesView {
    /// The newest one.
    pub latest: NoticeView,
    /// How many were looked at, the newest ones; 20 at most.
    pub looked_at: u32,
    /// How many of these did not reach everybody, or not yet.
    pub incomplete: u32,
}
