//! The password of a key file.

use std::fmt;

use zeroize::Zeroizing;

use crate::KeyFileError;

/// Longest password, in bytes of UTF-8.
const MAX_BYTES: usize = 1024;

/// A password, never empty. It is overwritten when dropped and not shown by `Debug`.
#[derive(Clone)]
pub struct Password(Zeroizing<String>);

impl Password {
    /// Takes a password. It is used as it is, with no normalisation and no trimming.
    ///
    /// # Errors
    /// `empty_password`, since a file under an empty password is open to whoever has it;
    /// `password_too_long` above 1024 bytes.
    pub fn new(password: impl Into<String>) -> Result<Self, KeyFileError> {
        let password = Zeroizing::new(password.into());
        if password.is_empty() {
            return Err(KeyFileError::EmptyPassword);
        }
        if password.len() > MAX_BYTES {
            return Err(KeyFileError::PasswordTooLong { limit: MAX_BYTES });
        }
        Ok(Self(password))
    }

    /// The bytes that PBES2 derives from: UTF-8.
    pub(crate) fn utf8(&self) -> &[u8] {
        self.0.as_bytes()
    }

    /// The bytes that PKCS#12's own derivation starts from: big-endian UTF-16 with a final zero
    /// (RFC 7292, appendix B.1).
    pub(crate) fn bmp(&self) -> Zeroizing<Vec<u8>> {
        // Room for the longest form at once, so that no copy is left behind by growth.
        let mut bytes = Zeroizing::new(Vec::with_capacity(2 * self.0.len() + 2));
        for unit in self.0.encode_utf16() {
            bytes.extend_from_slice(&unit.to_be_bytes());
        }
        bytes.extend_from_slice(&[0, 0]);
        bytes
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(redacted)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_and_overlong_are_refused() {
        let code = |p: String| Password::new(p).map(|_| ()).map_err(|e| e.code());
        assert_eq!(code(String::new()), Err("empty_password"));
        assert_eq!(code("x".repeat(1025)), Err("password_too_long"));
        assert_eq!(code("x".repeat(1024)), Ok(()));
    }

    #[test]
    fn utf16_form_ends_in_zero_and_has_surrogates() -> Result<(), KeyFileError> {
        assert_eq!(*Password::new("B\u{1F511}")?.bmp(), [0x00, 0x42, 0xD8, 0x3D, 0xDD, 0x11, 0x00, 0x00]);
        Ok(())
    }

    #[test]
    fn debug_shows_nothing() -> Result<(), KeyFileError> {
        assert_eq!(format!("{:?}", Password::new("secret")?), "Password(redacted)");
        Ok(())
    }
}
