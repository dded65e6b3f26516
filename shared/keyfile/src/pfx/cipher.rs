//! Block ciphers in CBC mode.

use aws_lc_rs::cipher::{
    self, AES_128, AES_192, AES_256, DecryptionContext, PaddedBlockDecryptingKey, UnboundCipherKey,
};
use aws_lc_rs::iv;
use des::TdesEde3;
use p12::AlgorithmIdentifier;
use rc2::Rc2;
use rc2::cipher::{Block, BlockDecrypt, KeyInit};
use zeroize::Zeroizing;

use super::algorithm::{other, parameters, unsupported};
use super::oids;
use crate::KeyFileError;

/// Block length of the ciphers of before, in bytes.
pub(super) const OLD_BLOCK: usize = 8;

/// A cipher of PBES2 and its initialization vector (RFC 3565; RFC 8018, appendix B.2.2).
pub(super) enum Cipher {
    Aes { name: &'static str, algorithm: &'static cipher::Algorithm, key_bytes: usize, iv: [u8; 16] },
    TripleDes { iv: [u8; OLD_BLOCK] },
}

impl Cipher {
    /// Reads the cipher.
    ///
    /// # Errors
    /// `damaged`, `unsupported_algorithm`.
    pub(super) fn parse(algorithm: &AlgorithmIdentifier, part: &'static str) -> Result<Self, KeyFileError> {
        let damaged = |_| KeyFileError::Damaged { part };
        let algorithm = other(algorithm, part)?;
        let iv = || parameters(algorithm, part, |r| r.read_bytes());
        if oids::is(&algorithm.algorithm_type, oids::DES_EDE3_CBC) {
            return Ok(Self::TripleDes { iv: iv()?.try_into().map_err(damaged)? });
        }
        let (_, name, aes, key_bytes) = [
            (oids::AES_128_CBC, "AES-128-CBC", &AES_128, 16),
            (oids::AES_192_CBC, "AES-192-CBC", &AES_192, 24),
            (oids::AES_256_CBC, "AES-256-CBC", &AES_256, 32),
        ]
        .into_iter()
        .find(|(oid, ..)| oids::is(&algorithm.algorithm_type, oid))
        .ok_or_else(|| unsupported(algorithm, part))?;
        Ok(Self::Aes { name, algorithm: aes, key_bytes, iv: iv()?.try_into().map_err(damaged)? })
    }

    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Aes { name, .. } => name,
            Self::TripleDes { .. } => "DES-EDE3-CBC",
        }
    }

    /// Length of its key, in bytes.
    pub(super) fn key_bytes(&self) -> usize {
        match self {
            Self::Aes { key_bytes, .. } => *key_bytes,
            Self::TripleDes { .. } => 24,
        }
    }

    /// Decrypts and takes the padding off; `None` when it isn't sound.
    pub(super) fn decrypt(&self, key: &[u8], ciphertext: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        match self {
            Self::Aes { algorithm, iv, .. } => decrypt_aes(algorithm, key, *iv, ciphertext),
            Self::TripleDes { iv } => decrypt_triple_des(key, iv, ciphertext),
        }
    }
}

fn decrypt_aes(
    algorithm: &'static cipher::Algorithm,
    key: &[u8],
    iv: [u8; 16],
    ciphertext: &[u8],
) -> Option<Zeroizing<Vec<u8>>> {
    let key = UnboundCipherKey::new(algorithm, key).ok()?;
    let key = PaddedBlockDecryptingKey::cbc_pkcs7(key).ok()?;
    let mut plaintext = Zeroizing::new(ciphertext.to_vec());
    let context = DecryptionContext::Iv128(iv::FixedLength::from(iv));
    let length = key.decrypt(&mut plaintext, context).ok()?.len();
    plaintext.truncate(length);
    Some(plaintext)
}

/// Triple DES under three keys of 8 bytes, or under two with the first one used again.
pub(super) fn decrypt_triple_des(key: &[u8], iv: &[u8], ciphertext: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let mut three = Zeroizing::new([0; 24]);
    for (to, from) in three.iter_mut().zip(key.iter().cycle()) {
        *to = *from;
    }
    decrypt_cbc(&TdesEde3::new_from_slice(three.as_slice()).ok()?, iv, ciphertext)
}

/// RC2; the key's length is its effective length.
pub(super) fn decrypt_rc2(key: &[u8], iv: &[u8], ciphertext: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    decrypt_cbc(&Rc2::new_from_slice(key).ok()?, iv, ciphertext)
}

fn decrypt_cbc<C: BlockDecrypt>(cipher: &C, iv: &[u8], ciphertext: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let size = C::block_size();
    if ciphertext.is_empty() || !ciphertext.len().is_multiple_of(size) || iv.len() != size {
        return None;
    }
    let mut previous = iv;
    let mut plaintext = Zeroizing::new(ciphertext.to_vec());
    for (plain, encrypted) in plaintext.chunks_exact_mut(size).zip(ciphertext.chunks_exact(size)) {
        cipher.decrypt_block(Block::<C>::from_mut_slice(plain));
        plain.iter_mut().zip(previous).for_each(|(byte, mask)| *byte ^= mask);
        previous = encrypted;
    }
    // PKCS#7 padding. The MAC has been checked before, so its form tells an attacker nothing.
    let padding = usize::from(*plaintext.last()?);
    let length = plaintext.len().checked_sub(padding)?;
    let sound = (1..=size).contains(&padding) && plaintext[length..].iter().all(|byte| usize::from(*byte) == padding);
    plaintext.truncate(length);
    sound.then_some(plaintext)
}
