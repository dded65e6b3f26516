//! A PEM file, or the DER in one, which chance does not reach through base64; and keys.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use keyward_keyfile::pem::{Found, is_pem, read_private_key, read_public_key};
use keyward_keyfile::{KeyFileError, Password, PrivateKey, PublicKey};

use super::PASSWORD;
use super::limits::limits;

/// What files of private keys are called.
const LABELS: [&str; 3] = ["PRIVATE KEY", "RSA PRIVATE KEY", "ENCRYPTED PRIVATE KEY"];

/// Takes the input as a file, as what stands in each kind of file, and as a public key.
pub(crate) fn run(input: &[u8]) {
    private(input);
    drop(public(input));
    for label in LABELS {
        private(&file(label, input));
    }
    // In a file a key is read as it is by itself.
    let alone = PrivateKey::from_pkcs8(input, &limits()).map(|key| key.public_key().clone());
    let filed = read_private_key(&file("PRIVATE KEY", input), &limits()).map(|found| match found {
        Found::Clear(key) => key.public_key().clone(),
        Found::Encrypted(key) => panic!("{key:?} was not encrypted"),
    });
    if !input.is_empty() && fits(input) {
        assert_eq!(alone, filed);
    }
    let alone = PublicKey::from_spki_der(input);
    if let Ok(key) = &alone {
        public_key(key);
    }
    if !input.is_empty() && fits(input) {
        assert_eq!(alone, public(&file("PUBLIC KEY", input)));
    }
}

/// Whether a file of it is within the limits.
fn fits(der: &[u8]) -> bool {
    file("PRIVATE KEY", der).len() <= limits().file_bytes
}

/// DER as PEM.
fn file(label: &str, der: &[u8]) -> Vec<u8> {
    let text = STANDARD.encode(der);
    let mut file = format!("-----BEGIN {label}-----\n").into_bytes();
    for line in text.as_bytes().chunks(64) {
        file.extend_from_slice(line);
        file.push(b'\n');
    }
    file.extend_from_slice(format!("-----END {label}-----\n").as_bytes());
    file
}

/// A private key that is taken is read from its canonical form as the same, in the clear as well as from under its password.
fn private(file: &[u8]) {
    let key = match read_private_key(file, &limits()) {
        Ok(Found::Clear(key)) => key,
        Ok(Found::Encrypted(key)) => {
            let wrong = Password::new("wrong horse").unwrap();
            refused(&key.open(&wrong, &limits()).unwrap_err());
            match key.open(&Password::new(PASSWORD).unwrap(), &limits()) {
                Ok(key) => key,
                Err(error) => return refused(&error),
            }
        }
        Err(error) => return refused(&error),
    };
    // A binary file begins with what is `0` as text.
    assert!(is_pem(file) || file.first() == Some(&b'0'));
    let Ok(Found::Clear(again)) = read_private_key(&self::file("PRIVATE KEY", key.pkcs8_der()), &limits()) else {
        panic!("the canonical form of {key:?} is refused");
    };
    assert_eq!(again.pkcs8_der(), key.pkcs8_der());
    public_key(key.public_key());
}

fn public(file: &[u8]) -> Result<PublicKey, KeyFileError> {
    let read = read_public_key(file, &limits());
    match &read {
        Ok(key) => public_key(key),
        Err(error) => refused(error),
    }
    read
}

/// A public key that is taken has one of the sizes, one encoding and one fingerprint, and wraps.
fn public_key(key: &PublicKey) {
    assert!(limits().key_bits.iter().any(|bits| bits.bits() == key.bits()), "{key:?}");
    let again = PublicKey::from_spki_der(key.spki_der()).unwrap();
    assert_eq!(again.spki_der(), key.spki_der());
    assert_eq!(again.fingerprint(), key.fingerprint());
    let text = serde_json::to_string(key).unwrap();
    assert_eq!(serde_json::from_str::<PublicKey>(&text).unwrap().spki_der(), key.spki_der());
    assert_eq!(key.wrap(&[7; 32], b"").unwrap().len() * 8, key.bits() as usize);
    if let Err(error) = key.check(&limits()) {
        refused(&error);
    }
}

/// A refusal is short, says what to do, and steers no terminal.
fn refused(error: &KeyFileError) {
    let text = error.to_string();
    assert!(!error.code().is_empty() && !error.next_step().is_empty());
    assert!(!text.is_empty() && text.len() < 1000 && !text.chars().any(char::is_control), "{text:?}");
}
