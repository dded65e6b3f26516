//! What a key file may ask for.

use crate::KeyFileError;

/// Sizes of RSA keys that Keyward knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyBits {
    /// 2048 bits, the size of a protection key unless the deployment allows more.
    Rsa2048,
    /// 3072 bits.
    Rsa3072,
    /// 4096 bits.
    Rsa4096,
}

impl KeyBits {
    /// Every size, smallest first.
    pub const ALL: [Self; 3] = [Self::Rsa2048, Self::Rsa3072, Self::Rsa4096];

    /// Length of the modulus in bits.
    #[must_use]
    pub fn bits(self) -> u32 {
        match self {
            Self::Rsa2048 => 2048,
            Self::Rsa3072 => 3072,
            Self::Rsa4096 => 4096,
        }
    }
}

impl TryFrom<u32> for KeyBits {
    type Error = KeyFileError;

    /// # Errors
    /// `key_size_not_allowed` for anything but 2048, 3072 and 4096.
    fn try_from(bits: u32) -> Result<Self, KeyFileError> {
        Self::ALL
            .into_iter()
            .find(|size| size.bits() == bits)
            .ok_or_else(|| KeyFileError::KeySizeNotAllowed { bits: bits as usize, allowed: Self::ALL.to_vec() })
    }
}

/// Bounds on what is read and on the work that reading may take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Longest file, in bytes.
    pub file_bytes: usize,
    /// Most iterations of key derivation, summed over the whole file. A derivation that yields several
    /// hash blocks counts once for each; scrypt counts once for each 128 bytes that it fills and mixes.
    pub iterations: u32,
    /// Most memory that one derivation by scrypt may take, in bytes.
    pub scrypt_bytes: u64,
    /// Deepest nesting of DER elements.
    pub depth: usize,
    /// Most bags (keys, certificates and others), and most groups of bags.
    pub bags: usize,
    /// Sizes of RSA keys that are taken.
    pub key_bits: Vec<KeyBits>,
    /// Longest modulus that is looked at, in bits. A longer one is refused before any arithmetic.
    pub modulus_bits: usize,
    /// Longest public exponent, in bits.
    pub exponent_bits: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            file_bytes: 64 * 1024,
            iterations: 10_000_000,
            scrypt_bytes: 64 * 1024 * 1024,
            depth: 32,
            bags: 64,
            key_bits: vec![KeyBits::Rsa2048],
            modulus_bits: 4096,
            exponent_bits: 32,
        }
    }
}

impl Limits {
    /// The default limits, with all known key sizes taken.
    #[must_use]
    pub fn any_key_size() -> Self {
        Self { key_bits: KeyBits::ALL.to_vec(), ..Self::default() }
    }
}
