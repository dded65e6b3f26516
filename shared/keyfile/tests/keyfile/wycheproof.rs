//! Project Wycheproof's cases for what is done with keys. Each case is passed or left out for
//! a stated reason, and `make test` prints the counts.

use std::collections::BTreeMap;

use aws_lc_rs::key_wrap::{AES_128, AES_256, AesBlockCipher, AesKek, KeyWrap as _, KeyWrapPadded as _};
use aws_lc_rs::rsa::{OAEP_SHA1_MGF1SHA1, OaepPrivateDecryptingKey, PrivateDecryptingKey};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use keyward_keyfile::{KeyFileError, Limits, PrivateKey, PublicKey, byok};
use serde_json::json;
use wycheproof::{HashFunction, Mgf, TestResult, keywrap, rsa_oaep, rsa_pss_verify};

use crate::KEY;
use crate::interop::Matrix;

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

    /// Adds the counts to the rows. Together they have to be all cases.
    fn report(&self, matrix: &mut Matrix, what: &str, total: usize) {
        matrix.say(format!("Wycheproof → Keyward: {what}: {total} cases, {} passed", self.passed));
        for (reason, cases) in &self.left_out {
            matrix.say(format!("  {cases} left out: {reason}"));
        }
        assert_eq!(self.passed + self.left_out.values().sum::<usize>(), total, "{what}");
        assert!(self.passed > 0);
    }
}

/// The groups of OAEP's cases with `hash` in both places, and the number of cases in all others.
fn oaep_groups(hash: HashFunction) -> (Vec<rsa_oaep::TestGroup>, usize) {
    let sets = rsa_oaep::TestName::all().into_iter().map(|name| rsa_oaep::TestSet::load(name).unwrap());
    let (wanted, others): (Vec<_>, Vec<_>) = sets
        .flat_map(|set| set.test_groups)
        .partition(|group| group.hash == hash && group.mgf == Mgf::Mgf1 && group.mgf_hash == hash);
    (wanted, others.iter().map(|group| group.tests.len()).sum())
}

fn cases_of(groups: &[rsa_oaep::TestGroup]) -> usize {
    groups.iter().map(|group| group.tests.len()).sum()
}

/// The key of a group. If it is refused, the group's cases are counted as left out.
fn oaep_key(group: &rsa_oaep::TestGroup, counts: &mut Counts) -> Option<PrivateKey> {
    PrivateKey::from_pkcs8(&group.pkcs8, &Limits::any_key_size())
        .inspect_err(|error| {
            let reason = format!("a key of {} bits is refused as {}", group.key_size, error.code());
            counts.leave_out(reason, group.tests.len());
        })
        .ok()
}

#[test]
fn unwrapping_with_oaep() {
    let (mut counts, mut matrix) = (Counts::default(), Matrix::new("wycheproof-oaep"));
    let (groups, others) = oaep_groups(HashFunction::Sha2_256);
    let (with_sha1, _) = oaep_groups(HashFunction::Sha1);
    // Those are counted by the next test.
    let others = others - cases_of(&with_sha1);
    counts.leave_out("a hash, or a mixture of two, by which nothing is wrapped here", others);
    let total = cases_of(&groups) + others;
    for group in groups {
        let Some(key) = oaep_key(&group, &mut counts) else { continue };
        for case in group.tests {
            let valid = case.result == TestResult::Valid;
            let unwrapped = key.unwrap(&case.ct, &case.label).ok();
            assert_eq!(unwrapped.is_some(), valid, "{}: {}", case.tc_id, case.comment);
            assert!(unwrapped.is_none_or(|plain| **plain == case.pt[..]), "{}", case.tc_id);
            counts.passed += 1;
        }
    }
    counts.report(&mut matrix, "RSA-OAEP with SHA-256, by which data keys are wrapped", total);
    matrix.write();
}

