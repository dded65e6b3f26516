//! Project Wycheproof's cases for PBES2, each passed or left out for a stated reason.

#![expect(clippy::print_stdout, reason = "the test reports its counts")]

use wycheproof::pbes2::{TestName, TestSet};

use super::encryption::Scheme;
use super::oids::{self, oid};
use crate::budget::Budget;
use crate::{KeyFileError, Limits, Password};

fn algorithm(components: &[u64], params: &[u8]) -> Vec<u8> {
    yasna::construct_der(|w| {
        w.write_sequence(|w| {
            w.next().write_oid(&oid(components));
            w.next().write_der(params);
        });
    })
}

/// The algorithm's encoding, from a name like `PbeWithHmacSha256AndAes128`.
fn pbes2(name: &str, salt: &[u8], iterations: u64, iv: &[u8]) -> Vec<u8> {
    let pick = |names: &[(&str, &'static [u64])]| {
        names.iter().find(|(part, _)| name.contains(part)).map_or(&[][..], |(_, components)| components)
    };
    let prf = pick(&[
        ("Sha1A", oids::HMAC_SHA1),
        ("Sha224", oids::HMAC_SHA224),
        ("Sha256", oids::HMAC_SHA256),
        ("Sha384", oids::HMAC_SHA384),
        ("Sha512", oids::HMAC_SHA512),
    ]);
    let cipher = pick(&[("Aes128", oids::AES_128_CBC), ("Aes192", oids::AES_192_CBC), ("Aes256", oids::AES_256_CBC)]);
    let kdf = yasna::construct_der(|w| {
        w.write_sequence(|w| {
            w.next().write_bytes(salt);
            w.next().write_u64(iterations);
            w.next().write_der(&algorithm(prf, &[0x05, 0x00]));
        });
    });
    let iv = yasna::construct_der(|w| w.write_bytes(iv));
    let params = yasna::construct_der(|w| {
        w.write_sequence(|w| {
            w.next().write_der(&algorithm(oids::PBKDF2, &kdf));
            w.next().write_der(&algorithm(cipher, &iv));
        });
    });
    algorithm(oids::PBES2, &params)
}

#[test]
fn wycheproof_decrypts() -> Result<(), Box<dyn std::error::Error>> {
    let (mut passed, mut not_utf8, mut empty, mut total) = (0, 0, 0, 0);
    for name in TestName::all() {
        for case in TestSet::load(name)?.test_groups.into_iter().flat_map(|group| group.tests) {
            total += 1;
            let password = match String::from_utf8(case.password.to_vec()).map(Password::new) {
                Ok(Ok(password)) => password,
                Ok(Err(error)) => {
                    assert_eq!(error, KeyFileError::EmptyPassword);
                    empty += 1;
                    continue;
                }
                Err(_) => {
                    not_utf8 += 1;
                    continue;
                }
            };
            let encoded = pbes2(&format!("{name:?}"), &case.salt, case.iteration_count as u64, &case.iv);
            let algorithm = yasna::parse_der(&encoded, p12::AlgorithmIdentifier::parse)?;
            let mut budget = Budget::new(&Limits::default());
            let plain = Scheme::parse(&algorithm, "case")?.decrypt(&case.ct, &password, &mut budget, "case");
            let matches = plain.is_ok_and(|plain| **plain == case.msg[..]);
            assert_ne!(matches, case.result.must_fail(), "{name:?} {}: {}", case.tc_id, case.comment);
            passed += 1;
        }
    }
    println!("PBES2: {total} cases, {passed} passed");
    println!("  {not_utf8} left out: the password is not UTF-8, which a password here always is");
    println!("  {empty} left out: the password is empty, which is refused");
    assert_eq!(passed + not_utf8 + empty, total);
    assert!(passed > 0);
    Ok(())
}
