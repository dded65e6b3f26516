//! A folder as mailbox: every message is a file that any mail program opens (RFC 5322, `.eml`).

use std::io;
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use keyward_service::ports::mail::{MailError, Mailer, Message};
use mail_builder::MessageBuilder;
use mail_builder::headers::address::Address;
use mail_builder::headers::raw::Raw;

use crate::vault::durable;

/// Longest message identifier, in characters.
const ID_LIMIT: usize = 128;
/// Longest address, in bytes (RFC 5321: 256 with its brackets).
const ADDRESS_LIMIT: usize = 254;
/// Longest name or subject, in bytes.
const LINE_LIMIT: usize = 998;
/// Longest text, in bytes.
const TEXT_LIMIT: usize = 1024 * 1024;

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
        check_line("sender's name", name, LINE_LIMIT)?;
        check_address("sender's address", address)?;
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
        let domain = self.sender_address.rsplit_once('@').map_or("keyward.invalid", |(_, domain)| domain);
        MessageBuilder::new()
            .from(Address::new_address(Some(self.sender_name.as_str()), self.sender_address.as_str()))
            .to(Address::new_address(Some(message.to_name.as_str()), message.to_address.as_str()))
            .subject(message.subject.as_str())
            .date(message.at.timestamp())
            .message_id(format!("{}@{domain}", message.id))
            // RFC 3834, and what Exchange goes by: nobody's absence note is to be sent back.
            .header("Auto-Submitted", Raw::new("auto-generated"))
            .header("X-Auto-Response-Suppress", Raw::new("All"))
            .text_body(message.text.as_str())
            .write_to_vec()
    }
}

#[async_trait]
impl Mailer for MailFolder {
    async fn send(&self, message: &Message) -> Result<(), MailError> {
        check(message)?;
        let unavailable = |error: io::Error| MailError::Unavailable { reason: error.to_string() };
        let content = self.compose(message).map_err(unavailable)?;
        let file = self.file(message);
        let written = tokio::task::spawn_blocking(move || durable::replace(&file, &content)).await;
        written.map_err(|error| MailError::Unavailable { reason: error.to_string() })?.map_err(unavailable)
    }
}

/// Nothing in a message may break out of its header, or out of the folder.
fn check(message: &Message) -> Result<(), MailError> {
    let hex = message.id.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    if !hex || !(1..=ID_LIMIT).contains(&message.id.len()) {
        return refused(format!("a message's id is 1 to {ID_LIMIT} lowercase hex digits"));
    }
    check_address("recipient's address", &message.to_address)?;
    check_line("recipient's name", &message.to_name, LINE_LIMIT)?;
    check_line("subject", &message.subject, LINE_LIMIT)?;
    if message.text.len() > TEXT_LIMIT {
        return refused(format!("the text is longer than {TEXT_LIMIT} bytes"));
    }
    Ok(())
}

fn check_address(what: &str, address: &str) -> Result<(), MailError> {
    check_line(what, address, ADDRESS_LIMIT)?;
    let parts = address.rsplit_once('@').filter(|(local, domain)| !local.is_empty() && !domain.is_empty());
    let odd = |character: char| character.is_whitespace() || matches!(character, '<' | '>' | ',' | ';');
    if parts.is_none() || address.contains(odd) {
        return refused(format!("the {what} is not a mail address"));
    }
    Ok(())
}

fn check_line(what: &str, line: &str, limit: usize) -> Result<(), MailError> {
    if line.len() > limit {
        return refused(format!("the {what} is longer than {limit} bytes"));
    }
    if line.chars().any(char::is_control) {
        return refused(format!("the {what} has control characters"));
    }
    Ok(())
}

fn refused(reason: String) -> Result<(), MailError> {
    Err(MailError::Refused { reason })
}
