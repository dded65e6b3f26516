//! Project Wycheproof's cases for what is done with keys. Each case is passed or left out for
//! a stated reason, and the counts are printed.

#![expect(clippy::print_stdout, reason = "the tests report their counts")]

use std::collections::BTreeMap;

use aws_lc_rs::key_wrap::{AES_128, AES_256, AesBlockCipher, AesKek, KeyWrap as _, KeyWrapPadded as _};
use keyward_keyfile::{Limits, PrivateKey, PublicKey};
use wycheproof::{HashFunction, Mgf, TestResult, keywrap, rsa_oaep, rsa_pss_verify};

/// Passed cases, and those that were left out, by reason.
#[derive(Default)]
struct Counts {
    passed: usize,
    left_out: BTreeMap<String, usize>,
}

impl Counts {
    fn leave_out(&mut self, reason: impl Into<String>, cases: usize) {
        *self.left_out.entry(reason.into()).or_default() += cases;
    }

    fn report(&self, what: &str, total: usize) {
        println!("{what}: {total} cases, {} passed", self.passed);
        for (reason, cases) in &self.left_out {
            println!("  {cases} left out: {reason}");
        }
        assert_eq!(self.passed + self.left_out.values().sum::<usize>(), total, "{what}");
        assert!(self.passed > 0);
    }
}

/// The kinds of OAEP and PSS that this crate does.
fn is_sha256(hash: HashFunction, mgf: Mgf, mgf_hash: HashFunction) -> bool {
    hash == HashFunction::Sha2_256 && mgf == Mgf::Mgf1 && mgf_hash == HashFunction::Sha2_256
}

#[test]
fn unwrapping_with_oaep() {
    let (mut counts, mut total) = (Counts::default(), 0);
    for name in rsa_oaep::TestName::all() {
        for group in rsa_oaep::TestSet::load(name).unwrap().test_groups {
            total += group.tests.len();
            if !is_sha256(group.hash, group.mgf, group.mgf_hash) {
                counts.leave_out("a hash other than SHA-256", group.tests.len());
                continue;
            }
            let key = match PrivateKey::from_pkcs8(&group.pkcs8, &Limits::any_key_size()) {
                Ok(key) => key,
                Err(error) => {
                    counts.leave_out(format!("the key is refused as {}", error.code()), group.tests.len());
                    continue;
                }
            };
            for case in group.tests {
                let valid = case.result == TestResult::Valid;
                let unwrapped = key.unwrap(&case.ct, &case.label).ok();
                assert_eq!(unwrapped.is_some(), valid, "{name:?} {}: {}", case.tc_id, case.comment);
                assert!(unwrapped.is_none_or(|plain| **plain == case.pt[..]), "{name:?} {}", case.tc_id);
                counts.passed += 1;
            }
        }
    }
    counts.report("RSA-OAEP", total);
}

#[test]
fn verifying_with_pss() {
    let (mut counts, mut total) = (Counts::default(), 0);
    for name in rsa_pss_verify::TestName::all() {
        for group in rsa_pss_verify::TestSet::load(name).unwrap().test_groups {
            total += group.tests.len();
            if group.hash != HashFunction::Sha2_256 || group.mgf_hash != Some(HashFunction::Sha2_256) {
                counts.leave_out("a hash other than SHA-256", group.tests.len());
                continue;
            }
            if group.salt_size != 32 {
                counts.leave_out("a salt of other than 32 bytes", group.tests.len());
                continue;
            }
            let key = match PublicKey::from_spki_der(&group.der) {
                Ok(key) => key,
                Err(error) => {
                    let reason = format!("a key for RSASSA-PSS only, or of another size: {}", error.code());
                    counts.leave_out(reason, group.tests.len());
                    continue;
                }
            };
            for case in group.tests {
                let outcome = key.verify_pss(&case.msg, &case.sig).is_ok();
                let expected = case.result.must_fail();
                assert_ne!(outcome, expected, "{name:?} {}: {}", case.tc_id, case.comment);
                counts.passed += 1;
            }
        }
    }
    counts.report("RSA-PSS", total);
}

fn wrapping_cipher(bits: usize) -> Option<&'static AesBlockCipher> {
    match bits {
        128 => Some(&AES_128),
        256 => Some(&AES_256),
        _ => None,
    }
}

/// The library's AES key wrap, with and without padding, on which bringing keys rests.
#[test]
fn aes_key_wrap() {
    for (name, padded) in [(keywrap::TestName::AesKeyWrap, false), (keywrap::TestName::AesKeyWrapWithPadding, true)] {
        let (mut counts, mut total) = (Counts::default(), 0);
        for group in keywrap::TestSet::load(name).unwrap().test_groups {
            for case in group.tests {
                total += 1;
                let Some(cipher) = wrapping_cipher(group.key_size) else {
                    counts.leave_out("a wrapping key of 192 bits", 1);
                    continue;
                };
                let kek = AesKek::new(cipher, &case.key).unwrap();
                let mut out = vec![0; case.ct.len().max(case.pt.len()) + 16];
                let unwrapped = if padded {
                    kek.unwrap_with_padding(&case.ct, &mut out).map(|plain| plain.to_vec())
                } else {
                    kek.unwrap(&case.ct, &mut out).map(|plain| plain.to_vec())
                };
                let (ok, matches) = (unwrapped.is_ok(), unwrapped.is_ok_and(|plain| plain == case.pt[..]));
                match case.result {
                    TestResult::Valid => assert!(matches, "{name:?} {}: {}", case.tc_id, case.comment),
                    TestResult::Invalid => assert!(!ok, "{name:?} {}: {}", case.tc_id, case.comment),
                    TestResult::Acceptable => assert!(!ok || matches, "{name:?} {}", case.tc_id),
                }
                counts.passed += 1;
            }
        }
        counts.report(if padded { "AES-KWP" } else { "AES-KW" }, total);
    }
}
