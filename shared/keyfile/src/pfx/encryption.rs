//! Encryption under a password: PBES2 of today, PKCS#12's own schemes of before.

use aws_lc_rs::digest;
use p12::{AlgorithmIdentifier, Pkcs12PbeParams};
use zeroize::Zeroizing;

use super::algorithm::{other, parameters, read_pair, unsupported};
use super::cipher::{Cipher, OLD_BLOCK, decrypt_rc2, decrypt_triple_des};
use super::derivation::{Purpose, derive};
use super::oids;
use super::pbkdf2::Pbkdf2;
use super::scrypt::Scrypt;
use crate::budget::Budget;
use crate::{KeyFileError, Password};

/// How one part of a file is encrypted.
pub(super) enum Scheme {
    /// PKCS#12's own (RFC 7292, appendix C).
    Old { params: Pkcs12PbeParams, cipher: OldCipher },
    /// PBES2 (RFC 8018, section 6.2).
    Pbes2 { derivation: Derivation, cipher: Cipher },
}

/// The derivation of a key within PBES2.
pub(super) enum Derivation {
    Pbkdf2(Pbkdf2),
    Scrypt(Scrypt),
}

#[derive(Clone, Copy)]
pub(super) enum OldCipher {
    TripleDes { key_bytes: usize },
    Rc2 { key_bytes: usize },
}

impl OldCipher {
    /// Key and initialization vector: hash blocks of SHA-1 that are derived.
    fn blocks(self) -> u64 {
        1 + self.key_bytes().div_ceil(digest::SHA1_OUTPUT_LEN) as u64
    }

    fn key_bytes(self) -> usize {
        match self {
            Self::TripleDes { key_bytes } | Self::Rc2 { key_bytes } => key_bytes,
        }
    }
}

/// What a scheme is, in words.
pub(super) struct Description {
    pub(super) scheme: &'static str,
    pub(super) cipher: &'static str,
    pub(super) derivation: &'static str,
    pub(super) hash: &'static str,
    pub(super) iterations: u64,
}

impl Scheme {
    /// Reads a scheme and its parameters. Nothing is derived.
    ///
    /// # Errors
    /// `unsupported_algorithm`, `damaged`.
    pub(super) fn parse(algorithm: &AlgorithmIdentifier, part: &'static str) -> Result<Self, KeyFileError> {
        let old = |params: &Pkcs12PbeParams, cipher| {
            let params = Pkcs12PbeParams { salt: params.salt.clone(), iterations: params.iterations };
            Ok(Self::Old { params, cipher })
        };
        match algorithm {
            AlgorithmIdentifier::PbeWithSHAAnd3KeyTripleDESCBC(params) => {
                return old(params, OldCipher::TripleDes { key_bytes: 24 });
            }
            AlgorithmIdentifier::PbewithSHAAnd40BitRC2CBC(params) => {
                return old(params, OldCipher::Rc2 { key_bytes: 5 });
            }
            _ => {}
        }
        let other = other(algorithm, part)?;
        if oids::is(&other.algorithm_type, oids::PBES2) {
            let (derivation, cipher) = parameters(other, part, read_pair)?;
            let derivation = Derivation::parse(&derivation, part)?;
            return Ok(Self::Pbes2 { derivation, cipher: Cipher::parse(&cipher, part)? });
        }
        let cipher = if oids::is(&other.algorithm_type, oids::PBE_SHA1_2DES) {
            OldCipher::TripleDes { key_bytes: 16 }
        } else if oids::is(&other.algorithm_type, oids::PBE_SHA1_RC2_128) {
            OldCipher::Rc2 { key_bytes: 16 }
        } else {
            return Err(unsupported(other, part));
        };
        old(&parameters(other, part, Pkcs12PbeParams::parse)?, cipher)
    }

    pub(super) fn describe(&self) -> Description {
        match self {
            Self::Old { params, cipher } => Description {
                scheme: "PKCS#12 PBE",
                cipher: match cipher {
                    OldCipher::TripleDes { key_bytes: 24 } => "DES-EDE3-CBC",
                    OldCipher::TripleDes { .. } => "DES-EDE-CBC",
                    OldCipher::Rc2 { key_bytes: 5 } => "RC2-40-CBC",
                    OldCipher::Rc2 { .. } => "RC2-128-CBC",
                },
                derivation: "PKCS#12 KDF",
                hash: "SHA1",
                iterations: params.iterations,
            },
            Self::Pbes2 { derivation, cipher } => {
                let (name, hash, iterations) = match derivation {
                    Derivation::Pbkdf2(kdf) => ("PBKDF2", kdf.hash_name(), kdf.iterations),
                    Derivation::Scrypt(kdf) => ("scrypt", "HMAC-SHA256", kdf.iterations()),
                };
                Description { scheme: "PBES2", cipher: cipher.name(), derivation: name, hash, iterations }
            }
        }
    }

    /// Charges what decrypting would cost.
    ///
    /// # Errors
    /// `too_many_iterations`, `too_much_memory`, `damaged`.
    pub(super) fn charge(&self, budget: &mut Budget, part: &'static str) -> Result<(), KeyFileError> {
        match self {
            Self::Old { params, cipher } => budget.charge(params.iterations, cipher.blocks()).map(|_| ()),
            Self::Pbes2 { derivation: Derivation::Pbkdf2(kdf), cipher } => {
                budget.charge(kdf.iterations, kdf.blocks(cipher.key_bytes())).map(|_| ())
            }
            Self::Pbes2 { derivation: Derivation::Scrypt(kdf), .. } => kdf.charge(budget, part),
        }
    }

    /// Decrypts one part of a file. The work it asks for is charged before it is done.
    ///
    /// # Errors
    /// `too_many_iterations`, `too_much_memory`, `damaged`.
    pub(super) fn decrypt(
        &self,
        ciphertext: &[u8],
        password: &Password,
        budget: &mut Budget,
        part: &'static str,
    ) -> Result<Zeroizing<Vec<u8>>, KeyFileError> {
        let plaintext = match self {
            Self::Old { params, cipher } => {
                let iterations = budget.charge(params.iterations, cipher.blocks())?;
                let sha1 = &digest::SHA1_FOR_LEGACY_USE_ONLY;
                let (bmp, salt) = (password.bmp(), &params.salt);
                let key = derive(sha1, &bmp, salt, Purpose::Key, iterations, cipher.key_bytes());
                let iv = derive(sha1, &bmp, salt, Purpose::Iv, iterations, OLD_BLOCK);
                match cipher {
                    OldCipher::TripleDes { .. } => decrypt_triple_des(&key, &iv, ciphertext),
                    OldCipher::Rc2 { .. } => decrypt_rc2(&key, &iv, ciphertext),
                }
            }
            Self::Pbes2 { derivation, cipher } => {
                let key = match derivation {
                    Derivation::Pbkdf2(kdf) => kdf.derive(cipher.key_bytes(), password, budget, part)?,
                    Derivation::Scrypt(kdf) => kdf.derive(cipher.key_bytes(), password, budget, part)?,
                };
                cipher.decrypt(&key, ciphertext)
            }
        };
        plaintext.ok_or(KeyFileError::Damaged { part })
    }
}

impl Derivation {
    fn parse(algorithm: &AlgorithmIdentifier, part: &'static str) -> Result<Self, KeyFileError> {
        let named = other(algorithm, part)?;
        if oids::is(&named.algorithm_type, oids::SCRYPT) {
            Scrypt::parse(named, part).map(Self::Scrypt)
        } else {
            Pbkdf2::parse(algorithm, part).map(Self::Pbkdf2)
        }
    }
}
