//! The self-signed certificate in a written PFX file.
//!
//! Many programs list a key in a PFX file only together with a certificate. It says nothing that
//! Keyward relies on.

use std::time::Duration;

use chrono::{DateTime, Utc};
use rcgen::{
    CertificateParams, DistinguishedName, DnType, PKCS_RSA_SHA256, PublicKeyData, SignatureAlgorithm, SigningKey,
};

use crate::{KeyFileError, PrivateKey};

/// How long it is valid: ten years. Nothing in Keyward ends with it.
const VALIDITY: Duration = Duration::from_secs(10 * 365 * 24 * 60 * 60);

/// Longest common name (RFC 5280, appendix A.1).
const MAX_COMMON_NAME: usize = 64;

/// The last instant from which a validity still ends before the year 9999: 9899-01-01.
const LAST_NOT_BEFORE: u64 = 250_217_942_400;

/// Makes a certificate of the key with `name` as common name, cut to 64 characters.
///
/// # Errors
/// `instant_not_allowed` outside the years 1970 to 9898; `cryptography_failed`.
pub(super) fn self_signed(key: &PrivateKey, name: &str, not_before: DateTime<Utc>) -> Result<Vec<u8>, KeyFileError> {
    let seconds = u64::try_from(not_before.timestamp())
        .ok()
        .filter(|seconds| *seconds < LAST_NOT_BEFORE)
        .ok_or(KeyFileError::InstantNotAllowed)?;
    let mut params = CertificateParams::default();
    params.not_before = rcgen::date_time_ymd(1970, 1, 1) + Duration::from_secs(seconds);
    params.not_after = params.not_before + VALIDITY;
    params.distinguished_name = DistinguishedName::new();
    let common_name: String = name.chars().take(MAX_COMMON_NAME).collect();
    params.distinguished_name.push(DnType::CommonName, common_name);
    params
        .self_signed(&Signer(key))
        .map(|certificate| certificate.der().to_vec())
        .map_err(|_| KeyFileError::CryptographyFailed)
}

/// Signs with a key that stays where it is.
struct Signer<'a>(&'a PrivateKey);

impl PublicKeyData for Signer<'_> {
    fn der_bytes(&self) -> &[u8] {
        self.0.public_pkcs1()
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &PKCS_RSA_SHA256
    }
}

impl SigningKey for Signer<'_> {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        self.0.sign_certificate(message).map_err(|_| rcgen::Error::RemoteKeyError)
    }
}
