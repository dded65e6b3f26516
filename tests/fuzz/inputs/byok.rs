//! A transfer blob.

use keyward_keyfile::{KeyBits, Limits, byok};

use super::exchange_key::EXCHANGE_KEY;

/// Reads the input and opens it with the exchange key.
pub(crate) fn run(input: &[u8]) {
    let limits = Limits::any_key_size();
    let blob = match byok::parse(input, &limits) {
        Ok(blob) => blob,
        Err(error) => return assert!(error.code().starts_with("byok_"), "{error:?}"),
    };
    for text in [blob.kid(), blob.generator()] {
        assert!(text.len() <= 2048 && !text.chars().any(char::is_control), "{blob:?}");
    }
    assert_eq!(blob.check_kid([blob.kid()]), Ok(()));
    for bits in KeyBits::ALL {
        if let Ok((encrypted_key, wrapped_key)) = blob.split(bits.bits()) {
            assert_eq!(encrypted_key.len() * 8, bits.bits() as usize);
            assert!(!wrapped_key.is_empty());
        }
    }
    if let Err(error) = blob.open(&EXCHANGE_KEY, &limits) {
        assert!(!error.code().is_empty() && !error.to_string().is_empty());
    }
}
