//! Private keys on disk: `keys/<name>.sealed` under a sealing key of its own, `sealing/<name>` under the master key.
//!
//! A key is there when both files are. It is written sealing key first and destroyed sealing key first, so that at any
//! instant it either can be used or can't be decrypted by anything. The caller keeps writers of one store apart.

use std::io;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::durable;
use super::master_key::MasterKey;
use super::sealing::{Purpose, SealingKey};

/// Longest file that is read: a sealed PKCS#8 of RSA-4096 has about 2.4 kB.
const FILE_LIMIT: usize = 16 * 1024;

/// Name under which the check value is sealed; no key can have it.
const CHECK: &str = ".check";

/// What the check value says when it is opened.
const CHECK_VALUE: &[u8] = b"this master key is the vault's";

/// Why the store did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub(super) enum StoreError {
    /// The file system failed.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file or directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file is not what was written, or was sealed under another master key.
    #[error("{} is damaged or was sealed under another master key; restore it from a backup", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
    },
    /// The cryptography refused; it lacks randomness or memory.
    #[error("the cryptography failed")]
    Cryptography,
}

/// Whether a store has been used before, and with this master key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Check {
    /// There is no check value: the store is new, or its first opening was cut short.
    Absent,
    /// The master key is the store's.
    Right,
    /// The master key is another one.
    Wrong,
}

/// The directory of sealed keys.
pub(super) struct KeyStore {
    dir: PathBuf,
    master_key: MasterKey,
}

impl KeyStore {
    /// Makes the directories where they are missing. Nothing is read or written yet.
    pub(super) fn new(dir: &Path, master_key: MasterKey) -> Result<Self, StoreError> {
        let store = Self { dir: dir.to_owned(), master_key };
        for dir in store.dirs() {
            durable::create_private_dir(&dir).map_err(at(&dir))?;
        }
        Ok(store)
    }

    /// Destroys what interrupted writes have left. Only where nobody else writes.
    pub(super) fn destroy_temporaries(&self) -> Result<(), StoreError> {
        self.dirs().iter().try_for_each(|dir| durable::destroy_temporaries(dir).map_err(at(dir)))
    }

    /// Whether the master key is the one with which the store was made.
    pub(super) fn check(&self) -> Result<Check, StoreError> {
        let path = self.check_file();
        let Some(sealed) = durable::read(&path, FILE_LIMIT).map_err(at(&path))? else {
            return Ok(Check::Absent);
        };
        let key = self.derive(Purpose::Check, CHECK)?;
        let right = key.open(Purpose::Check, CHECK, &sealed).is_ok_and(|value| value.as_slice() == CHECK_VALUE);
        Ok(if right { Check::Right } else { Check::Wrong })
    }

    /// Records that the master key is the store's.
    pub(super) fn write_check(&self) -> Result<(), StoreError> {
        let key = self.derive(Purpose::Check, CHECK)?;
        let sealed = key.seal(Purpose::Check, CHECK, CHECK_VALUE).map_err(|_| StoreError::Cryptography)?;
        let path = self.check_file();
        durable::replace(&path, &sealed).map_err(at(&path))
    }

    /// The PKCS#8 of the named key; nothing where there is no such key (any more).
    pub(super) fn read(&self, name: &str) -> Result<Option<Zeroizing<Vec<u8>>>, StoreError> {
        let sealing_file = self.sealing_file(name);
        let Some(sealed) = durable::read(&sealing_file, FILE_LIMIT).map_err(at(&sealing_file))? else {
            return Ok(None);
        };
        if sealed.starts_with(durable::DESTROYED) {
            return Ok(None);
        }
        let key_file = self.key_file(name);
        let Some(sealed_key) = durable::read(&key_file, FILE_LIMIT).map_err(at(&key_file))? else {
            return Ok(None);
        };
        let sealing_key = self
            .derive(Purpose::SealingKey, name)?
            .open(Purpose::SealingKey, name, &sealed)
            .and_then(SealingKey::from_bytes)
            .map_err(|_| StoreError::Damaged { path: sealing_file })?;
        let key = sealing_key.open(Purpose::PrivateKey, name, &sealed_key);
        key.map(Some).map_err(|_| StoreError::Damaged { path: key_file })
    }

    /// Writes a key of which [`KeyStore::read`] said that there is none. What an interrupted write or removal has left
    /// is destroyed before.
    pub(super) fn write(&self, name: &str, pkcs8: &[u8]) -> Result<(), StoreError> {
        self.destroy(name)?;
        let sealing_key = SealingKey::random().map_err(|_| StoreError::Cryptography)?;
        let sealed = self
            .derive(Purpose::SealingKey, name)?
            .seal(Purpose::SealingKey, name, sealing_key.as_bytes())
            .map_err(|_| StoreError::Cryptography)?;
        let sealed_key = sealing_key.seal(Purpose::PrivateKey, name, pkcs8).map_err(|_| StoreError::Cryptography)?;
        let (sealing_file, key_file) = (self.sealing_file(name), self.key_file(name));
        durable::replace(&sealing_file, &sealed).map_err(at(&sealing_file))?;
        durable::replace(&key_file, &sealed_key).map_err(at(&key_file))
    }

