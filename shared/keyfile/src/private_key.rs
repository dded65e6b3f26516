//! RSA private keys.

use std::fmt;

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{
    KeyPair, KeySize, OAEP_SHA1_MGF1SHA1, OAEP_SHA256_MGF1SHA256, OaepAlgorithm, OaepPrivateDecryptingKey,
    PrivateDecryptingKey,
};
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256, RSA_PSS_SHA256, RsaEncoding};
use rsa::RsaPublicKey;
use rsa::pkcs1::DecodeRsaPublicKey;
use rsa::pkcs8::EncodePublicKey;
use zeroize::Zeroizing;

use crate::key_checks::canonical_pkcs8;
use crate::public_key::label;
use crate::{KeyBits, KeyFileError, Limits, PublicKey};

/// An RSA private key that was generated here or checked when it was read.
///
/// The parsed key is kept, since parsing costs more than a private operation does. The encoded
/// key is overwritten when dropped; `Debug` shows the public key only.
pub struct PrivateKey {
    pkcs8: Zeroizing<Vec<u8>>,
    decrypting: OaepPrivateDecryptingKey,
    signing: KeyPair,
    public: PublicKey,
}

impl PrivateKey {
    /// Makes a new key with the public exponent 65537.
    ///
    /// # Errors
    /// `cryptography_failed` when the system has no randomness to give.
    pub fn generate(bits: KeyBits) -> Result<Self, KeyFileError> {
        let size = match bits {
            KeyBits::Rsa2048 => KeySize::Rsa2048,
            KeyBits::Rsa3072 => KeySize::Rsa3072,
            KeyBits::Rsa4096 => KeySize::Rsa4096,
        };
        let pair = KeyPair::generate(size).map_err(|_| KeyFileError::CryptographyFailed)?;
        let der = pair.as_der().map_err(|_| KeyFileError::CryptographyFailed)?;
        Self::from_canonical(Zeroizing::new(der.as_ref().to_vec()))
    }

    /// Reads an unencrypted PKCS#8 key and checks it: size and exponent within `limits`, modulus the
    /// product of two different primes that aren't close, exponents that belong together, and
    /// a trial wrap and unwrap.
    ///
    /// # Errors
    /// `damaged`, `not_rsa`, `key_size_not_allowed`, `weak_key`, `nested_too_deep`.
    pub fn from_pkcs8(pkcs8: &[u8], limits: &Limits) -> Result<Self, KeyFileError> {
        if pkcs8.len() > limits.file_bytes {
            return Err(KeyFileError::FileTooLarge { bytes: pkcs8.len(), limit: limits.file_bytes });
        }
        let key = Self::from_canonical(canonical_pkcs8(pkcs8, limits)?)?;
        key.check_by_trial()?;
        Ok(key)
    }

    fn from_canonical(pkcs8: Zeroizing<Vec<u8>>) -> Result<Self, KeyFileError> {
        const UNSOUND: KeyFileError = KeyFileError::WeakKey { why: "its numbers do not belong together" };
        let decrypting = PrivateDecryptingKey::from_pkcs8(&pkcs8)
            .ok()
            .and_then(|key| OaepPrivateDecryptingKey::new(key).ok())
            .ok_or(UNSOUND)?;
        let signing = KeyPair::from_pkcs8(&pkcs8).map_err(|_| UNSOUND)?;
        let spki = RsaPublicKey::from_pkcs1_der(signing.public_key().as_ref())
            .ok()
            .and_then(|key| key.to_public_key_der().ok())
            .ok_or(UNSOUND)?;
        Ok(Self { public: PublicKey::from_spki_der(spki.as_bytes())?, pkcs8, decrypting, signing })
    }

    /// Numbers can fit each other without their factors being prime; then decryption goes wrong.
    fn check_by_trial(&self) -> Result<(), KeyFileError> {
        let trial = [0xA5; 32];
        match self.unwrap(&self.public.wrap(&trial, b"")?, b"") {
            Ok(back) if *back == trial => Ok(()),
            _ => Err(KeyFileError::WeakKey { why: "it does not decrypt what its public key encrypts" }),
        }
    }

    /// The key as unencrypted PKCS#8 DER. What copies it has to overwrite it.
    #[must_use]
    pub fn pkcs8_der(&self) -> &[u8] {
        &self.pkcs8
    }

    /// The public key that belongs to it.
    #[must_use]
    pub fn public_key(&self) -> &PublicKey {
        &self.public
    }

    /// Unwraps what [`PublicKey::wrap`] wrapped for the same `context`.
    ///
    /// # Errors
    /// `not_unwrapped`, whatever the cause.
    pub fn unwrap(&self, wrapped: &[u8], context: &[u8]) -> Result<Zeroizing<Vec<u8>>, KeyFileError> {
        self.decrypt(&OAEP_SHA256_MGF1SHA256, wrapped, context)
    }

    /// Unwraps what [`PublicKey::wrap_with_sha1`] wrapped. For transfer blobs only.
    ///
    /// # Errors
    /// `not_unwrapped`, whatever the cause.
    pub(crate) fn unwrap_with_sha1(&self, wrapped: &[u8]) -> Result<Zeroizing<Vec<u8>>, KeyFileError> {
        self.decrypt(&OAEP_SHA1_MGF1SHA1, wrapped, b"")
    }

    fn decrypt(
        &self,
        algorithm: &'static OaepAlgorithm,
        wrapped: &[u8],
        context: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, KeyFileError> {
        let mut plaintext = Zeroizing::new(vec![0; self.decrypting.min_output_size()]);
        let length = self
            .decrypting
            .decrypt(algorithm, wrapped, &mut plaintext, label(context))
            .map_err(|_| KeyFileError::NotUnwrapped)?
            .len();
        plaintext.truncate(length);
        Ok(plaintext)
    }

    /// Signs with RSA-PSS (SHA-256, MGF1 with SHA-256, salt of 32 bytes).
    ///
    /// # Errors
    /// `cryptography_failed` when the system has no randomness to give.
    pub fn sign_pss(&self, message: &[u8]) -> Result<Vec<u8>, KeyFileError> {
        self.sign(&RSA_PSS_SHA256, message)
    }

    /// Signs a certificate with RSA PKCS#1 v1.5 and SHA-256, which every reader of PFX files knows.
    pub(crate) fn sign_certificate(&self, message: &[u8]) -> Result<Vec<u8>, KeyFileError> {
        self.sign(&RSA_PKCS1_SHA256, message)
    }

    /// The public key as PKCS#1 DER.
    pub(crate) fn public_pkcs1(&self) -> &[u8] {
        self.signing.public_key().as_ref()
    }

    fn sign(&self, encoding: &'static dyn RsaEncoding, message: &[u8]) -> Result<Vec<u8>, KeyFileError> {
        let mut signature = vec![0; self.signing.public_modulus_len()];
        self.signing
            .sign(encoding, &SystemRandom::new(), message, &mut signature)
            .map_err(|_| KeyFileError::CryptographyFailed)?;
        Ok(signature)
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PrivateKey(redacted, of {:?})", self.public)
    }
}
