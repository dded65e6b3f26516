//! Mail: how notices reach administrators.

use async_trait::async_trait;
use keyward_domain::TenantId;

/// One message to one recipient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// The same for every attempt of the same message, so that a repeated one can be recognised: lowercase hex.
    pub id: String,
    /// The tenant whose notice it is.
    pub tenant: TenantId,
    /// Number of the notice in the tenant.
    pub sequence: u64,
    /// Place of the recipient among those of the notice, from 0.
    pub recipient: u32,
    /// Address of the recipient.
    pub to_address: String,
    /// Name of the recipient.
    pub to_name: String,
    /// One line.
    pub subject: String,
    /// Plain text.
    pub text: String,
    /// The same as HTML; absent where the notice is from before there was one.
    pub html: Option<String>,
    /// The instant of what the message tells.
    pub at: chrono::DateTime<chrono::Utc>,
}

/// Why a message was not sent.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum MailError {
    /// This recipient can't be reached, and trying again will not help. What is wrong with the sender, the account or the service is never
    /// this: it would settle every administrator as not reachable.
    #[error("the recipient was refused: {reason}")]
    Refused {
        /// What the mail service said, without secrets.
        reason: String,
    },
    /// The mail service does not answer, throttles, or does not take mail of this sender; try again later.
    #[error("the mail service does not take mail: {reason}")]
    Unavailable {
        /// For the log.
        reason: String,
    },
}

/// Sends mail.
#[async_trait]
pub trait Mailer: Send + Sync {
    /// Hands one message to the mail service, at most once: a repetition is the caller's. Sending the same id twice must not be worse than
    /// one message too many.
    async fn send(&self, message: &Message) -> Result<(), MailError>;
}
