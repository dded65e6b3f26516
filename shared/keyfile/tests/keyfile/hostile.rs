//! Files made to hurt: no panic, no unbounded work.

use std::time::{Duration, Instant};

use keyward_keyfile::{KeyFileError, Limits, PrivateKey, pfx};
use p12::ContentInfo;

use crate::{KEY, crafted, password, written};

/// Generous for a slow machine; the work asked for would take hours.
const AT_ONCE: Duration = Duration::from_secs(5);

/// Reads a file that may or may not be sound. If it's taken, it's the key that was put in.
fn read(file: &[u8]) -> Result<(), KeyFileError> {
    let limits = Limits { iterations: 100_000, ..Limits::default() };
    let begun = Instant::now();
    let outcome = pfx::read(file, &password(), &limits);
    assert!(begun.elapsed() < AT_ONCE);
    outcome.map(|key| assert_eq!(key.public_key(), KEY.public_key()))
}

fn code(file: &[u8]) -> &'static str {
    read(file).expect_err("the file is to be refused").code()
}

#[test]
fn a_mac_that_asks_for_2_to_the_31() {
    let content = crafted::safe(&[]);
    let mut mac = crafted::mac(&content);
    mac.iterations = 1 << 31;
    assert_eq!(code(&crafted::pfx_with_mac(&content, Some(mac))), "too_many_iterations");
}

#[test]
fn a_mac_that_asks_for_none() {
    let content = crafted::safe(&[]);
    let mut mac = crafted::mac(&content);
    mac.iterations = 0;
    assert_eq!(code(&crafted::pfx_with_mac(&content, Some(mac))), "damaged");
}

#[test]
fn keys_that_ask_for_too_much() {
    for iterations in [1 << 31, u64::MAX >> 1, 40_000] {
        let file = crafted::pfx(&crafted::safe(&[crafted::key_bag(iterations, None)]));
        assert_eq!(code(&file), "too_many_iterations", "{iterations}");
    }
    let none = crafted::pfx(&crafted::safe(&[crafted::key_bag(0, None)]));
    assert_eq!(code(&none), "damaged");
}

/// A GiB and more of memory, or endless passes over little of it.
#[test]
fn scrypt_that_asks_for_too_much() {
    for (cost, block, parallel, refused) in [
        (1 << 20, 8, 1, "too_much_memory"),
        (1 << 63, 8, 1, "too_much_memory"),
        (2, 1 << 62, 1, "too_much_memory"),
        (2, 1, 1 << 62, "too_much_memory"),
        (1024, 8, 400, "too_many_iterations"),
        (0, 8, 1, "damaged"),
        (1, 8, 1, "damaged"),
        (1023, 8, 1, "damaged"),
        (1024, 0, 1, "damaged"),
        (1024, 8, 0, "damaged"),
    ] {
        let bag = crafted::key_bag_under_pbes2(&crafted::scrypt(cost, block, parallel));
        assert_eq!(code(&crafted::pfx(&crafted::safe(&[bag]))), refused, "{cost} {block} {parallel}");
    }
}

/// Each derivation is small enough; their sum isn't.
#[test]
fn groups_that_ask_for_too_much_together() {
    let content = crafted::content(&written());
    let groups = yasna::parse_der(&content, |r| r.collect_sequence_of(ContentInfo::parse)).unwrap();
    let encrypted: Vec<ContentInfo> =
        groups.iter().filter(|group| matches!(group, ContentInfo::EncryptedData(_))).cloned().collect();
    let many = crafted::pfx(&crafted::safe_of_groups(&vec![encrypted[0].clone(); 20]));
    let limits = Limits {
        // The MAC by `p12` takes 2048.
        iterations: 2048 + 10 * 19,
        ..Limits::default()
    };
    let error = pfx::read(&many, &password(), &limits).unwrap_err();
    assert_eq!(error, KeyFileError::TooManyIterations { asked: 2048 + 10 * 20, limit: 2048 + 10 * 19 });
}

#[test]
fn ten_thousand_bags() {
    let limits = Limits { file_bytes: 1 << 20, ..Limits::default() };
    let bags = vec![crafted::other_bag(5, vec![0x05, 0x00]); 10_000];
    let groups = vec![ContentInfo::Data(vec![0x30, 0x00]); 10_000];
    let mut list = vec![0x30, 0x00];
    // Lists in lists: bags that are never together in one list are counted too.
    for _ in 0..2 {
        let bags = vec![crafted::other_bag(6, list); 20];
        list = yasna::construct_der(|w| {
            w.write_sequence_of(|w| bags.iter().for_each(|bag| bag.write(w.next())));
        });
    }
    for content in
        [crafted::safe(&bags), crafted::safe_of_groups(&groups), crafted::safe(&vec![crafted::other_bag(6, list); 20])]
    {
        let error = pfx::read(&crafted::pfx(&content), &password(), &limits).unwrap_err();
        assert_eq!(error.code(), "too_many_bags");
    }
}

#[test]
fn a_thousand_nested_sequences() {
    let mut nested = Vec::new();
    for _ in 0..1000 {
        nested = yasna::construct_der(|w| {
            w.write_sequence(|w| {
                if !nested.is_empty() {
                    w.next().write_der(&nested);
                }
            });
        });
    }
    assert_eq!(code(&nested), "nested_too_deep");
    assert_eq!(code(&crafted::pfx(&nested)), "nested_too_deep");
    let bag = crafted::other_bag(5, nested.clone());
    assert_eq!(code(&crafted::pfx(&crafted::safe(&[bag]))), "nested_too_deep");
    let key = PrivateKey::from_pkcs8(&nested, &Limits::default());
    assert_eq!(key.unwrap_err().code(), "nested_too_deep");
}

#[test]
fn cut_off_at_every_byte() {
    let file = written();
    for length in 0..file.len() {
        assert!(read(&file[..length]).is_err(), "{length}");
    }
    let key = KEY.pkcs8_der();
    for length in 0..key.len() {
        assert!(PrivateKey::from_pkcs8(&key[..length], &Limits::default()).is_err());
    }
}

#[test]
fn something_after_the_end() {
    let mut file = written();
    file.push(0);
    assert_eq!(code(&file), "damaged");
}

/// Without a fitting MAC the reader gets as far as the MAC.
#[test]
fn every_byte_of_the_file_changed() {
    let file = written();
    for at in 0..file.len() {
        for mask in [0x01, 0x80, 0xFF] {
            let mut changed = file.clone();
            changed[at] ^= mask;
            let _ = read(&changed);
        }
    }
}

/// Under a MAC that fits, the reader goes on into the bags.
#[test]
fn every_byte_of_the_bags_changed() {
    let content = crafted::content(&written());
    for at in 0..content.len() {
        let mut changed = content.clone();
        changed[at] ^= if at % 2 == 0 { 0x01 } else { 0x80 };
        let mac = crafted::cheap_mac(&changed);
        let _ = read(&crafted::pfx_with_mac(&changed, Some(mac)));
    }
}

/// And in the decrypted key: a change is refused or makes no difference to the key.
#[test]
fn every_byte_of_the_key_changed() {
    let key = KEY.pkcs8_der();
    for at in 0..key.len() {
        let mut changed = key.to_vec();
        changed[at] ^= 0x04;
        if let Ok(read) = PrivateKey::from_pkcs8(&changed, &Limits::default()) {
            assert_eq!(read.pkcs8_der(), key, "{at}");
        }
    }
}
