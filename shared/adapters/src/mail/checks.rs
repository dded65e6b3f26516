//! What a message must be like before anybody takes it: nothing in it breaks out of its header, or out of a folder.

use keyward_service::ports::mail::{MailError, Message};

/// Longest message identifier, in characters.
const ID_LIMIT: usize = 128;
/// Longest address, in bytes (RFC 5321: 256 with its brackets).
const ADDRESS_LIMIT: usize = 254;
/// Longest name or subject, in bytes.
pub(super) const LINE_LIMIT: usize = 998;
/// Longest text, in bytes, of each form.
const TEXT_LIMIT: usize = 1024 * 1024;

pub(super) fn message(message: &Message) -> Result<(), MailError> {
    let hex = message.id.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    if !hex || !(1..=ID_LIMIT).contains(&message.id.len()) {
        return refused(format!("a message's id is 1 to {ID_LIMIT} lowercase hex digits"));
    }
    address("recipient's address", &message.to_address)?;
    line("recipient's name", &message.to_name, LINE_LIMIT)?;
    line("subject", &message.subject, LINE_LIMIT)?;
    let longest = message.text.len().max(message.html.as_ref().map_or(0, String::len));
    if longest > TEXT_LIMIT {
        return refused(format!("the text is longer than {TEXT_LIMIT} bytes"));
    }
    Ok(())
}

/// Whether a mail can have this address as its sender.
#[must_use]
pub fn is_address(text: &str) -> bool {
    address("address", text).is_ok()
}

pub(super) fn address(what: &str, address: &str) -> Result<(), MailError> {
    line(what, address, ADDRESS_LIMIT)?;
    let parts = address.rsplit_once('@').filter(|(local, domain)| !local.is_empty() && !domain.is_empty());
    let odd = |character: char| character.is_whitespace() || matches!(character, '<' | '>' | ',' | ';');
    if parts.is_none() || address.contains(odd) {
        return refused(format!("the {what} is not a mail address"));
    }
    Ok(())
}

pub(super) fn line(what: &str, line: &str, limit: usize) -> Result<(), MailError> {
    if line.len() > limit {
        return refused(format!("the {what} is longer than {limit} bytes"));
    }
    if line.chars().any(char::is_control) {
        return refused(format!("the {what} has control characters"));
    }
    Ok(())
}

pub(super) fn refused(reason: String) -> Result<(), MailError> {
    Err(MailError::Refused { reason })
}
