//! Thousands of files that went wrong: what the reader does for each is bounded, by count.
//!
//! The allocations of the whole process are counted, so this test runs alone in its program. What
//! aws-lc takes by itself is not seen; it takes a fixed amount for each key and each hash.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(clippy::print_stdout, reason = "the test reports its counts")]

#[path = "keyfile/crafted.rs"]
#[expect(dead_code, clippy::panic, reason = "shared with the other tests, which use the rest")]
mod crafted;
#[path = "keyfile/loosened.rs"]
mod loosened;

use std::alloc::System;
use std::num::NonZeroU32;

use chrono::DateTime;
use keyward_keyfile::{KeyBits, Limits, Password, PrivateKey, inspect, pfx};
use p12::{ContentInfo, SafeBagKind};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const PASSWORD: &str = "correct horse";

/// Files that are read.
const FILES: usize = 20_000;

/// Keys that are read.
const KEYS: usize = 2_000;

/// Most iterations that a file may ask for here.
const ITERATIONS: u32 = 200;
const SCRYPT_BYTES: u64 = 64 * 1024;

/// Most bytes that are allocated for one file, all allocations summed as if none was given back. A file
/// here has at most 6 kB; the rest is scrypt's memory and the arithmetic on one key.
const ALLOCATED: usize = 512 * 1024;

/// Numbers that look random and are the same each time (SplitMix64).
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit.max(1) as u64) as usize
    }
}

/// Makes one to four changes: bits, bytes that mean something in DER, cuts, repetitions.
fn mutate(bytes: &mut Vec<u8>, numbers: &mut Numbers) {
    const TELLING: [u8; 12] = [0x00, 0x01, 0x02, 0x04, 0x24, 0x30, 0x31, 0x7F, 0x80, 0x84, 0xA0, 0xFF];
    for _ in 0..=numbers.below(4) {
        // Half of the changes go to the beginning, where the structure is.
        let span = if numbers.below(2) == 0 { bytes.len().min(160) } else { bytes.len() };
        let at = numbers.below(span);
        match numbers.below(8) {
            0..=2 => bytes[at] ^= 1 << numbers.below(8),
            3 | 4 => bytes[at] = TELLING[numbers.below(TELLING.len())],
            5 => bytes.truncate(at.max(1)),
            6 => {
                let piece: Vec<u8> = bytes[at..].iter().take(1 + numbers.below(64)).copied().collect();
                let to = numbers.below(bytes.len());
                bytes.splice(to..to, piece);
            }
            _ => {
                let end = (at + 1 + numbers.below(16)).min(bytes.len());
                if end - at < bytes.len() {
                    bytes.drain(at..end);
                }
            }
        }
    }
}

/// The AuthenticatedSafes that are changed: with a key that isn't one, so that most are short, and
/// under each derivation; and a whole file of this crate.
fn seeds(key: &PrivateKey, password: &Password) -> Vec<Vec<u8>> {
    let few = NonZeroU32::new(2).unwrap();
    let noon = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
    let whole = pfx::write_with_iterations(key, password, "blue", noon, few).unwrap();
    let sha256 = crafted::algorithm(&[1, 2, 840, 113_549, 2, 9], None);
    let pbes2 = |kdf: &[u8]| crafted::safe(&[crafted::key_bag_under_pbes2(kdf)]);
    let list = yasna::construct_der(|w| {
        w.write_sequence_of(|w| crafted::key_bag(3, Some("inner")).write(w.next()));
    });
    let certificate = SafeBagKind::CertBag(p12::CertBag::X509(vec![0x30, 0x00]));
    vec![
        crafted::content(&whole),
        pbes2(&crafted::pbkdf2(&[7; 8], 3, Some(16), &sha256)),
        pbes2(&crafted::scrypt(4, 1, 1)),
        crafted::safe(&[crafted::key_bag(3, Some("key")), crafted::bag(certificate, Some("certificate"))]),
        crafted::safe(&[crafted::other_bag(6, list), crafted::other_bag(5, vec![0x05, 0x00])]),
        crafted::safe_of_groups(&[ContentInfo::Data(vec![0x30, 0x00]), ContentInfo::Data(vec![0x30, 0x00])]),
    ]
}