/// OAEP with SHA-1 is what transfer blobs use. Each case goes to the library's function, as the opener calls
/// it but for the label, and to the opener itself, as the first part of a blob: that opens only where the
/// case is valid, without a label, and holds an AES-256 key.
#[test]
fn unwrapping_with_oaep_sha1() {
    let (mut counts, mut matrix) = (Counts::default(), Matrix::new("wycheproof-oaep-sha1"));
    let (mut opened, mut refused) = (0, 0);
    let (groups, _) = oaep_groups(HashFunction::Sha1);
    let total = cases_of(&groups);
    for group in groups {
        let Some(key) = oaep_key(&group, &mut counts) else { continue };
        let parsed = PrivateDecryptingKey::from_pkcs8(key.pkcs8_der()).unwrap();
        let function = OaepPrivateDecryptingKey::new(parsed).unwrap();
        for case in group.tests {
            let mut out = vec![0; function.min_output_size()];
            let label = Some(&case.label[..]).filter(|label| !label.is_empty());
            let unwrapped = function.decrypt(&OAEP_SHA1_MGF1SHA1, &case.ct, &mut out, label).ok();
            let valid = case.result == TestResult::Valid;
            assert_eq!(unwrapped.is_some(), valid, "{}: {}", case.tc_id, case.comment);
            assert!(unwrapped.is_none_or(|plain| *plain == case.pt[..]), "{}", case.tc_id);
            let opens = valid && case.label.is_empty() && case.pt.len() == 32;
            let outcome = open_as_blob(&key, &case.ct, &case.pt);
            assert_eq!(outcome.is_ok(), opens, "{}: {outcome:?}", case.tc_id);
            if opens {
                opened += 1
            } else {
                refused += 1
            }
            counts.passed += 1;
        }
    }
    counts.report(&mut matrix, "RSA-OAEP with SHA-1, by which brought keys are wrapped", total);
    matrix.say(format!("  as transfer blobs: {opened} opened, {refused} refused, as each has to be"));
    matrix.write();
}

/// Opens a blob of `encrypted_key`, and of a key wrapped with `aes_key` or, where that is none, with another.
fn open_as_blob(exchange: &PrivateKey, encrypted_key: &[u8], aes_key: &[u8]) -> Result<(), KeyFileError> {
    let kek = AesKek::new(&AES_256, aes_key).unwrap_or_else(|_| AesKek::new(&AES_256, &[7; 32]).unwrap());
    let mut wrapped = vec![0; KEY.pkcs8_der().len() + 16];
    let wrapped = kek.wrap_with_padding(KEY.pkcs8_der(), &mut wrapped).unwrap();
    let document = json!({
        "schema_version": "1.0.0",
        "header": { "kid": "exchange/1", "alg": "dir", "enc": "CKM_RSA_AES_KEY_WRAP" },
        "ciphertext": URL_SAFE_NO_PAD.encode([encrypted_key, wrapped].concat()),
        "generator": "Wycheproof",
    });
    let blob = byok::parse(document.to_string().as_bytes(), &Limits::default())?;
    let key = blob.open(exchange, &Limits::default())?;
    assert_eq!(key.public_key(), KEY.public_key());
    Ok(())
}

#[test]
fn verifying_with_pss() {
    let (mut counts, mut total) = (Counts::default(), 0);
    let mut matrix = Matrix::new("wycheproof-pss");
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
    counts.report(&mut matrix, "RSA-PSS, by which possession is proven", total);
    matrix.write();
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
    let mut matrix = Matrix::new("wycheproof-key-wrap");
    for (name, padded) in [(keywrap::TestName::AesKeyWrap, false), (keywrap::TestName::AesKeyWrapWithPadding, true)] {
        let (mut counts, mut total) = (Counts::default(), 0);
        for group in keywrap::TestSet::load(name).unwrap().test_groups {
            for case in group.tests {
                total += 1;
                let Some(cipher) = wrapping_cipher(group.key_size) else {
                    counts.leave_out("a wrapping key of 192 bits, which nothing here uses", 1);
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
        counts.report(&mut matrix, if padded { "AES key wrap with padding" } else { "AES key wrap" }, total);
    }
    matrix.write();
}
