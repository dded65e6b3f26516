//! Keys as Key Vault writes them (RFC 7517).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use keyward_keyfile::{PrivateKey, PublicKey};
use rsa::pkcs8::{EncodePublicKey, PrivateKeyInfo};
use rsa::{BigUint, RsaPublicKey, pkcs1};
use zeroize::Zeroizing;

/// The body of an import: the key, for unwrapping only and never to leave the vault. Written by hand, since the SDK's model
/// would leave copies of the numbers behind. Nothing where the key does not read, which it did before.
pub(super) fn import_of(key: &PrivateKey) -> Option<Zeroizing<Vec<u8>>> {
    let info = PrivateKeyInfo::try_from(key.pkcs8_der()).ok()?;
    let numbers = pkcs1::RsaPrivateKey::try_from(info.private_key).ok()?;
    let members = [
        ("n", numbers.modulus),
        ("e", numbers.public_exponent),
        ("d", numbers.private_exponent),
        ("p", numbers.prime1),
        ("q", numbers.prime2),
        ("dp", numbers.exponent1),
        ("dq", numbers.exponent2),
        ("qi", numbers.coefficient),
    ];
    // Never grows: base64 takes four bytes for three, and all numbers together are shorter than the PKCS#8 they come from.
    let mut text = Zeroizing::new(String::with_capacity(2 * key.pkcs8_der().len() + 512));
    text.push_str(r#"{"key":{"kty":"RSA","key_ops":["unwrapKey"]"#);
    for (name, number) in members {
        text.push_str(",\"");
        text.push_str(name);
        text.push_str("\":\"");
        URL_SAFE_NO_PAD.encode_string(number.as_bytes(), &mut text);
        text.push('"');
    }
    text.push_str(r#"},"attributes":{"enabled":true,"exportable":false}}"#);
    Some(Zeroizing::new(std::mem::take(&mut *text).into_bytes()))
}

/// The public key of a modulus and an exponent; nothing where it is no RSA key that is taken.
pub(super) fn public_key(modulus: &[u8], exponent: &[u8]) -> Option<PublicKey> {
    let key = RsaPublicKey::new(BigUint::from_bytes_be(modulus), BigUint::from_bytes_be(exponent)).ok()?;
    PublicKey::from_spki_der(key.to_public_key_der().ok()?.as_bytes()).ok()
}

#[cfg(test)]
mod tests {
    use keyward_keyfile::KeyBits;

    use super::*;

    #[test]
    fn an_import_has_all_numbers_and_the_public_ones_give_the_key() -> Result<(), Box<dyn std::error::Error>> {
        for bits in [KeyBits::Rsa2048, KeyBits::Rsa4096] {
            let key = PrivateKey::generate(bits)?;
            let body = import_of(&key).ok_or("no body")?;
            assert!(body.capacity() >= 2 * key.pkcs8_der().len() + 512 && body.len() < body.capacity());
            let json: serde_json::Value = serde_json::from_slice(&body)?;
            let member = |name: &str| json["key"][name].as_str().and_then(|text| URL_SAFE_NO_PAD.decode(text).ok());
            for name in ["d", "p", "q", "dp", "dq", "qi"] {
                assert!(member(name).is_some_and(|number| number.len() >= 120), "{name}");
            }
            let (n, e) = (member("n").ok_or("n")?, member("e").ok_or("e")?);
            assert_eq!(public_key(&n, &e).as_ref(), Some(key.public_key()));
        }
        Ok(())
    }

    #[test]
    fn nonsense_is_no_public_key() {
        for (modulus, exponent) in [(&[][..], &[1, 0, 1][..]), (&[7; 256], &[2]), (&[0xff; 4096], &[1, 0, 1])] {
            assert!(public_key(modulus, exponent).is_none());
        }
    }
}
