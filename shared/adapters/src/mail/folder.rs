//! A folder as mailbox: every message is a file that any mail program opens (RFC 5322, `.eml`).

use std::io;
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use keyward_service::ports::mail::{MailError, Mailer, Message};
use mail_builder::MessageBuilder;
use mail_builder::headers::address::Address;
use mail_builder::headers::content_type::ContentType;
use mail_builder::headers::raw::Raw;
use mail_builder::mime::MimePart;

use super::{checks, headers};
use crate::vault::durable;

/// Writes each message as one file into a folder: `<instant>-<id>.eml`, so that a listing is in order of time.
/// The same message again takes the place of its file.
#[derive(Clone, Debug)]
pub struct MailFolder {
    dir: PathBuf,
    sender_name: String,
    sender_address: String,
}

impl MailFolder {
    /// Opens a folder, made where it is missing and closed to others. The sender is
    /// `Keyward <no-reply@keyward.invalid>` until [`MailFolder::with_sender`] says otherwise.
    ///
    /// # Errors
    /// The folder can't be made.
    pub fn open(dir: impl Into<PathBuf>) -> io::Result<Self> {
        let dir = dir.into();
        durable::create_private_dir(&dir)?;
        durable::destroy_temporaries(&dir)?;
        Ok(Self { dir, sender_name: "Keyward".to_owned(), sender_address: "no-reply@keyward.invalid".to_owned() })
    }

    /// The same folder with another sender.
    ///
    /// # Errors
    /// [`MailError::Refused`] where the address or the name can't stand in a header.
    pub fn with_sender(mut self, name: &str, address: &str) -> Result<Self, MailError> {
        checks::line("sender's name", name, checks::LINE_LIMIT)?;
        checks::address("sender's address", address)?;
        self.sender_name = name.to_owned();
        self.sender_address = address.to_owned();
        Ok(self)
    }

    /// The folder.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The file of a message.
    fn file(&self, message: &Message) -> PathBuf {
        self.dir.join(format!("{}-{}.eml", message.at.format("%Y%m%dT%H%M%SZ"), message.id))
    }

    fn compose(&self, message: &Message) -> io::Result<Vec<u8>> {
        let mut mail = MessageBuilder::new()
            .from(Address::new_address(Some(self.sender_name.as_str()), self.sender_address.as_str()))
            .to(Address::new_address(Some(message.to_name.as_str()), message.to_address.as_str()))
            .subject(message.subject.as_str())
            .date(message.at.timestamp())
            .message_id(format!("{}@{}", message.id, headers::domain(&self.sender_address)));
        for (name, value) in headers::of(message, &self.sender_address) {
            mail = mail.header(name, Raw::new(value));
        }
        mail.body(body(message)).write_to_vec()
    }
}

/// The text alone, or both forms, the better one last (RFC 2046, section 5.1.4).
fn body(message: &Message) -> MimePart<'_> {
    let text = MimePart::new("text/plain", message.text.as_str());
    let Some(html) = &message.html else { return text };
    // The same for every attempt. No encoded text has a line that begins with `--=_`: an equals sign is encoded there.
    let boundary: String = "=_".chars().chain(message.id.chars().take(32)).collect();
    let content_type = ContentType::new("multipart/alternative").attribute("boundary", boundary);
    MimePart::new(content_type, vec![text, MimePart::new("text/html", html.as_str())])
}

#[async_trait]
impl Mailer for MailFolder {
    async fn send(&self, message: &Message) -> Result<(), MailError> {
        checks::message(message)?;
        let unavailable = |error: io::Error| MailError::Unavailable { reason: error.to_string() };
        let content = self.compose(message).map_err(unavailable)?;
        let file = self.file(message);
        let written = tokio::task::spawn_blocking(move || durable::replace(&file, &content)).await;
        written.map_err(|error| MailError::Unavailable { reason: error.to_string() })?.map_err(unavailable)
    }
}
