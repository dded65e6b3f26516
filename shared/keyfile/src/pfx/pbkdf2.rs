//! PBKDF2 and its parameters (RFC 8018, section 5.2 and appendix A.2).

use std::num::NonZeroU32;

use aws_lc_rs::{hmac, pbkdf2};
use p12::AlgorithmIdentifier;
use zeroize::Zeroizing;

use super::algorithm::{other, parameters, unsupported};
use super::oids;
use crate::budget::Budget;
use crate::{KeyFileError, Password};

/// PBKDF2 as a file asks for it.
pub(super) struct Pbkdf2 {
    salt: Vec<u8>,
    pub(super) iterations: u64,
    /// Length of the derived key, in bytes, where the file states it.
    pub(super) key_bytes: Option<u64>,
    prf: Prf,
}

impl Pbkdf2 {
    /// Reads the parameters.
    ///
    /// # Errors
    /// `damaged`; `unsupported_algorithm` for another derivation or another hash.
    pub(super) fn parse(algorithm: &AlgorithmIdentifier, part: &'static str) -> Result<Self, KeyFileError> {
        let algorithm = other(algorithm, part)?;
        if !oids::is(&algorithm.algorithm_type, oids::PBKDF2) {
            return Err(unsupported(algorithm, part));
        }
        let (salt, iterations, key_bytes, prf) = parameters(algorithm, part, |r| {
            r.read_sequence(|params| {
                Ok((
                    params.next().read_bytes()?,
                    params.next().read_u64()?,
                    params.read_optional(|r| r.read_u64())?,
                    params.read_optional(AlgorithmIdentifier::parse)?,
                ))
            })
        })?;
        Ok(Self { salt, iterations, key_bytes, prf: Prf::parse(prf.as_ref(), part)? })
    }

    pub(super) fn hash_name(&self) -> &'static str {
        self.prf.name
    }

    /// Hash blocks that make up a key of this length.
    pub(super) fn blocks(&self, key_bytes: usize) -> u64 {
        key_bytes.div_ceil(self.prf.bytes) as u64
    }

    /// Derives a key. What it costs is charged first.
    ///
    /// # Errors
    /// `too_many_iterations`; `damaged` when the file states another length or no iterations.
    pub(super) fn derive(
        &self,
        key_bytes: usize,
        password: &Password,
        budget: &mut Budget,
        part: &'static str,
    ) -> Result<Zeroizing<Vec<u8>>, KeyFileError> {
        if self.key_bytes.is_some_and(|stated| stated != key_bytes as u64) {
            return Err(KeyFileError::Damaged { part });
        }
        let iterations = budget.charge(self.iterations, self.blocks(key_bytes))?;
        let mut key = Zeroizing::new(vec![0; key_bytes]);
        match self.prf.algorithm {
            Some(algorithm) => pbkdf2::derive(algorithm, iterations, &self.salt, password.utf8(), &mut key),
            None => derive_with(hmac::HMAC_SHA224, iterations, &self.salt, password.utf8(), &mut key),
        }
        Ok(key)
    }
}

/// The pseudo-random function: HMAC with some hash.
struct Prf {
    name: &'static str,
    /// Length of the hash.
    bytes: usize,
    /// `None` for HMAC-SHA224, which aws-lc-rs has as HMAC but not in its PBKDF2.
    algorithm: Option<pbkdf2::Algorithm>,
}

impl Prf {
    fn parse(algorithm: Option<&AlgorithmIdentifier>, part: &'static str) -> Result<Self, KeyFileError> {
        let Some(algorithm) = algorithm else {
            return Ok(Self { name: "HMAC-SHA1", bytes: 20, algorithm: Some(pbkdf2::PBKDF2_HMAC_SHA1) });
        };
        let algorithm = other(algorithm, part)?;
        [
            (oids::HMAC_SHA1, "HMAC-SHA1", 20, Some(pbkdf2::PBKDF2_HMAC_SHA1)),
            (oids::HMAC_SHA224, "HMAC-SHA224", 28, None),
            (oids::HMAC_SHA256, "HMAC-SHA256", 32, Some(pbkdf2::PBKDF2_HMAC_SHA256)),
            (oids::HMAC_SHA384, "HMAC-SHA384", 48, Some(pbkdf2::PBKDF2_HMAC_SHA384)),
            (oids::HMAC_SHA512, "HMAC-SHA512", 64, Some(pbkdf2::PBKDF2_HMAC_SHA512)),
        ]
        .into_iter()
        .find(|(oid, ..)| oids::is(&algorithm.algorithm_type, oid))
        .map(|(_, name, bytes, algorithm)| Self { name, bytes, algorithm })
        .ok_or_else(|| unsupported(algorithm, part))
    }
}

/// PBKDF2 over an HMAC (RFC 8018, section 5.2).
fn derive_with(hash: hmac::Algorithm, iterations: NonZeroU32, salt: &[u8], password: &[u8], out: &mut [u8]) {
    let key = hmac::Key::new(hash, password);
    for (index, chunk) in (1_u32..).zip(out.chunks_mut(hash.digest_algorithm().output_len())) {
        let mut first = hmac::Context::with_key(&key);
        first.update(salt);
        first.update(&index.to_be_bytes());
        let mut block = first.sign();
        chunk.copy_from_slice(&block.as_ref()[..chunk.len()]);
        for _ in 1..iterations.get() {
            block = hmac::sign(&key, block.as_ref());
            chunk.iter_mut().zip(block.as_ref()).for_each(|(sum, byte)| *sum ^= byte);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The loop above against the library's.
    #[test]
    fn the_loop_is_pbkdf2() {
        let iterations = NonZeroU32::MIN.saturating_add(6);
        let (mut ours, mut theirs) = ([0; 70], [0; 70]);
        derive_with(hmac::HMAC_SHA256, iterations, b"salt", b"password", &mut ours);
        pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA256, iterations, b"salt", b"password", &mut theirs);
        assert_eq!(ours, theirs);
    }
}
