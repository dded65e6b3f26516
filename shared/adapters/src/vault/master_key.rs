//! The master key of the embedded vault: 32 random bytes from outside, from which the others are derived.

use std::fmt;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use aws_lc_rs::error::Unspecified;
use aws_lc_rs::hkdf::{HKDF_SHA256, Salt};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::durable;
use super::sealing::{KEY_BYTES, Purpose, SealingKey};

/// Longest text that is read as a master key: base64 of 32 bytes is 44 characters, and some white space.
const TEXT_LIMIT: usize = 256;

/// The embedded vault's master key. Whoever has it and the vault's directory has the keys.
pub struct MasterKey(Zeroizing<Vec<u8>>);

impl fmt::Debug for MasterKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("MasterKey([redacted])")
    }
}

/// Why there is no master key.
#[derive(Debug, thiserror::Error)]
pub enum MasterKeyError {
    /// Not the base64 of 32 bytes.
    #[error("a master key is the base64 of 32 bytes; make one with `openssl rand -base64 32`")]
    Malformed,
    /// The environment variable is not set or not text.
    #[error("the environment variable {name} holds no master key; set it to the base64 of 32 random bytes")]
    NotSet {
        /// Name of the variable.
        name: String,
    },
    /// Others than the owner may read or write the file.
    #[error("{} is open to others (mode {mode:03o}); run `chmod 600` on it, and change the key if it may have been read", path.display())]
    OpenToOthers {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The file can't be read or written.
    #[error("the master key file {} can't be used: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The system gives no randomness.
    #[error("the system gives no randomness")]
    NoRandomness,
}

impl MasterKey {
    /// Reads the base64 of 32 bytes, white space around it ignored.
    ///
    /// # Errors
    /// [`MasterKeyError::Malformed`] for anything else.
    pub fn from_base64(text: &str) -> Result<Self, MasterKeyError> {
        // Exactly the right room is known only after decoding: a longer buffer, cut, never moves.
        let mut bytes = Zeroizing::new(vec![0_u8; TEXT_LIMIT]);
        let length = STANDARD.decode_slice(text.trim(), &mut bytes).map_err(|_| MasterKeyError::Malformed)?;
        if length != KEY_BYTES {
            return Err(MasterKeyError::Malformed);
        }
        bytes.truncate(KEY_BYTES);
        Ok(Self(bytes))
    }

    /// Reads the master key from an environment variable (base64).
    ///
    /// # Errors
    /// [`MasterKeyError::NotSet`] or [`MasterKeyError::Malformed`].
    pub fn from_environment(name: &str) -> Result<Self, MasterKeyError> {
        let not_set = |_| MasterKeyError::NotSet { name: name.to_owned() };
        Self::from_base64(&Zeroizing::new(std::env::var(name).map_err(not_set)?))
    }

    /// Reads the master key from a file (base64) that only its owner may read.
    ///
    /// # Errors
    /// [`MasterKeyError`]: no such file, open to others, or malformed.
    pub fn load(path: &Path) -> Result<Self, MasterKeyError> {
        let io_error = |source| MasterKeyError::Io { path: path.to_owned(), source };
        let mode = std::fs::metadata(path).map_err(io_error)?.permissions().mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(MasterKeyError::OpenToOthers { path: path.to_owned(), mode });
        }
        let content = durable::read(path, TEXT_LIMIT).map_err(io_error)?;
        let content = content.ok_or_else(|| io_error(io::ErrorKind::NotFound.into()))?;
        Self::from_base64(std::str::from_utf8(&content).map_err(|_| MasterKeyError::Malformed)?)
    }

    /// Reads the master key from a file, or makes a random one there (0600) if there is none.
    /// Where two processes do so at once both get the same key.
    ///
    /// # Errors
    /// [`MasterKeyError`].
    pub fn load_or_create(path: &Path) -> Result<Self, MasterKeyError> {
        let io_error = |source| MasterKeyError::Io { path: path.to_owned(), source };
        if !path.try_exists().map_err(io_error)? {
            if let Some(dir) = path.parent().filter(|dir| !dir.as_os_str().is_empty() && !dir.exists()) {
                durable::create_private_dir(dir).map_err(io_error)?;
            }
            let key = SealingKey::random().map_err(|_| MasterKeyError::NoRandomness)?;
            let text = Zeroizing::new(STANDARD.encode(key.as_bytes()));
            durable::create(path, text.as_bytes()).map_err(io_error)?;
        }
        Self::load(path)
    }

    /// The key that seals what has this purpose and name (HKDF-SHA-256, RFC 5869).
    pub(super) fn derive(&self, purpose: Purpose, name: &str) -> Result<SealingKey, Unspecified> {
        let extracted = Salt::new(HKDF_SHA256, b"keyward embedded vault 1").extract(&self.0);
        let info = [purpose.label().as_bytes(), b"\0", name.as_bytes()];
        let mut bytes = Zeroizing::new(vec![0_u8; KEY_BYTES]);
        extracted.expand(&info, HKDF_SHA256)?.fill(&mut bytes)?;
        SealingKey::from_bytes(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Outcome = Result<(), Box<dyn std::error::Error>>;

    #[test]
    fn takes_the_base64_of_32_bytes_only() {
        for length in [0, 16, 31, 33, 64] {
            let text = STANDARD.encode(vec![7; length]);
            assert!(matches!(MasterKey::from_base64(&text), Err(MasterKeyError::Malformed)), "{length}");
        }
        assert!(MasterKey::from_base64("not base64 !").is_err());
        assert!(MasterKey::from_base64(&"A".repeat(10_000)).is_err());
        assert!(MasterKey::from_base64(&format!(" {}\n", STANDARD.encode([7; 32]))).is_ok());
    }

    #[test]
    fn a_file_is_created_once_and_only_for_its_owner() -> Outcome {
        let dir = tempfile::tempdir()?;
        let path = dir.path().join("new").join("master.key");
        let first = MasterKey::load_or_create(&path)?;
        let second = MasterKey::load_or_create(&path)?;
        assert_eq!(*first.0, *second.0);
        assert_eq!(std::fs::metadata(&path)?.permissions().mode() & 0o777, 0o600);
        Ok(())
    }

    #[test]
    fn a_file_open_to_others_is_refused() -> Outcome {
        let dir = tempfile::tempdir()?;
        let path = dir.path().join("master.key");
        MasterKey::load_or_create(&path)?;
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640))?;
        assert!(matches!(MasterKey::load(&path), Err(MasterKeyError::OpenToOthers { mode: 0o640, .. })));
        Ok(())
    }

    #[test]
    fn it_is_not_shown() -> Outcome {
        let key = MasterKey::from_base64(&STANDARD.encode([7; 32]))?;
        assert_eq!(format!("{key:?}"), "MasterKey([redacted])");
        Ok(())
    }

    #[test]
    fn each_purpose_and_name_has_its_own_key() -> Outcome {
        let key = MasterKey::from_base64(&STANDARD.encode([7; 32]))?;
        let a = key.derive(Purpose::SealingKey, "a")?;
        assert_eq!(a.as_bytes(), key.derive(Purpose::SealingKey, "a")?.as_bytes());
        assert_ne!(a.as_bytes(), key.derive(Purpose::SealingKey, "b")?.as_bytes());
        assert_ne!(a.as_bytes(), key.derive(Purpose::Check, "a")?.as_bytes());
        Ok(())
    }
}
