//! BER, as NSS and old tools write it, at each level of a file.

use keyward_keyfile::{Limits, pfx};

use crate::loosened::loosen;
use crate::openssl::Openssl;
use crate::{KEY, crafted, password, written};

fn assert_reads(file: &[u8]) {
    let key = pfx::read(file, &password(), &Limits::default()).unwrap();
    assert_eq!(key.public_key(), KEY.public_key());
}

#[test]
fn the_outer_structure() {
    let loose = loosen(&written());
    assert!(loose.starts_with(&[0x30, 0x80]));
    assert_reads(&loose);
}

/// The MAC is over the octets as they are, not over their DER.
#[test]
fn the_content_within() {
    let bench = Openssl::with_key();
    for file in [written(), bench.export("-legacy"), bench.export("-keypbe AES-256-CBC -certpbe NONE")] {
        let content = loosen(&crafted::content(&file));
        let file = crafted::pfx_with_mac(&content, Some(crafted::cheap_mac(&content)));
        assert_reads(&file);
        assert_reads(&loosen(&file));
    }
}

/// openssl agrees that these are PFX files.
#[test]
fn openssl_reads_them_too() {
    let bench = Openssl::new();
    bench.put("in.pfx", &loosen(&written()));
    bench.run_with(&["pkcs12", "-in", "in.pfx", "-noenc", "-passin", "pass:correct horse"]);
}

#[test]
fn nesting_without_end() {
    for piece in [&[0x30, 0x80][..], &[0x24, 0x80], &[0xA0, 0x80]] {
        let mut file = vec![0x30, 0x80];
        file.extend(piece.repeat(30_000));
        let error = pfx::read(&file, &password(), &Limits::default()).unwrap_err();
        assert_eq!(error.code(), "nested_too_deep");
    }
}

/// The iterations of a MAC are 1 where none are stated.
#[test]
fn a_mac_without_iterations() {
    let bench = Openssl::with_key();
    let file = bench.export("-nomaciter");
    // Where openssl writes a count, it is the last element: 02 01 01 for one.
    assert!(!file.ends_with(&[0x02, 0x01, 0x01]));
    assert_reads(&file);
}
