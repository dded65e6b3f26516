//! Sealing: AES-256-GCM under a key that is used for one name only.

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::rand;
use zeroize::Zeroizing;

/// First bytes of everything sealed: the version of the format.
const FORMAT: &[u8; 4] = b"KWV1";

/// Bytes of a sealing key.
pub(super) const KEY_BYTES: usize = 32;

/// What something sealed is for; authenticated, so that one file can't stand in for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// A private key, PKCS#8.
    PrivateKey,
    /// The sealing key of a private key.
    SealingKey,
    /// The value that tells whether a master key is the vault's.
    Check,
}

impl Purpose {
    /// Its name in what is authenticated and in key derivation.
    pub(super) const fn label(self) -> &'static str {
        match self {
            Self::PrivateKey => "private-key",
            Self::SealingKey => "sealing-key",
            Self::Check => "check",
        }
    }
}

/// An AES-256 key that seals; overwritten when it is dropped.
pub(super) struct SealingKey(Zeroizing<Vec<u8>>);

impl SealingKey {
    /// A random one.
    pub(super) fn random() -> Result<Self, Unspecified> {
        let mut bytes = Zeroizing::new(vec![0_u8; KEY_BYTES]);
        rand::fill(&mut bytes)?;
        Ok(Self(bytes))
    }

    /// One of given bytes; refused where they are not 32.
    pub(super) fn from_bytes(bytes: Zeroizing<Vec<u8>>) -> Result<Self, Unspecified> {
        if bytes.len() == KEY_BYTES { Ok(Self(bytes)) } else { Err(Unspecified) }
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Seals: format, nonce, ciphertext, tag.
    pub(super) fn seal(&self, purpose: Purpose, name: &str, plaintext: &[u8]) -> Result<Vec<u8>, Unspecified> {
        let key = RandomizedNonceKey::new(&AES_256_GCM, &self.0)?;
        // Room for the tag from the start: growing would leave a copy of the plaintext behind.
        let mut content = Zeroizing::new(Vec::with_capacity(plaintext.len().saturating_add(AES_256_GCM.tag_len())));
        content.extend_from_slice(plaintext);
        let nonce = key.seal_in_place_append_tag(Aad::from(authenticated(purpose, name)), &mut *content)?;
        Ok([FORMAT.as_slice(), nonce.as_ref(), &content].concat())
    }

    /// Opens what [`SealingKey::seal`] made with the same key, purpose and name; anything else is refused.
    pub(super) fn open(&self, purpose: Purpose, name: &str, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, Unspecified> {
        let key = RandomizedNonceKey::new(&AES_256_GCM, &self.0)?;
        let sealed = sealed.strip_prefix(FORMAT).ok_or(Unspecified)?;
        let (nonce, ciphertext) = sealed.split_first_chunk::<NONCE_LEN>().ok_or(Unspecified)?;
        let mut content = Zeroizing::new(ciphertext.to_vec());
        let aad = Aad::from(authenticated(purpose, name));
        let length = key.open_in_place(Nonce::from(nonce), aad, &mut content)?.len();
        content.truncate(length);
        Ok(content)
    }
}

/// Unambiguous: a purpose has no NUL and a name neither.
fn authenticated(purpose: Purpose, name: &str) -> Vec<u8> {
    format!("keyward vault 1\0{}\0{name}", purpose.label()).into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opens_only_with_the_same_key_purpose_name_and_bytes() -> Result<(), Unspecified> {
        let key = SealingKey::random()?;
        let sealed = key.seal(Purpose::PrivateKey, "a", b"secret")?;
        assert_eq!(key.open(Purpose::PrivateKey, "a", &sealed)?.as_slice(), b"secret");
        assert!(key.open(Purpose::SealingKey, "a", &sealed).is_err());
        assert!(key.open(Purpose::PrivateKey, "b", &sealed).is_err());
        assert!(SealingKey::random()?.open(Purpose::PrivateKey, "a", &sealed).is_err());
        for at in 0..sealed.len() {
            let mut flipped = sealed.clone();
            flipped[at] ^= 1;
            assert!(key.open(Purpose::PrivateKey, "a", &flipped).is_err(), "byte {at}");
            assert!(key.open(Purpose::PrivateKey, "a", &sealed[..at]).is_err(), "cut at {at}");
        }
        Ok(())
    }

    #[test]
    fn sealing_twice_gives_different_bytes() -> Result<(), Unspecified> {
        let key = SealingKey::random()?;
        assert_ne!(key.seal(Purpose::Check, "a", b"x")?, key.seal(Purpose::Check, "a", b"x")?);
        Ok(())
    }
}
