#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::cell::Cell;

use super::*;

const KEY: [u8; 32] = [7; 32];

fn by(generation: u32) -> SealedBy {
    SealedBy { tenant: "contoso".parse().unwrap(), environment: "prod-eu".parse().unwrap(), generation }
}

fn sealed(content: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    assert_eq!(seal(by(3), &Zeroizing::new(KEY), &mut &content[..], &mut out).unwrap(), content.len() as u64);
    out
}

fn opened(file: &[u8]) -> Result<Vec<u8>, Failure> {
    let mut out = Vec::new();
    open(&|_| Ok(Zeroizing::new(KEY)), file, &mut out).map(|_| out)
}

#[test]
fn what_is_sealed_opens() {
    for length in [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK] {
        let content: Vec<u8> = (0..length).map(|i| (i % 251) as u8).collect();
        assert_eq!(opened(&sealed(&content)).unwrap(), content, "{length}");
    }
}

#[test]
fn the_lease_is_for_what_the_header_names() {
    let asked = Cell::new(0);
    let lease = |named: &SealedBy| {
        asked.set(asked.get() + 1);
        assert_eq!(*named, by(3));
        Ok(Zeroizing::new(KEY))
    };
    open(&lease, &sealed(b"x")[..], &mut Vec::new()).unwrap();
    assert_eq!(asked.get(), 1);
}

#[test]
fn a_refused_lease_is_what_is_reported() {
    let refuse = |_: &SealedBy| Err(Failure::new(Exit::Refused, "environment_locked", "locked"));
    let mut out = Vec::new();
    let failure = open(&refuse, &sealed(b"x")[..], &mut out).unwrap_err();
    assert_eq!(failure.code, "environment_locked");
    assert!(out.is_empty());
}

#[test]
fn another_data_key_does_not_open() {
    let other = |_: &SealedBy| Ok(Zeroizing::new([8; 32]));
    let failure = open(&other, &sealed(b"x")[..], &mut Vec::new()).unwrap_err();
    assert_eq!(failure.code, "sealed_file_damaged");
}

#[test]
fn cut_anywhere_it_does_not_open() {
    let file = sealed(b"some content");
    for length in 0..file.len() {
        assert!(opened(&file[..length]).is_err(), "{length} of {}", file.len());
    }
    let long = sealed(&vec![1; 2 * BLOCK]);
    // At a chunk's end, where the stream alone would look complete.
    assert!(opened(&long[..long.len() - BLOCK - 16]).is_err());
}

#[test]
fn no_bit_can_be_flipped() {
    let file = sealed(b"some content");
    for place in 0..file.len() {
        for bit in [0x01, 0x80] {
            let mut changed = file.clone();
            changed[place] ^= bit;
            assert!(opened(&changed).is_err(), "byte {place}");
        }
    }
}

#[test]
fn another_generation_can_not_be_claimed() {
    let file = sealed(b"x");
    let text = String::from_utf8_lossy(&file).into_owned();
    let at = text.find(" 3 ").unwrap();
    let mut changed = file;
    changed[at + 1] = b'4';
    assert!(opened(&changed).is_err());
}

#[test]
fn a_header_without_end_is_not_read_on() {
    let mut hostile = b"age-encryption.org/v1\n".to_vec();
    hostile.extend(std::iter::repeat_n(b"-> x\n", 100_000).flatten());
    assert_eq!(opened(&hostile).unwrap_err().code, "sealed_file_damaged");
    let one_line = vec![b'a'; 1 << 20];
    assert_eq!(opened(&one_line).unwrap_err().code, "sealed_file_damaged");
}

#[test]
fn a_file_for_somebody_else_is_said_to_be_one() {
    let file = b"age-encryption.org/v1\n-> X25519 TEiF0ypqr+bpvcqXNyCVJpL7OuwPdVwPL7KQEbFDOCc\n\
        EmECAEcKN+n/Vs9SbWiV+Hu0r+E8R77DdWYyd83nw7U\n--- Vn+54jqiiUCE+WZcEVY3f1sqHjlu/z1LCQ/T7Xm7qI0\n0123456789abcdef0123456789abcdef";
    assert_eq!(opened(file).unwrap_err().code, "not_sealed_by_keyward");
}

#[test]
fn an_abandoned_output_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out");
    let mut output = OutputFile::create(Some(&path)).unwrap();
    output.write_all(b"half").unwrap();
    drop(output);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    let mut output = OutputFile::create(Some(&path)).unwrap();
    output.write_all(b"whole").unwrap();
    output.complete().unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), b"whole");
}

#[test]
fn a_device_is_written_to_and_not_replaced() {
    let mut output = OutputFile::create(Some(std::path::Path::new("/dev/null"))).unwrap();
    assert!(matches!(output, OutputFile::Device(_)));
    output.write_all(b"x").unwrap();
    output.complete().unwrap();
    assert!(OutputFile::create(Some(&std::env::temp_dir())).is_err());
}
