//! The headers that every notice carries, however it is sent.
//!
//! A program made it, and nobody's absence note is to come back: RFC 3834 has `Auto-Submitted` for that, and Exchange goes by
//! `X-Auto-Response-Suppress`. `Precedence: bulk` is not set: RFC 3834 only knows it as a custom that is not standardised, and filters put
//! such mail where it is read late. Nor is `List-Id` (RFC 2919): this is no list that anybody could leave.

use keyward_service::ports::mail::Message;

/// Names and values, ASCII, one line each. `sender` is the sender's address.
pub(super) fn of(message: &Message, sender: &str) -> [(&'static str, String); 4] {
    let domain = domain(sender);
    let Message { tenant, sequence, .. } = message;
    [
        ("Auto-Submitted", "auto-generated".to_owned()),
        ("X-Auto-Response-Suppress", "All".to_owned()),
        ("X-Keyward-Notice", format!("{tenant}/{sequence}")),
        // All that is sent of one notice refers to the same: what is repeated stands in one thread, whatever its message id.
        ("References", format!("<notice.{tenant}.{sequence}@{domain}>")),
    ]
}

/// The part behind the `@`.
pub(super) fn domain(address: &str) -> &str {
    address.rsplit_once('@').map_or("keyward.invalid", |(_, domain)| domain)
}
