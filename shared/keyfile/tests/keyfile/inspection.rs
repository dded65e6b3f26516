//! What is said of a file without taking it.

use keyward_keyfile::{FileKind, Inspection, KeyBits, Limits, Password, PasswordCheck, inspect, pfx};

use crate::loosened::loosen;
use crate::openssl::Openssl;
use crate::{KEY, crafted, password, written};

fn look(file: &[u8]) -> Inspection {
    let inspection = inspect(file, Some(&password()), &Limits::default());
    let read = pfx::read(file, &password(), &Limits::default());
    assert_eq!(inspection.accepted, read.is_ok());
    if let Err(error) = read {
        assert!(inspection.refusals.iter().any(|refusal| refusal.code == error.code()), "{error}");
    }
    inspection
}

fn codes(inspection: &Inspection) -> Vec<&'static str> {
    inspection.refusals.iter().map(|refusal| refusal.code).collect()
}

#[test]
fn a_file_that_is_taken() {
    let json = serde_json::to_value(look(&written())).unwrap();
    let encryption = serde_json::json!({
        "scheme": "PBES2", "cipher": "AES-256-CBC", "derivation": "PBKDF2", "hash": "HMAC-SHA256", "iterations": 10
    });
    assert_eq!(
        json,
        serde_json::json!({
            "kind": "pfx",
            "bytes": json["bytes"],
            "encoding": "DER",
            "mac": { "algorithm": "HMAC-SHA256", "iterations": 10 },
            "password": "fits",
            "groups": [{ "encryption": encryption, "bags": 1 }, { "encryption": null, "bags": 1 }],
            "bags": 2,
            "keys": [{
                "name": "blue",
                "encryption": encryption,
                "bits": 2048,
                "fingerprint": KEY.public_key().fingerprint().to_string(),
            }],
            "certificates": [{ "name": "blue", "subject": "blue" }],
            "iterations": 30,
            "accepted": true,
            "refusals": [],
        })
    );
}

#[test]
fn without_a_password() {
    let inspection = inspect(&written(), None, &Limits::default());
    assert_eq!(inspection.password, PasswordCheck::NotGiven);
    assert!(!inspection.accepted && inspection.refusals.is_empty());
    assert_eq!(inspection.groups[0].bags, None);
    assert_eq!((inspection.bags, inspection.keys.len(), inspection.iterations), (1, 1, 30));
    assert_eq!(inspection.keys[0].bits, None);
}

#[test]
fn under_another_password() {
    let wrong = Password::new("wrong").unwrap();
    let inspection = inspect(&written(), Some(&wrong), &Limits::default());
    assert_eq!(inspection.password, PasswordCheck::DoesNotFit);
    assert_eq!(codes(&inspection), ["wrong_password"]);
    assert_eq!(inspection.keys[0].fingerprint, None);
}

#[test]
fn all_that_is_wrong_is_told() {
    let bench = Openssl::with_key();
    let inspection = look(&bench.export("-nomac -keypbe NONE -certpbe NONE"));
    assert_eq!(codes(&inspection), ["no_mac", "unencrypted_key"]);
    assert_eq!(inspection.password, PasswordCheck::NotCheckable);
    assert_eq!(inspection.keys[0].fingerprint, Some(KEY.public_key().fingerprint()));
    assert_eq!(inspection.certificates[0].subject.as_deref(), Some("outside"));

    let bags = [
        crafted::key_bag_under(&[1, 2, 3, 4], None),
        crafted::key_bag(u64::from(u32::MAX), Some("slow")),
        crafted::key_bag_under_pbes2(&crafted::scrypt(1 << 20, 8, 1)),
        crafted::key_bag(1, Some("broken")),
        crafted::other_bag(1, KEY.pkcs8_der().to_vec()),
    ];
    let inspection = look(&crafted::pfx(&crafted::safe(&bags)));
    assert_eq!(
        codes(&inspection),
        [
            "unencrypted_key",
            "several_keys",
            "unsupported_algorithm",
            "too_many_iterations",
            "too_much_memory",
            "damaged"
        ]
    );
    assert_eq!(inspection.bags, 5);
    for refusal in &inspection.refusals {
        assert!(!refusal.sentence.is_empty() && refusal.next_step.ends_with(['.', '8', 'x']), "{refusal:?}");
    }
}

#[test]
fn a_key_of_a_size_that_is_not_allowed_is_looked_at_all_the_same() {
    let limits = Limits { key_bits: vec![KeyBits::Rsa4096], ..Limits::default() };
    let inspection = inspect(&written(), Some(&password()), &limits);
    assert_eq!(codes(&inspection), ["key_size_not_allowed"]);
    assert_eq!(inspection.keys[0].bits, Some(2048));
}

#[test]
fn other_kinds_of_files() {
    for (file, kind, code) in [
        (&b"-----BEGIN CERTIFICATE-----"[..], FileKind::Pem, "not_pfx"),
        (&[0xFE, 0xED, 0xFE, 0xED, 0], FileKind::JavaKeyStore, "not_pfx"),
        (b"", FileKind::Unknown, "not_pfx"),
        (b"hello", FileKind::Unknown, "not_pfx"),
        (&[0x30, 0x05], FileKind::Unknown, "damaged"),
    ] {
        let inspection = look(file);
        assert_eq!((inspection.kind, codes(&inspection)), (kind, vec![code]));
    }
    assert_eq!(codes(&look(&vec![0x30; 70_000])), ["file_too_large"]);
}

#[test]
fn ber_is_named() {
    let inspection = look(&loosen(&written()));
    assert_eq!((inspection.encoding, inspection.accepted), (Some("BER"), true));
}
