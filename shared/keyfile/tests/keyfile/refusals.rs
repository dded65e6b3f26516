//! Every reason for which a file is refused, and the words for it.

use keyward_keyfile::{KeyBits, KeyFileError, Limits, Password, pfx};
use p12::ContentInfo;

use crate::openssl::Openssl;
use crate::{KEY, crafted, password, written};

fn refusal_under(file: &[u8], limits: &Limits) -> KeyFileError {
    let error = pfx::read(file, &password(), limits).expect_err("the file is to be refused");
    assert!(!error.next_step().is_empty());
    error
}

fn refusal(file: &[u8]) -> KeyFileError {
    refusal_under(file, &Limits::default())
}

fn code(file: &[u8]) -> &'static str {
    refusal(file).code()
}

#[test]
fn a_wrong_password() {
    let wrong = Password::new("correct horsf").unwrap();
    let error = pfx::read(&written(), &wrong, &Limits::default()).unwrap_err();
    assert_eq!(error, KeyFileError::WrongPassword);
}

#[test]
fn a_file_under_the_empty_password() {
    let bench = Openssl::with_key();
    assert_eq!(code(&bench.export_under("", "")), "wrong_password");
    assert_eq!(Password::new("").unwrap_err(), KeyFileError::EmptyPassword);
}

#[test]
fn a_file_without_mac_is_not_called_a_wrong_password() {
    let bench = Openssl::with_key();
    let error = refusal(&bench.export("-nomac"));
    assert_eq!(error, KeyFileError::NoMac);
    assert!(error.to_string().contains("no MAC"));
}

#[test]
fn an_unencrypted_key() {
    let bench = Openssl::with_key();
    assert_eq!(code(&bench.export("-keypbe NONE")), "unencrypted_key");
    assert_eq!(code(&bench.export("-keypbe NONE -certpbe NONE")), "unencrypted_key");
}

#[test]
fn an_unencrypted_key_in_a_list_within_a_list() {
    let inner = crafted::other_bag(1, KEY.pkcs8_der().to_vec());
    let list = yasna::construct_der(|w| w.write_sequence_of(|w| inner.write(w.next())));
    let file = crafted::pfx(&crafted::safe(&[crafted::other_bag(6, list)]));
    assert_eq!(code(&file), "unencrypted_key");
}

#[test]
fn no_key() {
    let bench = Openssl::with_key();
    bench.run_with(&[
        "pkcs12",
        "-export",
        "-nokeys",
        "-in",
        "cert.pem",
        "-out",
        "out.pfx",
        "-passout",
        "pass:correct horse",
    ]);
    assert_eq!(code(&bench.get("out.pfx")), "no_key");
}

#[test]
fn several_keys_are_listed() {
    let bags = [crafted::key_bag(1, Some("old\u{7}")), crafted::key_bag(1, Some("new")), crafted::key_bag(1, None)];
    let error = refusal(&crafted::pfx(&crafted::safe(&bags)));
    assert_eq!(error.code(), "several_keys");
    assert_eq!(error.to_string(), "the file holds 3 private keys: old, new, (no name)");
}

#[test]
fn sizes_that_are_not_allowed() {
    let limits = Limits { key_bits: vec![KeyBits::Rsa3072, KeyBits::Rsa4096], ..Limits::default() };
    let error = refusal_under(&written(), &limits);
    assert_eq!(error.code(), "key_size_not_allowed");
    assert_eq!(error.to_string(), "the key has 2048 bits; allowed are 3072, 4096");
    let bench = Openssl::new();
    bench.run("req -x509 -newkey rsa:1024 -noenc -keyout key.pem -subj /CN=small -out cert.pem");
    assert_eq!(code(&bench.export("")), "key_size_not_allowed");
}

#[test]
fn a_key_that_is_not_rsa() {
    let bench = Openssl::new();
    bench.run(
        "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -keyout key.pem \
         -subj /CN=curve -out cert.pem",
    );
    assert_eq!(code(&bench.export("")), "not_rsa");
}

