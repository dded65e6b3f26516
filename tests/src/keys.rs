//! RSA keys for tests, made once per test process, and key files of them with few iterations.

use std::{num::NonZeroU32, sync::OnceLock};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use chrono::DateTime;
use keyward_keyfile::{KeyBits, Password, PrivateKey, PublicKey, jwe, pfx};

/// Password of every key file of the tests.
pub const PASSWORD: &str = "correct horse battery staple";

/// The same key for the same number within one test process.
pub fn key(number: usize) -> &'static PrivateKey {
    static KEYS: [OnceLock<PrivateKey>; 8] = [const { OnceLock::new() }; 8];
    KEYS[number].get_or_init(|| PrivateKey::generate(KeyBits::Rsa2048).unwrap())
}

/// A PFX of a key, quick to read.
pub fn pfx_of(key: &PrivateKey) -> Vec<u8> {
    let password = Password::new(PASSWORD).unwrap();
    let few = NonZeroU32::new(10).unwrap();
    pfx::write_with_iterations(key, &password, "test", DateTime::UNIX_EPOCH, few).unwrap()
}

/// A key file with its password, sealed as a client seals it.
pub fn sealed(file: &[u8], password: &str, recipient: &PublicKey, kid: &str) -> String {
    let content = serde_json::json!({ "file": STANDARD.encode(file), "password": password });
    jwe::seal(content.to_string().as_bytes(), recipient, kid).unwrap()
}
