//! Decryption under a password: PBES2 of today, PKCS#12's own schemes of before.

use std::num::NonZeroU32;

use aws_lc_rs::cipher::{
    self, AES_128, AES_192, AES_256, DecryptionContext, PaddedBlockDecryptingKey, UnboundCipherKey,
};
use aws_lc_rs::{digest, iv, pbkdf2};
use p12::{AlgorithmIdentifier, OtherAlgorithmIdentifier, Pkcs12PbeParams};
use rc2::Rc2;
use rc2::cipher::{Block, BlockDecrypt, KeyInit};
use yasna::{ASN1Result, BERReader};
use zeroize::Zeroizing;

use super::derivation::{Purpose, derive};
use super::oids;
use crate::budget::Budget;
use crate::{KeyFileError, Password};

/// Decrypts one part of a file. The iterations it asks for are charged before they are done.
///
/// # Errors
/// `unsupported_algorithm`, `too_many_iterations`, `damaged`.
pub(super) fn decrypt(
    algorithm: &AlgorithmIdentifier,
    ciphertext: &[u8],
    password: &Password,
    budget: &mut Budget,
    part: &'static str,
) -> Result<Zeroizing<Vec<u8>>, KeyFileError> {
    let damaged = KeyFileError::Damaged { part };
    match algorithm {
        AlgorithmIdentifier::PbeWithSHAAnd3KeyTripleDESCBC(params) => {
            // 24 bytes of key are two SHA-1 blocks, 8 of IV another one.
            budget.charge(params.iterations, 3)?;
            algorithm.decrypt_pbe(ciphertext, &password.bmp()).map(Zeroizing::new).ok_or(damaged)
        }
        AlgorithmIdentifier::PbewithSHAAnd40BitRC2CBC(params) => {
            let iterations = budget.charge(params.iterations, 2)?;
            rc2(params, iterations, 5, ciphertext, password).ok_or(damaged)
        }
        AlgorithmIdentifier::OtherAlg(other) if oids::is(&other.algorithm_type, oids::PBE_SHA1_RC2_128) => {
            let params = parameters(other, part, Pkcs12PbeParams::parse)?;
            let iterations = budget.charge(params.iterations, 2)?;
            rc2(&params, iterations, 16, ciphertext, password).ok_or(damaged)
        }
        AlgorithmIdentifier::OtherAlg(other) if oids::is(&other.algorithm_type, oids::PBES2) => {
            let (kdf, cipher) = parameters(other, part, read_pbes2)?;
            let kdf = Pbkdf2::from(&kdf, part)?;
            let cipher = AesCbc::from(&cipher, part)?;
            let key = kdf.derive(cipher.key_bytes, password, budget, part)?;
            cipher.decrypt(&key, ciphertext).ok_or(damaged)
        }
        AlgorithmIdentifier::OtherAlg(other) => Err(unsupported(other, part)),
        AlgorithmIdentifier::Sha1 => Err(damaged),
    }
}

fn unsupported(algorithm: &OtherAlgorithmIdentifier, part: &'static str) -> KeyFileError {
    KeyFileError::UnsupportedAlgorithm { part, algorithm: oids::name(&algorithm.algorithm_type) }
}

fn parameters<T>(
    algorithm: &OtherAlgorithmIdentifier,
    part: &'static str,
    read: impl FnOnce(BERReader<'_, '_>) -> ASN1Result<T>,
) -> Result<T, KeyFileError> {
    let damaged = KeyFileError::Damaged { part };
    let bytes = algorithm.params.as_ref().ok_or_else(|| damaged.clone())?;
    yasna::parse_ber(bytes, read).map_err(|_| damaged)
}

fn read_pbes2(reader: BERReader<'_, '_>) -> ASN1Result<(AlgorithmIdentifier, AlgorithmIdentifier)> {
    reader.read_sequence(|params| {
        Ok((AlgorithmIdentifier::parse(params.next())?, AlgorithmIdentifier::parse(params.next())?))
    })
}

/// PBKDF2 and its parameters (RFC 8018, appendix A.2).
struct Pbkdf2 {
    salt: Vec<u8>,
    iterations: u64,
    key_bytes: Option<u64>,
    prf: pbkdf2::Algorithm,
    hash_bytes: usize,
}

impl Pbkdf2 {
    fn from(algorithm: &AlgorithmIdentifier, part: &'static str) -> Result<Self, KeyFileError> {
        let AlgorithmIdentifier::OtherAlg(other) = algorithm else {
            return Err(KeyFileError::Damaged { part });
        };
        if !oids::is(&other.algorithm_type, oids::PBKDF2) {
            return Err(unsupported(other, part));
        }
        let (salt, iterations, key_bytes, prf) = parameters(other, part, |r| {
            r.read_sequence(|params| {
                Ok((
                    params.next().read_bytes()?,
                    params.next().read_u64()?,
                    params.read_optional(|r| r.read_u64())?,
                    params.read_optional(AlgorithmIdentifier::parse)?,
                ))
            })
        })?;
        let (prf, hash_bytes) = Self::prf(prf.as_ref(), part)?;
        Ok(Self { salt, iterations, key_bytes, prf, hash_bytes })
    }