#[test]
fn what_is_not_a_pfx_file() {
    let der_of_another_kind = KEY.public_key().spki_der();
    for (file, found) in [
        (&b""[..], "it is empty"),
        (b"-----BEGIN PRIVATE KEY-----\n", "it is a PEM file"),
        (&[0xFE, 0xED, 0xFE, 0xED, 0, 0, 0, 2], "it is a Java key store (JKS)"),
        (b"hello", "it does not begin like one"),
        (der_of_another_kind, "some other DER structure"),
    ] {
        assert_eq!(refusal(file), KeyFileError::NotPfx { found });
    }
}

#[test]
fn another_version() {
    let file = p12::PFX { version: 4, auth_safe: ContentInfo::Data(Vec::new()), mac_data: None };
    assert_eq!(code(&file.to_der()), "not_pfx");
}

/// A bit string in pieces; octet strings in pieces are read.
#[test]
fn ber_that_no_writer_makes() {
    let file = [0x30, 0x80, 0x23, 0x80, 0x03, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00];
    assert_eq!(code(&file), "not_der");
}

#[test]
fn a_signed_file() {
    let signed = p12::ContentInfo::OtherContext(p12::OtherContext {
        content_type: yasna::models::ObjectIdentifier::from_slice(&[1, 2, 840, 113_549, 1, 7, 2]),
        content: vec![0x30, 0],
    });
    let file = p12::PFX { version: 3, auth_safe: signed, mac_data: None };
    assert_eq!(code(&file.to_der()), "unsupported_algorithm");
}

const PBES2: &[u64] = &[1, 2, 840, 113_549, 1, 5, 13];

#[test]
fn algorithms_that_are_not_supported() {
    let sha512_256 = crafted::algorithm(&[1, 2, 840, 113_549, 2, 13], None);
    let aes = crafted::algorithm(&[2, 16, 840, 1, 101, 3, 4, 1, 42], Some(&crafted::octets(&[0; 16])));
    let pbkdf2 = |prf: &[u8]| crafted::pbkdf2(&[7; 8], 10, None, prf);
    let sha256 = crafted::algorithm(&[1, 2, 840, 113_549, 2, 9], None);
    let rc2 = crafted::algorithm(&[1, 2, 840, 113_549, 3, 2], None);
    let argon2 = crafted::algorithm(&[1, 2, 3], None);
    let pbes2 = |kdf: &[u8], cipher: &[u8]| crafted::key_bag_under(PBES2, Some(crafted::sequence(&[kdf, cipher])));
    for (bag, named) in [
        (crafted::key_bag_under(&[1, 2, 3, 4], None), "1.2.3.4"),
        (crafted::key_bag_under(&[1, 2, 840, 113_549, 1, 12, 1, 1], None), "PBE-SHA1-RC4-128"),
        (pbes2(&pbkdf2(&sha512_256), &aes), "HMAC-SHA512/256"),
        (pbes2(&pbkdf2(&sha256), &rc2), "RC2-CBC"),
        (pbes2(&argon2, &aes), "1.2.3"),
    ] {
        let error = refusal(&crafted::pfx(&crafted::safe(&[bag])));
        assert_eq!(error.code(), "unsupported_algorithm", "{named}");
        assert!(error.to_string().contains(named), "{error}");
    }
}

#[test]
fn a_file_too_large() {
    let limits = Limits::default();
    let error = refusal(&vec![0x30; limits.file_bytes + 1]);
    assert_eq!(error, KeyFileError::FileTooLarge { bytes: 65_537, limit: 65_536 });
}

#[test]
fn a_key_that_does_not_decrypt_is_damage() {
    let file = crafted::pfx(&crafted::safe(&[crafted::key_bag(1, None)]));
    assert_eq!(code(&file), "damaged");
}
