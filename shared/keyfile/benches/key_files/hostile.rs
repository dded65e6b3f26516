//! Files made to cost much, and the reason for which each is refused.

use keyward_keyfile::Limits;
use p12::ContentInfo;

use crate::crafted;

const MEBIBYTE: usize = 1 << 20;

/// A file, the bounds that it is read under, and the code of its refusal.
pub(crate) struct Hostile {
    pub(crate) what: &'static str,
    pub(crate) file: Vec<u8>,
    pub(crate) limits: Limits,
    pub(crate) refused: &'static str,
}

/// Every such file. Those of a mebibyte are read under bounds that let them in.
pub(crate) fn all() -> Vec<Hostile> {
    let longest = Limits::default().file_bytes;
    let mut all = vec![
        new("2^31 iterations for the MAC", mac_of_2_to_the_31(), "too_many_iterations"),
        new("2^31 iterations for the key", with_bag(crafted::key_bag(1 << 31, None)), "too_many_iterations"),
        new(
            "scrypt over 1 GiB for the key",
            with_bag(crafted::key_bag_under_pbes2(&crafted::scrypt(1 << 20, 8, 1))),
            "too_much_memory",
        ),
        new("1,000 nested sequences", nested(1000), "nested_too_deep"),
        new("1,000 nested sequences in a bag", with_bag(crafted::other_bag(5, nested(1000))), "nested_too_deep"),
        new("junk, 64 KiB (the longest file that is taken)", junk(longest), "not_pfx"),
        new("junk, 1 MiB", junk(MEBIBYTE), "file_too_large"),
    ];
    let roomy = [
        new("10,000 bags", bags(10_000), "too_many_bags"),
        new("10,000 groups of bags", groups(10_000), "too_many_bags"),
        new("junk, 1 MiB let in", junk(MEBIBYTE), "not_pfx"),
        new("1 MiB let in, of half a million empty elements", empty_elements(), "not_pfx"),
        new("1 MiB let in, of BER in one-byte pieces", one_byte_pieces(), "not_pfx"),
    ];
    let limits = Limits { file_bytes: MEBIBYTE, ..Limits::default() };
    all.extend(roomy.map(|hostile| Hostile { limits: limits.clone(), ..hostile }));
    all
}

fn new(what: &'static str, file: Vec<u8>, refused: &'static str) -> Hostile {
    Hostile { what, file, limits: Limits::default(), refused }
}

fn with_bag(bag: p12::SafeBag) -> Vec<u8> {
    crafted::pfx(&crafted::safe(&[bag]))
}

fn mac_of_2_to_the_31() -> Vec<u8> {
    let content = crafted::safe(&[]);
    let mac = p12::MacData { iterations: 1 << 31, ..crafted::mac(&content) };
    crafted::pfx_with_mac(&content, Some(mac))
}

fn bags(count: usize) -> Vec<u8> {
    crafted::pfx(&crafted::safe(&vec![crafted::other_bag(5, vec![0x05, 0x00]); count]))
}

fn groups(count: usize) -> Vec<u8> {
    crafted::pfx(&crafted::safe_of_groups(&vec![ContentInfo::Data(vec![0x30, 0x00]); count]))
}

fn nested(depth: usize) -> Vec<u8> {
    (1..depth).fold(crafted::sequence(&[]), |inner, _| crafted::sequence(&[&inner]))
}

/// Bytes that look random and are the same each time (SplitMix64).
fn junk(length: usize) -> Vec<u8> {
    let numbers = (1..).map(|count: u64| {
        let z = count.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    });
    numbers.flat_map(u64::to_le_bytes).take(length).collect()
}

/// Sound DER that goes on for as long as it may.
fn empty_elements() -> Vec<u8> {
    // The header of the sequence takes 5 bytes; one is left over.
    crafted::sequence(&[&[0x05, 0x00].repeat((MEBIBYTE - 6) / 2)])
}

/// One octet string as BER may write it: the reader puts it together before it looks at it.
fn one_byte_pieces() -> Vec<u8> {
    let pieces = [0x04, 0x01, 0x00].repeat((MEBIBYTE - 8) / 3);
    [&[0x30, 0x80, 0x24, 0x80], pieces.as_slice(), &[0; 4]].concat()
}
