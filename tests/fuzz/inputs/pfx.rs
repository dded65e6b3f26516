//! A key file, or a part of one that lies behind a MAC or a cipher, which chance does not get past.

use keyward_keyfile::{Password, PrivateKey, inspect, pfx};

use super::limits::limits;
use super::{PASSWORD, crafted};

/// Takes the input as each thing that it could be: a file, the contents of one under a MAC that fits, and a private key.
pub(crate) fn run(input: &[u8]) {
    file(input);
    file(&crafted::pfx_with_mac(input, Some(crafted::cheap_mac(input))));
    private_key(input);
}

/// Reading and inspecting keep within the limits and come to the same verdict.
fn file(file: &[u8]) {
    let limits = limits();
    let password = Password::new(PASSWORD).unwrap();
    let (key, work) = pfx::read_measured(file, &password, &limits);
    assert!(work.iterations <= u64::from(limits.iterations) && work.scrypt_bytes <= limits.scrypt_bytes, "{work:?}");
    if let Err(error) = &key {
        assert!(!error.code().is_empty() && !error.to_string().is_empty());
    }
    let inspection = inspect(file, Some(&password), &limits);
    assert_eq!(inspection.accepted, key.is_ok(), "read: {key:?}; inspected: {inspection:?}");
    assert!(inspection.iterations <= u64::from(limits.iterations), "{inspection:?}");
    serde_json::to_string(&inspection).unwrap();
    assert!(!inspect(file, None, &limits).accepted);
}

/// A key that is taken has a canonical form, which is read as the same.
fn private_key(pkcs8: &[u8]) {
    if let Ok(key) = PrivateKey::from_pkcs8(pkcs8, &limits()) {
        let again = PrivateKey::from_pkcs8(key.pkcs8_der(), &limits()).unwrap();
        assert_eq!(again.pkcs8_der(), key.pkcs8_der());
    }
}
