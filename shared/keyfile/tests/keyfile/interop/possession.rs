//! Challenges signed by the tool of an HSM, for which Python's `cryptography` stands in.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use keyward_keyfile::{KeyFileError, PublicKey, possession};
use serde::Deserialize;

use super::Matrix;
use super::programs::python;
use crate::KEY;
use crate::openssl::Openssl;

#[derive(Deserialize)]
struct Signed {
    version: String,
    keys: Vec<Key>,
}

#[derive(Deserialize)]
struct Key {
    bits: u32,
    spki: String,
    signatures: BTreeMap<String, String>,
}

/// The ways of signing that answer a challenge: SHA-256 in both places and a salt of 32 bytes.
const TAKEN: [&str; 3] = ["salt of 32 bytes", "salt as long as the digest", "digest only, salt of 32 bytes"];

#[test]
fn challenges_that_python_signs() {
    let (bench, mut matrix) = (Openssl::with_key(), Matrix::new("possession"));
    let message = possession::message("contoso", "lock-tenant", "n-1");
    bench.put("message", &message);
    bench.put("signature", &KEY.sign_pss(&message).unwrap());
    let signed: Signed = python(&bench, "pss.py", &[]);
    let maker = format!("Python cryptography {}", signed.version);
    assert_eq!(signed.keys.iter().map(|key| key.bits).collect::<Vec<_>>(), [2048, 3072, 4096]);
    for Key { bits, spki, signatures } in &signed.keys {
        let public = PublicKey::from_spki_der(&STANDARD.decode(spki).unwrap()).unwrap();
        assert_eq!((public.bits(), signatures.len()), (*bits, 12));
        for (way, signature) in signatures {
            let expected = if TAKEN.contains(&way.as_str()) { Ok(()) } else { Err(KeyFileError::WrongSignature) };
            let verified = public.verify_pss(&message, &STANDARD.decode(signature).unwrap());
            assert_eq!(verified, expected, "{bits} {way}");
            let outcome = verified.map_or_else(|error| format!("refused as {}", error.code()), |()| "accepted".into());
            matrix.add(format!("{maker} → Keyward: challenge signed with RSA-PSS, {bits} bits"), way, outcome);
        }
    }
    matrix.add(format!("Keyward → {maker}: challenge signed with RSA-PSS, 2048 bits"), "salt of 32 bytes", "accepted");
    matrix.write();
}