    /// Destroys a key: its sealing key first, without which the rest is noise. Can be repeated.
    pub(super) fn destroy(&self, name: &str) -> Result<(), StoreError> {
        for path in [self.sealing_file(name), self.key_file(name)] {
            durable::destroy(&path).map_err(at(&path))?;
        }
        Ok(())
    }

    fn derive(&self, purpose: Purpose, name: &str) -> Result<SealingKey, StoreError> {
        self.master_key.derive(purpose, name).map_err(|_| StoreError::Cryptography)
    }

    fn dirs(&self) -> [PathBuf; 3] {
        [self.dir.clone(), self.dir.join("keys"), self.dir.join("sealing")]
    }

    fn check_file(&self) -> PathBuf {
        self.dir.join("check")
    }

    fn key_file(&self, name: &str) -> PathBuf {
        self.dir.join("keys").join(format!("{name}.sealed"))
    }

    fn sealing_file(&self, name: &str) -> PathBuf {
        self.dir.join("sealing").join(name)
    }
}

/// Says where an error of the file system happened.
fn at(path: &Path) -> impl FnOnce(io::Error) -> StoreError + '_ {
    move |source| StoreError::Io { path: path.to_owned(), source }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Outcome = Result<(), Box<dyn std::error::Error>>;

    fn store(dir: &Path) -> Result<KeyStore, Box<dyn std::error::Error>> {
        let master_key = MasterKey::load_or_create(&dir.join("master.key"))?;
        Ok(KeyStore::new(&dir.join("vault"), master_key)?)
    }

    #[test]
    fn a_destroyed_sealing_key_makes_the_key_absent_and_removal_can_be_finished() -> Outcome {
        let dir = tempfile::tempdir()?;
        let store = store(dir.path())?;
        store.write("a", b"pkcs8")?;
        // The instant between the overwriting of the sealing key and its unlinking.
        std::fs::write(store.sealing_file("a"), [durable::DESTROYED.as_slice(), &[9; 40]].concat())?;
        assert!(store.read("a")?.is_none());
        store.destroy("a")?;
        assert!(!store.sealing_file("a").exists());
        assert!(!store.key_file("a").exists());
        Ok(())
    }

    #[test]
    fn half_a_write_is_no_key_and_can_be_repeated() -> Outcome {
        let dir = tempfile::tempdir()?;
        let store = store(dir.path())?;
        store.write("a", b"pkcs8")?;
        std::fs::remove_file(store.key_file("a"))?;
        assert!(store.read("a")?.is_none());
        store.write("a", b"pkcs8")?;
        assert_eq!(store.read("a")?.as_deref().map(Vec::as_slice), Some(b"pkcs8".as_slice()));
        Ok(())
    }

    #[test]
    fn damage_is_told_apart_from_absence() -> Outcome {
        let dir = tempfile::tempdir()?;
        let store = store(dir.path())?;
        for file in [store.sealing_file("a"), store.key_file("a")] {
            store.write("a", b"pkcs8")?;
            let mut bytes = std::fs::read(&file)?;
            *bytes.last_mut().ok_or("empty")? ^= 1;
            std::fs::write(&file, bytes)?;
            assert!(matches!(store.read("a"), Err(StoreError::Damaged { path }) if path == file));
        }
        Ok(())
    }

    #[test]
    fn a_key_under_another_name_is_refused() -> Outcome {
        let dir = tempfile::tempdir()?;
        let store = store(dir.path())?;
        store.write("a", b"pkcs8")?;
        std::fs::copy(store.sealing_file("a"), store.sealing_file("b"))?;
        std::fs::copy(store.key_file("a"), store.key_file("b"))?;
        assert!(matches!(store.read("b"), Err(StoreError::Damaged { .. })));
        Ok(())
    }

    #[test]
    fn each_write_has_a_new_sealing_key() -> Outcome {
        let dir = tempfile::tempdir()?;
        let store = store(dir.path())?;
        store.write("a", b"pkcs8")?;
        let former = std::fs::read(store.key_file("a"))?;
        store.destroy("a")?;
        store.write("a", b"pkcs8")?;
        // A copy of the removed key's file from before opens nothing beside the new sealing key.
        std::fs::write(store.key_file("a"), former)?;
        assert!(matches!(store.read("a"), Err(StoreError::Damaged { .. })));
        Ok(())
    }
}