    fn prf(
        algorithm: Option<&AlgorithmIdentifier>,
        part: &'static str,
    ) -> Result<(pbkdf2::Algorithm, usize), KeyFileError> {
        let other = match algorithm {
            None => return Ok((pbkdf2::PBKDF2_HMAC_SHA1, 20)),
            Some(AlgorithmIdentifier::OtherAlg(other)) => other,
            Some(_) => return Err(KeyFileError::Damaged { part }),
        };
        [
            (oids::HMAC_SHA1, pbkdf2::PBKDF2_HMAC_SHA1, 20),
            (oids::HMAC_SHA256, pbkdf2::PBKDF2_HMAC_SHA256, 32),
            (oids::HMAC_SHA384, pbkdf2::PBKDF2_HMAC_SHA384, 48),
            (oids::HMAC_SHA512, pbkdf2::PBKDF2_HMAC_SHA512, 64),
        ]
        .into_iter()
        .find(|(oid, ..)| oids::is(&other.algorithm_type, oid))
        .map(|(_, prf, hash_bytes)| (prf, hash_bytes))
        .ok_or_else(|| unsupported(other, part))
    }

    fn derive(
        &self,
        key_bytes: usize,
        password: &Password,
        budget: &mut Budget,
        part: &'static str,
    ) -> Result<Zeroizing<Vec<u8>>, KeyFileError> {
        if self.key_bytes.is_some_and(|stated| stated != key_bytes as u64) {
            return Err(KeyFileError::Damaged { part });
        }
        let blocks = key_bytes.div_ceil(self.hash_bytes) as u64;
        let iterations = budget.charge(self.iterations, blocks)?;
        let mut key = Zeroizing::new(vec![0; key_bytes]);
        pbkdf2::derive(self.prf, iterations, &self.salt, password.utf8(), &mut key);
        Ok(key)
    }
}

/// AES in CBC mode and its initialization vector (RFC 3565).
struct AesCbc {
    algorithm: &'static cipher::Algorithm,
    key_bytes: usize,
    iv: [u8; 16],
}

impl AesCbc {
    fn from(algorithm: &AlgorithmIdentifier, part: &'static str) -> Result<Self, KeyFileError> {
        let AlgorithmIdentifier::OtherAlg(other) = algorithm else {
            return Err(KeyFileError::Damaged { part });
        };
        let (_, algorithm, key_bytes) =
            [(oids::AES_128_CBC, &AES_128, 16), (oids::AES_192_CBC, &AES_192, 24), (oids::AES_256_CBC, &AES_256, 32)]
                .into_iter()
                .find(|(oid, ..)| oids::is(&other.algorithm_type, oid))
                .ok_or_else(|| unsupported(other, part))?;
        let iv = parameters(other, part, |r| r.read_bytes())?;
        Ok(Self { algorithm, key_bytes, iv: iv.try_into().map_err(|_| KeyFileError::Damaged { part })? })
    }

    fn decrypt(&self, key: &[u8], ciphertext: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let key = UnboundCipherKey::new(self.algorithm, key).ok()?;
        let key = PaddedBlockDecryptingKey::cbc_pkcs7(key).ok()?;
        let mut plaintext = Zeroizing::new(ciphertext.to_vec());
        let context = DecryptionContext::Iv128(iv::FixedLength::from(self.iv));
        let length = key.decrypt(&mut plaintext, context).ok()?.len();
        plaintext.truncate(length);
        Some(plaintext)
    }
}

/// RC2 in CBC mode under PKCS#12's own derivation (RFC 7292, appendix C).
fn rc2(
    params: &Pkcs12PbeParams,
    iterations: NonZeroU32,
    key_bytes: usize,
    ciphertext: &[u8],
    password: &Password,
) -> Option<Zeroizing<Vec<u8>>> {
    const BLOCK: usize = 8;
    let derive = |purpose, length| {
        derive(&digest::SHA1_FOR_LEGACY_USE_ONLY, &password.bmp(), &params.salt, purpose, iterations, length)
    };
    if ciphertext.is_empty() || !ciphertext.len().is_multiple_of(BLOCK) {
        return None;
    }
    let key = Rc2::new_from_slice(&derive(Purpose::Key, key_bytes)).ok()?;
    let mut previous = derive(Purpose::Iv, BLOCK);
    let mut plaintext = Zeroizing::new(ciphertext.to_vec());
    for (plain, encrypted) in plaintext.chunks_exact_mut(BLOCK).zip(ciphertext.chunks_exact(BLOCK)) {
        key.decrypt_block(Block::<Rc2>::from_mut_slice(plain));
        plain.iter_mut().zip(previous.iter()).for_each(|(byte, mask)| *byte ^= mask);
        previous.copy_from_slice(encrypted);
    }
    // PKCS#7 padding. The MAC has been checked before, so its form tells an attacker nothing.
    let padding = usize::from(*plaintext.last()?);
    let length = plaintext.len().checked_sub(padding)?;
    let sound = (1..=BLOCK).contains(&padding) && plaintext[length..].iter().all(|byte| usize::from(*byte) == padding);
    plaintext.truncate(length);
    sound.then_some(plaintext)
}
