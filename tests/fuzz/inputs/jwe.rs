//! A sealed message.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use keyward_keyfile::jwe;

use super::exchange_key::EXCHANGE_KEY;

/// Longest message, in bytes: what the service takes.
const SEALED_BYTES: usize = 160 * 1024;

/// What follows a header: an encrypted key, a nonce, a ciphertext and a tag.
const AFTER_HEADER: &str = "AAAA.AAAAAAAAAAAAAAAA.AAAA.AAAAAAAAAAAAAAAAAAAAAA";

/// Takes the input as a message, and as the header of one, which chance does not reach through base64.
pub(crate) fn run(input: &[u8]) {
    if let Ok(text) = str::from_utf8(input) {
        message(text);
    }
    message(&format!("{}.{AFTER_HEADER}", URL_SAFE_NO_PAD.encode(input)));
}

/// Takes it apart, has its content key unwrapped and opens it.
fn message(text: &str) {
    let envelope = match jwe::parse(text, SEALED_BYTES) {
        Ok(envelope) => envelope,
        Err(error) => return assert!(!error.code().is_empty() && !error.next_step().is_empty()),
    };
    assert!(envelope.kid().len() <= text.len() && envelope.encrypted_key().len() <= 512);
    match EXCHANGE_KEY.unwrap(envelope.encrypted_key(), b"") {
        Ok(content_key) => {
            let opened = envelope.open(&content_key);
            assert!(opened.is_err() || opened.is_ok_and(|plain| plain.len() < text.len()));
        }
        // Nothing opens under a key that is not the message's.
        Err(_) => assert_eq!(envelope.open(&[0; 32]).err(), Some(jwe::JweError::NotOpened)),
    }
}
