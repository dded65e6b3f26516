//! RSA public keys.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::rsa::{
    OAEP_SHA1_MGF1SHA1, OAEP_SHA256_MGF1SHA256, OaepAlgorithm, OaepPublicEncryptingKey, PublicEncryptingKey,
};
use aws_lc_rs::signature::{RSA_PSS_2048_8192_SHA256, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rsa::pkcs8::{DecodePublicKey, EncodePublicKey};
use rsa::traits::PublicKeyParts;
use rsa::{BigUint, RsaPublicKey};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::key_checks::check_size;
use crate::weakness::check_modulus;
use crate::{DataKey, Fingerprint, KeyFileError, Limits, der};

/// Longest SubjectPublicKeyInfo that is looked at, in bytes; one of 4096 bits has 550.
const MAX_SPKI_BYTES: usize = 1024;

/// What OAEP with SHA-256 needs of a block: two hashes and two bytes (RFC 8017, section 7.1.1).
const OAEP_OVERHEAD: usize = 2 * 32 + 2;

const DAMAGED: KeyFileError = KeyFileError::Damaged { part: "public key" };

/// An RSA public key of 2048, 3072 or 4096 bits. Two are equal when modulus and exponent are.
///
/// It is serialised as base64 (standard alphabet, padded) of its SubjectPublicKeyInfo DER.
#[derive(Clone)]
pub struct PublicKey {
    spki: Vec<u8>,
    modulus: Vec<u8>,
    exponent: Vec<u8>,
    // Parsed once; behind an Arc since aws-lc's keys can't be cloned.
    oaep: Arc<OaepPublicEncryptingKey>,
}

impl PublicKey {
    /// Reads a SubjectPublicKeyInfo.
    ///
    /// # Errors
    /// `damaged`, also for an exponent that is 1 or even; `key_size_not_allowed`; `weak_key` for an exponent
    /// that is too long.
    pub fn from_spki_der(spki: &[u8]) -> Result<Self, KeyFileError> {
        if spki.len() > MAX_SPKI_BYTES {
            return Err(DAMAGED);
        }
        let limits = Limits::any_key_size();
        der::scan(spki, limits.depth, "public key")?;
        let key = RsaPublicKey::from_public_key_der(spki).map_err(|_| DAMAGED)?;
        check_size(key.n().bits(), &limits)?;
        if key.e().bits() < 2 || key.e().bits() > limits.exponent_bits {
            return Err(KeyFileError::WeakKey { why: "its public exponent is too short or too long" });
        }
        // Encoded anew, so that one key has one encoding and one fingerprint.
        let canonical = key.to_public_key_der().map_err(|_| DAMAGED)?;
        let oaep = PublicEncryptingKey::from_der(canonical.as_bytes())
            .ok()
            .and_then(|key| OaepPublicEncryptingKey::new(key).ok())
            .ok_or(DAMAGED)?;
        Ok(Self {
            modulus: key.n().to_bytes_be(),
            exponent: key.e().to_bytes_be(),
            oaep: Arc::new(oaep),
            spki: canonical.as_bytes().to_vec(),
        })
    }

    /// The key as SubjectPublicKeyInfo DER.
    #[must_use]
    pub fn spki_der(&self) -> &[u8] {
        &self.spki
    }

    /// Length of the modulus in bits.
    #[must_use]
    pub fn bits(&self) -> u32 {
        // The constructor takes 2048, 3072 and 4096 only, so the modulus fills its bytes.
        u32::try_from(8 * self.modulus.len()).unwrap_or(u32::MAX)
    }

    /// The key's fingerprint.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of_spki(&self.spki)
    }

    /// Checks what the public part tells of a key whose private part was never seen: its size within `limits`, and
    /// that its modulus has no small factor and is not of the shape that the ROCA fault gave (CVE-2017-15361).
    ///
    /// # Errors
    /// `key_size_not_allowed`, `weak_key`.
    pub fn check(&self, limits: &Limits) -> Result<(), KeyFileError> {
        let modulus = BigUint::from_bytes_be(&self.modulus);
        check_size(modulus.bits(), limits)?;
        check_modulus(&modulus)
    }

    /// Modulus and public exponent, big-endian without leading zeros.
    #[must_use]
    pub fn components(&self) -> (Vec<u8>, Vec<u8>) {
        (self.modulus.clone(), self.exponent.clone())
    }

    /// Wraps a short secret with RSA-OAEP (SHA-256, MGF1 with SHA-256). The `context` is OAEP's label:
    /// unwrapping needs the same.
    ///
    /// # Errors
    /// `too_long_to_wrap` when `plaintext` is longer than the modulus less 66 bytes.
    pub fn wrap(&self, plaintext: &[u8], context: &[u8]) -> Result<Vec<u8>, KeyFileError> {
        let limit = self.modulus.len() - OAEP_OVERHEAD;
        if plaintext.len() > limit {
            return Err(KeyFileError::TooLongToWrap { bytes: plaintext.len(), limit });
        }
        self.encrypt(&OAEP_SHA256_MGF1SHA256, plaintext, context)
    }

    /// Wraps a data key with RSA-OAEP (SHA-1, MGF1 with SHA-1), as transfer blobs want it. OAEP does not
    /// need the hash to resist collisions; all else is wrapped with SHA-256.
    ///
    /// # Errors
    /// `cryptography_failed`.
    pub(crate) fn wrap_with_sha1(&self, key: &DataKey) -> Result<Vec<u8>, KeyFileError> {
        self.encrypt(&OAEP_SHA1_MGF1SHA1, key.as_bytes(), b"")
    }

    fn encrypt(
        &self,
        algorithm: &'static OaepAlgorithm,
        plaintext: &[u8],
        context: &[u8],
    ) -> Result<Vec<u8>, KeyFileError> {
        let mut wrapped = vec![0; self.oaep.ciphertext_size()];
        let length = self
            .oaep
            .encrypt(algorithm, plaintext, &mut wrapped, label(context))
            .map_err(|_| KeyFileError::CryptographyFailed)?
            .len();
        wrapped.truncate(length);
        Ok(wrapped)
    }

    /// Checks an RSA-PSS signature (SHA-256, MGF1 with SHA-256, salt of 32 bytes).
    ///
    /// # Errors
    /// `wrong_signature`.
    pub fn verify_pss(&self, message: &[u8], signature: &[u8]) -> Result<(), KeyFileError> {
        UnparsedPublicKey::new(&RSA_PSS_2048_8192_SHA256, &self.spki)
            .verify(message, signature)
            .map_err(|_| KeyFileError::WrongSignature)
    }
}

/// OAEP's label for a context; an empty one is the same as none.
pub(crate) fn label(context: &[u8]) -> Option<&[u8]> {
    (!context.is_empty()).then_some(context)
}

impl PartialEq for PublicKey {
    fn eq(&self, other: &Self) -> bool {
        self.spki == other.spki
    }
}

impl Eq for PublicKey {}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey(RSA {}, {})", self.bits(), self.fingerprint())
    }
}

impl Serialize for PublicKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(&self.spki))
    }
}

impl<'de> Deserialize<'de> for PublicKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use serde::de::Error as _;
        let text = String::deserialize(deserializer)?;
        if text.len() > 2 * MAX_SPKI_BYTES {
            return Err(D::Error::custom(DAMAGED));
        }
        let spki = STANDARD.decode(text).map_err(D::Error::custom)?;
        Self::from_spki_der(&spki).map_err(D::Error::custom)
    }
}
