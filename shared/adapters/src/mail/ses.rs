//! Amazon SES: how notices are sent in the cloud.

use async_trait::async_trait;
use aws_sdk_sesv2::{
    Client,
    error::SdkError,
    operation::send_email::{SendEmailError, builders::SendEmailFluentBuilder},
    types::{Body, Content, Destination, EmailContent, Message as SimpleMessage, MessageHeader, MessageTag},
};
use aws_smithy_types::error::{display::DisplayErrorContext, operation::BuildError};
use keyward_service::ports::mail::{MailError, Mailer, Message};

use super::{checks, headers};

/// Sends each message by SES. What SES reports of it later (a bounce, a complaint, a rejection) carries the tags of the message:
/// `tenant`, `notice` (its number), `recipient` (the place among its recipients) and `message` (its identifier).
#[derive(Clone, Debug)]
pub struct SesMailer {
    client: Client,
    sender: String,
    configuration_set: String,
}

impl SesMailer {
    /// Mail from this address, which SES must have verified, under this configuration set, which publishes the events. The client
    /// should not repeat a request by itself: SES takes a repeated one as another message.
    ///
    /// # Errors
    /// [`MailError::Refused`] where the address can't stand in a header, or is not ASCII.
    pub fn new(client: Client, sender: &str, configuration_set: &str) -> Result<Self, MailError> {
        checks::address("sender's address", sender)?;
        ascii(sender)?;
        Ok(Self { client, sender: sender.to_owned(), configuration_set: configuration_set.to_owned() })
    }

    fn request(&self, message: &Message) -> Result<SendEmailFluentBuilder, BuildError> {
        let html = message.html.as_deref().map(utf8).transpose()?;
        let body = Body::builder().text(utf8(&message.text)?).set_html(html).build();
        let mut simple = SimpleMessage::builder().subject(utf8(&message.subject)?).body(body);
        for (name, value) in headers::of(message, &self.sender) {
            simple = simple.headers(MessageHeader::builder().name(name).value(value).build()?);
        }
        let mut request = self
            .client
            .send_email()
            .from_email_address(format!("Keyward <{}>", self.sender))
            // Without the name: it may hold any character, and to SES a wrongly quoted one is a wrong address.
            .destination(Destination::builder().to_addresses(&message.to_address).build())
            .content(EmailContent::builder().simple(simple.build()).build())
            .configuration_set_name(&self.configuration_set);
        for (name, value) in [
            ("tenant", message.tenant.to_string()),
            ("notice", message.sequence.to_string()),
            ("recipient", message.recipient.to_string()),
            ("message", message.id.clone()),
        ] {
            request = request.email_tags(MessageTag::builder().name(name).value(value).build()?);
        }
        Ok(request)
    }
}

fn ascii(address: &str) -> Result<(), MailError> {
    if address.is_ascii() {
        return Ok(());
    }
    checks::refused("SES takes addresses in ASCII only; write the domain in punycode".to_owned())
}

fn utf8(text: &str) -> Result<Content, BuildError> {
    Content::builder().data(text).charset("UTF-8").build()
}

#[async_trait]
impl Mailer for SesMailer {
    async fn send(&self, message: &Message) -> Result<(), MailError> {
        checks::message(message)?;
        ascii(&message.to_address)?;
        let unavailable = |reason: String| MailError::Unavailable { reason };
        let request = self.request(message).map_err(|error| unavailable(error.to_string()))?;
        match request.send().await {
            Ok(_) => Ok(()),
            Err(error) => Err(unavailable(reason(&error))),
        }
    }
}

/// What SES said, for the log and the record.
///
/// No answer of SES refuses a *recipient*. That an address does not exist, or is on the suppression list, SES finds after it has taken the
/// message, and reports as an event. What it answers at once is about the sender: too many requests or over the quota, sending paused, account
/// suspended, domain not verified, configuration set not found. `MessageRejected` is the same where it looks otherwise: an account in the
/// sandbox answers so for every recipient that is not verified. `BadRequestException` may be either, and its words are not documented; the
/// recipient's address was checked here before. If one of these settled a recipient, one wrong setting would make all administrators count as
/// not reachable, and mending it would send them nothing. So all of them wait, are tried again, and are shown as waiting.
fn reason(error: &SdkError<SendEmailError>) -> String {
    match error.as_service_error() {
        Some(answer) => {
            let code = answer.meta().code().unwrap_or("an answer without a code");
            format!("SES: {code}: {}", answer.meta().message().unwrap_or("without words"))
        }
        None => format!("SES: {}", DisplayErrorContext(error)),
    }
}

#[cfg(test)]
mod tests;
