//! No mail at all.

use async_trait::async_trait;
use keyward_service::ports::mail::{MailError, Mailer, Message};

/// For what sends nothing, as all functions but one: a message that is sent by mistake is an error that says so, and waits in the outbox.
#[derive(Clone, Copy, Debug)]
pub struct NoMailer;

#[async_trait]
impl Mailer for NoMailer {
    async fn send(&self, _: &Message) -> Result<(), MailError> {
        Err(MailError::Unavailable { reason: "this function sends no mail; deliver-notices does".to_owned() })
    }
}
