//! Keys that `openssl pkcs8` encrypted, with every derivation that it knows, put into a PFX file.

use keyward_keyfile::{Limits, pfx};
use p12::{EncryptedPrivateKeyInfo, SafeBagKind};

use crate::openssl::Openssl;
use crate::{KEY, PASSWORD, crafted, password};

fn file(bench: &Openssl, options: &str) -> Vec<u8> {
    let pass = format!("pass:{PASSWORD}");
    let mut arguments =
        vec!["pkcs8", "-topk8", "-in", "key.pem", "-outform", "DER", "-out", "key.p8", "-passout", &pass];
    arguments.extend(options.split(' '));
    bench.run_with(&arguments);
    let info = yasna::parse_der(&bench.get("key.p8"), EncryptedPrivateKeyInfo::parse).unwrap();
    crafted::pfx(&crafted::safe(&[crafted::bag(SafeBagKind::Pkcs8ShroudedKeyBag(info), Some("key"))]))
}

fn assert_reads(file: &[u8], limits: &Limits, what: &str) {
    let key = pfx::read(file, &password(), limits).unwrap_or_else(|error| panic!("{what}: {error}"));
    assert_eq!(key.public_key(), KEY.public_key(), "{what}");
}

#[test]
fn every_hash_of_pbkdf2() {
    let bench = Openssl::with_key();
    for hash in ["hmacWithSHA1", "hmacWithSHA224", "hmacWithSHA256", "hmacWithSHA384", "hmacWithSHA512"] {
        for cipher in ["aes-256-cbc", "des3"] {
            let options = format!("-v2 {cipher} -v2prf {hash}");
            assert_reads(&file(&bench, &options), &Limits::default(), &options);
        }
    }
    let unknown = file(&bench, "-v2 aes-256-cbc -v2prf hmacWithSHA512-256");
    let error = pfx::read(&unknown, &password(), &Limits::default()).unwrap_err();
    assert_eq!(error.to_string(), "the encrypted private key uses HMAC-SHA512/256, which is not supported");
}

#[test]
fn scrypt_within_the_limits() {
    let bench = Openssl::with_key();
    let file = file(&bench, "-v2 aes-256-cbc -scrypt -scrypt_N 1024 -scrypt_r 8 -scrypt_p 2");
    let needed = 128 * 8 * (1024 + 2 + 1);
    // The MAC by `p12` takes 2048.
    let limits = Limits { scrypt_bytes: needed, iterations: 2048 + 1024 * 8 * 2, ..Limits::default() };
    assert_reads(&file, &limits, "scrypt");
    let (_, work) = pfx::read_measured(&file, &password(), &limits);
    assert_eq!(work, pfx::Work { iterations: 2048 + 1024 * 8 * 2, scrypt_bytes: needed });
    let code = |limits| pfx::read(&file, &password(), &limits).unwrap_err().code();
    assert_eq!(code(Limits { scrypt_bytes: needed - 1, ..limits.clone() }), "too_much_memory");
    assert_eq!(code(Limits { iterations: limits.iterations - 1, ..limits }), "too_many_iterations");
}

/// What older versions of PKCS#5 had is named and refused.
#[test]
fn schemes_of_before_pkcs12() {
    let bench = Openssl::with_key();
    let file = file(&bench, "-provider legacy -provider default -v1 PBE-MD5-DES");
    let error = pfx::read(&file, &password(), &Limits::default()).unwrap_err();
    assert_eq!(error.to_string(), "the encrypted private key uses PBE-MD5-DES, which is not supported");
}
