//! Files that openssl wrote are read.

use keyward_keyfile::{Limits, Password, pfx};
use p12::{AlgorithmIdentifier, EncryptedPrivateKeyInfo, SafeBagKind};

use crate::openssl::{Openssl, pem};
use crate::{KEY, PASSWORD, crafted, password};

fn assert_reads(file: &[u8], password: &Password, what: &str) {
    let key = pfx::read(file, password, &Limits::default()).unwrap_or_else(|error| panic!("{what}: {error}"));
    assert_eq!(key.public_key(), KEY.public_key(), "{what}");
}

#[test]
fn every_encryption_and_every_mac() {
    let bench = Openssl::with_key();
    for options in [
        "",
        "-keypbe AES-128-CBC -certpbe AES-128-CBC",
        "-keypbe AES-192-CBC -certpbe AES-192-CBC",
        "-keypbe AES-256-CBC -certpbe NONE",
        "-keypbe PBE-SHA1-3DES -certpbe PBE-SHA1-3DES -macalg sha1",
        "-legacy -keypbe PBE-SHA1-RC2-40 -certpbe PBE-SHA1-RC2-40 -macalg sha1",
        "-legacy -keypbe PBE-SHA1-RC2-128 -certpbe PBE-SHA1-RC2-128",
        "-legacy",
        "-macalg sha1",
        "-macalg sha224",
        "-macalg sha256",
        "-macalg sha384",
        "-macalg sha512",
        "-nomaciter",
        "-noiter",
        "-iter 20000",
        "-nocerts",
    ] {
        assert_reads(&bench.export(options), &password(), options);
    }
}

#[test]
fn passwords_of_every_plane() {
    let bench = Openssl::with_key();
    for text in ["x", "Grüße", "пароль", "鍵の暗号", "\u{1F511}\u{1F512}", " blank "] {
        let password = Password::new(text).unwrap();
        assert_reads(&bench.export_under(text, ""), &password, text);
        let legacy = "-keypbe PBE-SHA1-3DES -certpbe PBE-SHA1-3DES -macalg sha1";
        assert_reads(&bench.export_under(text, legacy), &password, text);
    }
}

/// `openssl pkcs12` always takes PBKDF2 with SHA-256; `pkcs8` takes the others.
#[test]
fn every_prf() {
    let bench = Openssl::with_key();
    for prf in ["hmacWithSHA1", "hmacWithSHA256", "hmacWithSHA384", "hmacWithSHA512"] {
        let pass = format!("pass:{PASSWORD}");
        bench.run_with(&[
            "pkcs8",
            "-topk8",
            "-in",
            "key.pem",
            "-v2",
            "aes-256-cbc",
            "-v2prf",
            prf,
            "-outform",
            "DER",
            "-out",
            "key.p8",
            "-passout",
            &pass,
        ]);
        let info = yasna::parse_der(&bench.get("key.p8"), EncryptedPrivateKeyInfo::parse).unwrap();
        assert!(matches!(info.encryption_algorithm, AlgorithmIdentifier::OtherAlg(_)));
        let file = crafted::pfx(&crafted::safe(&[crafted::bag(SafeBagKind::Pkcs8ShroudedKeyBag(info), Some("key"))]));
        assert_reads(&file, &password(), prf);
    }
}

#[test]
fn a_written_file_is_read_back() {
    assert_reads(&crate::written(), &password(), "own file");
}

/// Windows adds attributes to the key itself; they are not carried on.
#[test]
fn attributes_in_the_key_do_not_matter() {
    let plain = KEY.pkcs8_der();
    let inner = &plain[4..];
    let attributes = [0xA0, 0x0D, 0x30, 0x0B, 0x06, 0x03, 0x55, 0x1D, 0x0F, 0x31, 0x04, 0x03, 0x02, 0x00, 0x10];
    let length = u16::try_from(inner.len() + attributes.len()).unwrap().to_be_bytes();
    let mut with = vec![0x30, 0x82, length[0], length[1]];
    with.extend_from_slice(inner);
    with.extend_from_slice(&attributes);
    let bench = Openssl::new();
    bench.put("key.pem", &pem("PRIVATE KEY", &with));
    bench.run("rsa -in key.pem -check -noout");
    let key = keyward_keyfile::PrivateKey::from_pkcs8(&with, &Limits::default()).unwrap();
    assert_eq!(key.pkcs8_der(), plain);
}
