//! The MAC of a PFX file: HMAC under a key from PKCS#12's own derivation.

use aws_lc_rs::{digest, hmac};
use p12::AlgorithmIdentifier;

use super::container::Mac;
use super::derivation::{Purpose, derive};
use super::oids;
use crate::budget::Budget;
use crate::{KeyFileError, Password};

/// Checks the MAC over `content`. Nothing is decrypted before this.
///
/// # Errors
/// `wrong_password`, `too_many_iterations`, `unsupported_algorithm`, `damaged`.
pub(super) fn verify(mac: &Mac, content: &[u8], password: &Password, budget: &mut Budget) -> Result<(), KeyFileError> {
    let (hash, hmac) = algorithms(&mac.algorithm)?;
    if mac.digest.len() != hash.output_len() {
        return Err(KeyFileError::Damaged { part: "MAC" });
    }
    let iterations = budget.charge(mac.iterations, 1)?;
    let key = derive(hash, &password.bmp(), &mac.salt, Purpose::Mac, iterations, hash.output_len());
    hmac::verify(&hmac::Key::new(hmac, &key), content, &mac.digest).map_err(|_| KeyFileError::WrongPassword)
}

fn algorithms(algorithm: &AlgorithmIdentifier) -> Result<(&'static digest::Algorithm, hmac::Algorithm), KeyFileError> {
    let other = match algorithm {
        AlgorithmIdentifier::Sha1 => {
            return Ok((&digest::SHA1_FOR_LEGACY_USE_ONLY, hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY));
        }
        AlgorithmIdentifier::OtherAlg(other) => other,
        AlgorithmIdentifier::PbewithSHAAnd40BitRC2CBC(_) | AlgorithmIdentifier::PbeWithSHAAnd3KeyTripleDESCBC(_) => {
            return Err(KeyFileError::Damaged { part: "MAC" });
        }
    };
    [
        (oids::SHA224, &digest::SHA224, hmac::HMAC_SHA224),
        (oids::SHA256, &digest::SHA256, hmac::HMAC_SHA256),
        (oids::SHA384, &digest::SHA384, hmac::HMAC_SHA384),
        (oids::SHA512, &digest::SHA512, hmac::HMAC_SHA512),
    ]
    .into_iter()
    .find(|(oid, ..)| oids::is(&other.algorithm_type, oid))
    .map(|(_, hash, hmac)| (hash, hmac))
    .ok_or_else(|| KeyFileError::UnsupportedAlgorithm { part: "MAC", algorithm: oids::name(&other.algorithm_type) })
}
