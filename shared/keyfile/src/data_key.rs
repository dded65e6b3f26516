//! Data keys.

use std::fmt;

use zeroize::Zeroizing;

use crate::KeyFileError;

/// An AES-256 key. It is overwritten when dropped and not shown by `Debug`.
#[derive(Clone)]
pub struct DataKey(Zeroizing<[u8; 32]>);

impl DataKey {
    /// Length in bytes.
    pub const BYTES: usize = 32;

    /// A new random key.
    ///
    /// # Errors
    /// `cryptography_failed` when the system has no randomness to give.
    pub fn generate() -> Result<Self, KeyFileError> {
        let mut bytes = Zeroizing::new([0; Self::BYTES]);
        aws_lc_rs::rand::fill(bytes.as_mut_slice()).map_err(|_| KeyFileError::CryptographyFailed)?;
        Ok(Self(bytes))
    }

    /// Takes an existing key, as an unwrap gives it.
    ///
    /// # Errors
    /// `damaged` when there are not exactly 32 bytes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, KeyFileError> {
        let mut key = Zeroizing::new([0; Self::BYTES]);
        if bytes.len() != Self::BYTES {
            return Err(KeyFileError::Damaged { part: "data key" });
        }
        key.copy_from_slice(bytes);
        Ok(Self(key))
    }

    /// The key itself. What copies it has to overwrite it.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; Self::BYTES] {
        &self.0
    }
}

impl fmt::Debug for DataKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DataKey(redacted)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_differ_and_are_not_shown() -> Result<(), KeyFileError> {
        let key = DataKey::generate()?;
        assert_ne!(key.as_bytes(), DataKey::generate()?.as_bytes());
        assert_eq!(format!("{key:?}"), "DataKey(redacted)");
        Ok(())
    }

    #[test]
    fn only_32_bytes_are_a_key() -> Result<(), KeyFileError> {
        assert_eq!(DataKey::from_bytes(&[7; 32])?.as_bytes(), &[7; 32]);
        assert_eq!(DataKey::from_bytes(&[7; 31]).map(|_| ()).map_err(|e| e.code()), Err("damaged"));
        Ok(())
    }
}
