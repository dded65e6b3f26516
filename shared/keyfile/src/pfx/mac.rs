//! The MAC of a PFX file: HMAC under a key from PKCS#12's own derivation, or PBMAC1.

use aws_lc_rs::{digest, hmac};
use p12::{AlgorithmIdentifier, OtherAlgorithmIdentifier};

use super::algorithm::{other, parameters, read_pair, unsupported};
use super::container::Mac;
use super::derivation::{Purpose, derive};
use super::oids;
use super::pbkdf2::Pbkdf2;
use crate::budget::Budget;
use crate::{KeyFileError, Password};

const PART: &str = "MAC";
const DAMAGED: KeyFileError = KeyFileError::Damaged { part: PART };

/// Lengths of PBMAC1's key that are taken, in bytes: below, brute force gets a chance (RFC 9579,
/// section 9); above, HMAC only hashes it.
const PBMAC1_KEY_BYTES: std::ops::RangeInclusive<u64> = 20..=128;

/// How a file is protected against change.
pub(super) enum Scheme {
    /// RFC 7292, appendix B, and section 5.1.
    Pkcs12 { name: &'static str, hash: &'static digest::Algorithm, hmac: hmac::Algorithm },
    /// RFC 9579: salt and iterations of the structure around it mean nothing.
    Pbmac1 { name: &'static str, hmac: hmac::Algorithm, derivation: Pbkdf2, key_bytes: usize },
}

impl Scheme {
    /// Reads the MAC's algorithm. Nothing is derived.
    ///
    /// # Errors
    /// `unsupported_algorithm`; `damaged`, also for PBMAC1 without the length of its key.
    pub(super) fn parse(mac: &Mac) -> Result<Self, KeyFileError> {
        let algorithm = match &mac.algorithm {
            AlgorithmIdentifier::Sha1 => {
                let (hash, hmac) = (&digest::SHA1_FOR_LEGACY_USE_ONLY, hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY);
                return Ok(Self::Pkcs12 { name: "HMAC-SHA1", hash, hmac });
            }
            algorithm => other(algorithm, PART)?,
        };
        if oids::is(&algorithm.algorithm_type, oids::PBMAC1) {
            return Self::parse_pbmac1(algorithm);
        }
        [
            (oids::SHA224, "HMAC-SHA224", &digest::SHA224, hmac::HMAC_SHA224),
            (oids::SHA256, "HMAC-SHA256", &digest::SHA256, hmac::HMAC_SHA256),
            (oids::SHA384, "HMAC-SHA384", &digest::SHA384, hmac::HMAC_SHA384),
            (oids::SHA512, "HMAC-SHA512", &digest::SHA512, hmac::HMAC_SHA512),
        ]
        .into_iter()
        .find(|(oid, ..)| oids::is(&algorithm.algorithm_type, oid))
        .map(|(_, name, hash, hmac)| Self::Pkcs12 { name, hash, hmac })
        .ok_or_else(|| unsupported(algorithm, PART))
    }

    fn parse_pbmac1(algorithm: &OtherAlgorithmIdentifier) -> Result<Self, KeyFileError> {
        let (derivation, code) = parameters(algorithm, PART, read_pair)?;
        let derivation = Pbkdf2::parse(&derivation, PART)?;
        let code = other(&code, PART)?;
        let key_bytes = derivation.key_bytes.filter(|bytes| PBMAC1_KEY_BYTES.contains(bytes)).ok_or(DAMAGED)?;
        [
            (oids::HMAC_SHA256, "PBMAC1 with HMAC-SHA256", hmac::HMAC_SHA256),
            (oids::HMAC_SHA384, "PBMAC1 with HMAC-SHA384", hmac::HMAC_SHA384),
            (oids::HMAC_SHA512, "PBMAC1 with HMAC-SHA512", hmac::HMAC_SHA512),
        ]
        .into_iter()
        .find(|(oid, ..)| oids::is(&code.algorithm_type, oid))
        // The length is at most 128.
        .map(|(_, name, hmac)| Self::Pbmac1 { name, hmac, derivation, key_bytes: key_bytes as usize })
        .ok_or_else(|| unsupported(code, PART))
    }

    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Pkcs12 { name, .. } | Self::Pbmac1 { name, .. } => name,
        }
    }

    /// Iterations of the key's derivation.
    pub(super) fn iterations(&self, mac: &Mac) -> u64 {
        match self {
            Self::Pkcs12 { .. } => mac.iterations,
            Self::Pbmac1 { derivation, .. } => derivation.iterations,
        }
    }

    /// Charges what checking would cost.
    ///
    /// # Errors
    /// `too_many_iterations`, `damaged`.
    pub(super) fn charge(&self, mac: &Mac, budget: &mut Budget) -> Result<(), KeyFileError> {
        let blocks = match self {
            Self::Pkcs12 { .. } => 1,
            Self::Pbmac1 { derivation, key_bytes, .. } => derivation.blocks(*key_bytes),
        };
        budget.charge(self.iterations(mac), blocks).map(|_| ())
    }

    /// Checks the MAC over `content`.
    ///
    /// # Errors
    /// `wrong_password`, `too_many_iterations`, `damaged`.
    pub(super) fn verify(
        &self,
        mac: &Mac,
        content: &[u8],
        password: &Password,
        budget: &mut Budget,
    ) -> Result<(), KeyFileError> {
        let key = match self {
            Self::Pkcs12 { hash, hmac, .. } => {
                Self::check_length(mac, *hmac)?;
                let iterations = budget.charge(mac.iterations, 1)?;
                let key = derive(hash, &password.bmp(), &mac.salt, Purpose::Mac, iterations, hash.output_len());
                hmac::Key::new(*hmac, &key)
            }
            Self::Pbmac1 { hmac, derivation, key_bytes, .. } => {
                Self::check_length(mac, *hmac)?;
                hmac::Key::new(*hmac, &derivation.derive(*key_bytes, password, budget, PART)?)
            }
        };
        hmac::verify(&key, content, &mac.digest).map_err(|_| KeyFileError::WrongPassword)
    }

    fn check_length(mac: &Mac, hmac: hmac::Algorithm) -> Result<(), KeyFileError> {
        if mac.digest.len() == hmac.digest_algorithm().output_len() { Ok(()) } else { Err(DAMAGED) }
    }
}