#[derive(Default)]
struct Most {
    read: usize,
    refused: usize,
    iterations: u64,
    scrypt_bytes: u64,
    allocated: usize,
}

/// What comes of it, and the bytes that were allocated on the way.
fn counted<T>(work: impl FnOnce() -> T) -> (T, usize) {
    let region = Region::new(ALLOCATOR);
    let outcome = work();
    let change = region.change();
    (outcome, change.bytes_allocated + usize::try_from(change.bytes_reallocated.max(0)).unwrap())
}

/// Changed keys, as they come out of a file that was opened.
fn change_keys(key: &PrivateKey, limits: &Limits, numbers: &mut Numbers) {
    let (mut most, mut read) = (0, 0);
    for number in 0..KEYS {
        let mut pkcs8 = key.pkcs8_der().to_vec();
        mutate(&mut pkcs8, numbers);
        let (outcome, allocated) = counted(|| PrivateKey::from_pkcs8(&pkcs8, limits));
        assert!(allocated <= ALLOCATED, "{number}: {allocated} bytes");
        most = most.max(allocated);
        if let Ok(other) = outcome {
            assert_eq!(other.pkcs8_der(), key.pkcs8_der(), "{number}");
            read += 1;
        }
    }
    println!("{KEYS} keys: {read} read; at most {most} bytes allocated in all");
}

#[test]
fn what_is_done_for_a_file_is_bounded() {
    let key = PrivateKey::generate(KeyBits::Rsa2048).unwrap();
    let password = Password::new(PASSWORD).unwrap();
    let limits = Limits { iterations: ITERATIONS, scrypt_bytes: SCRYPT_BYTES, ..Limits::default() };
    let seeds = seeds(&key, &password);
    let mut numbers = Numbers(2026);
    let mut most = Most::default();
    for number in 0..FILES {
        let file = changed(&seeds[number % seeds.len()], number / seeds.len(), &mut numbers);
        let ((outcome, work), allocated) = counted(|| pfx::read_measured(&file, &password, &limits));
        assert!(work.iterations <= u64::from(ITERATIONS) && work.scrypt_bytes <= SCRYPT_BYTES, "{number}: {work:?}");
        assert!(allocated <= ALLOCATED, "{number}: {allocated} bytes");
        most.iterations = most.iterations.max(work.iterations);
        most.scrypt_bytes = most.scrypt_bytes.max(work.scrypt_bytes);
        most.allocated = most.allocated.max(allocated);
        match outcome {
            Ok(read) => {
                assert_eq!(read.public_key(), key.public_key(), "{number}");
                most.read += 1;
            }
            Err(_) => most.refused += 1,
        }
        if number % 10 == 0 {
            let inspection = inspect(&file, Some(&password), &limits);
            assert_eq!(inspection.accepted, pfx::read(&file, &password, &limits).is_ok(), "{number}");
        }
    }
    println!(
        "{FILES} files: {} read, {} refused; at most {} iterations, {} bytes for scrypt, {} bytes allocated in all",
        most.read, most.refused, most.iterations, most.scrypt_bytes, most.allocated
    );
    change_keys(&key, &limits, &mut numbers);
    assert!(most.read > 0 && most.refused > FILES / 2);
}

/// A file with something changed: the bags under a MAC that fits, or the file itself; in DER or BER.
fn changed(seed: &[u8], round: usize, numbers: &mut Numbers) -> Vec<u8> {
    let in_ber = round % 2 == 1;
    let mut content = if in_ber { loosened::loosen(seed) } else { seed.to_vec() };
    let around = round % 8 >= 6;
    if !around {
        mutate(&mut content, numbers);
    }
    let mac = crafted::cheap_mac(&content);
    let file = crafted::pfx_with_mac(&content, Some(mac));
    let mut file = if in_ber { loosened::loosen(&file) } else { file };
    if around {
        mutate(&mut file, numbers);
    }
    file
}
