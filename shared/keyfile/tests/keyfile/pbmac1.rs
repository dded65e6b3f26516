//! PBMAC1 (RFC 9579): the published files, and files with its parameters changed.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use keyward_keyfile::{Inspection, KeyFileError, Limits, Password, inspect, pfx};

/// Appendix A.1: a valid file with HMAC-SHA256, and SHA-256 in the derivation. The password is `1234`.
const VALID: &str = include_str!("rfc9579_a1.b64");

/// Appendix A.3: a valid file with SHA-512 in both places.
const VALID_SHA512: &str = include_str!("rfc9579_a3.b64");

fn decoded(base64: &str) -> Vec<u8> {
    STANDARD.decode(base64.lines().collect::<String>()).unwrap()
}

pub(crate) fn published() -> Vec<u8> {
    decoded(VALID)
}

pub(crate) fn published_sha512() -> Vec<u8> {
    decoded(VALID_SHA512)
}

pub(crate) fn read(file: &[u8]) -> Result<(), KeyFileError> {
    pfx::read(file, &Password::new("1234").unwrap(), &Limits::default()).map(|_| ())
}

pub(crate) fn inspected(file: &[u8]) -> Inspection {
    inspect(file, Some(&Password::new("1234").unwrap()), &Limits::default())
}

/// The file with the only occurrence of some bytes exchanged for as many others.
fn exchanged(from: &[u8], to: &[u8]) -> Vec<u8> {
    let mut file = published();
    let places: Vec<usize> = (0..file.len() - from.len()).filter(|at| file[*at..].starts_with(from)).collect();
    assert_eq!(places.len(), 1);
    file[places[0]..places[0] + to.len()].copy_from_slice(to);
    file
}

#[test]
fn the_published_files_are_read() {
    assert_eq!(read(&published_sha512()), Ok(()));
    assert_eq!(read(&published()), Ok(()));
    let inspection = inspect(&published(), None, &Limits::default());
    let mac = inspection.mac.unwrap();
    assert_eq!((mac.algorithm, mac.iterations), ("PBMAC1 with HMAC-SHA256", 2048));
}

#[test]
fn another_password_is_wrong() {
    let wrong = Password::new("12345").unwrap();
    let error = pfx::read(&published(), &wrong, &Limits::default()).unwrap_err();
    assert_eq!(error, KeyFileError::WrongPassword);
}

/// Salt 6f473c38b02e3173, iterations 2048, length of the key 32: the MAC's own parameters.
#[test]
fn another_salt_or_count_is_wrong() {
    let salt = [0x6f, 0x47, 0x3c, 0x38, 0xb0, 0x2e, 0x31, 0x73];
    assert_eq!(
        read(&exchanged(&salt, &[0x6f, 0x47, 0x3c, 0x38, 0xb0, 0x2e, 0x31, 0x74])),
        Err(KeyFileError::WrongPassword)
    );
    let with_count = [&salt[..], &[0x02, 0x02, 0x08, 0x00, 0x02, 0x01, 0x20]].concat();
    let other_count = [&salt[..], &[0x02, 0x02, 0x08, 0x01, 0x02, 0x01, 0x20]].concat();
    assert_eq!(read(&exchanged(&with_count, &other_count)), Err(KeyFileError::WrongPassword));
}

/// Lengths of 19 and 0 bytes are too short to be a key, and 19 is the longest of them.
#[test]
fn a_short_key_is_refused() {
    let tail = [0x31, 0x73, 0x02, 0x02, 0x08, 0x00, 0x02, 0x01];
    let from = [&tail[..], &[32]].concat();
    for short in [0, 19] {
        let error = read(&exchanged(&from, &[&tail[..], &[short]].concat())).unwrap_err();
        assert_eq!(error, KeyFileError::Damaged { part: "MAC" });
    }
    // A length that is allowed, but not the one that the MAC was made with.
    assert_eq!(read(&exchanged(&from, &[&tail[..], &[20]].concat())), Err(KeyFileError::WrongPassword));
}

/// The salt and the count outside PBMAC1's parameters mean nothing.
#[test]
fn what_surrounds_it_is_not_used() {
    assert_eq!(read(&exchanged(b"NOT USED", b"not used")), Ok(()));
}
