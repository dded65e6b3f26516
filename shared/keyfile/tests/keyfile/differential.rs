//! A second reader of PFX files says the same.

use keyward_keyfile::{Limits, Password, pfx};
use p12_keystore::{KeyStore, Pkcs12ImportPolicy};

use crate::openssl::Openssl;
use crate::{KEY, PASSWORD, password, written};

/// The key as the other reader sees it, in this crate's canonical form.
fn other(file: &[u8], password: &str) -> Option<Vec<u8>> {
    let store = KeyStore::from_pkcs12(file, password, Pkcs12ImportPolicy::Relaxed).ok()?;
    let (_, chain) = store.private_key_chain()?;
    let key = keyward_keyfile::PrivateKey::from_pkcs8(chain.key().as_der(), &Limits::default());
    Some(key.unwrap().pkcs8_der().to_vec())
}

fn ours(file: &[u8], password: &Password) -> Option<Vec<u8>> {
    let key = pfx::read(file, password, &Limits::default()).ok()?;
    Some(key.pkcs8_der().to_vec())
}

#[test]
fn the_same_key_or_none() {
    let bench = Openssl::with_key();
    let files = [
        written(),
        bench.export(""),
        bench.export("-keypbe AES-128-CBC -certpbe AES-192-CBC -macalg sha512"),
        bench.export("-legacy"),
        bench.export("-keypbe PBE-SHA1-3DES -certpbe PBE-SHA1-3DES -macalg sha1"),
    ];
    let wrong = Password::new("wrong").unwrap();
    for file in files {
        let ours_right = ours(&file, &password());
        assert_eq!(ours_right.as_deref(), Some(KEY.pkcs8_der()));
        assert_eq!(other(&file, PASSWORD), ours_right);
        assert_eq!(other(&file, "wrong"), ours(&file, &wrong));
    }
}
