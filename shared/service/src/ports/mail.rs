//! Mail: how notices reach administrators.

use async_trait::async_trait;

/// One message to one recipient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// The same for every attempt of the same message, so that a repeated one can be recognised: lowercase hex.
    pub id: String,
    /// Address of the recipient.
    pub to_address: String,
    /// Name of the recipient.
    pub to_name: String,
    /// One line.
    pub subject: String,
    /// Plain text.
    pub text: String,
    /// The instant of what the message tells.
    pub at: chrono::DateTime<chrono::Utc>,
}

/// Why a message was not sent.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum MailError {
    /// The recipient can't be reached, and trying again will not help.
    #[error("the recipient was refused: {reason}")]
    Refused {
        /// What the mail service said, without secrets.
        reason: String,
    },
    /// The mail service does not answer or throttles; try again later.
    #[error("the mail service does not answer: {reason}")]
    Unavailable {
        /// For the log.
        reason: String,
    },
}

/// Sends mail.
#[async_trait]
pub trait Mailer: Send + Sync {
    /// Sends one message. Sending the same id twice must not be worse than one message too many.
    async fn send(&self, message: &Message) -> Result<(), MailError>;
}
