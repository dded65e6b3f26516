//! Who may use the files of a vault, and when: one process for as long as it runs, or several in turn.

use std::collections::HashMap;
use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{PoisonError, RwLock, RwLockWriteGuard};
use std::time::Duration;

use keyward_keyfile::{Limits, PrivateKey};
use keyward_service::ports::vault::{VaultError, VaultKeyName};

use super::store::{KeyStore, StoreError};

/// At most so many parsed keys are kept; parsing costs half an unwrap, and each takes some 10 kB.
const PARSED_LIMIT: usize = 1024;

/// How often a lock is tried that another process is about to leave for good, and one that it has for a single use; and at
/// what distance. A second, and ten.
const ENDING_ATTEMPTS: u32 = 50;
const USE_ATTEMPTS: u32 = 500;
const LOCK_PAUSE: Duration = Duration::from_millis(20);

/// Whether others have the files open too.
pub(super) enum Access {
    /// This process alone. Keys that have been used stay parsed. The map is held for reading while a key is used, for writing while
    /// files or the map change: so once a removal has returned no use is under way, and none can put the key back.
    Alone { parsed: RwLock<HashMap<VaultKeyName, PrivateKey>>, _lock: File },
    /// Several processes. The lock is held for each use, and no key outlives its use in memory: so once a removal has returned no
    /// process has the key.
    Shared { lock: PathBuf },
}

/// The right to change the files.
pub(super) enum Change<'a> {
    Alone(RwLockWriteGuard<'a, HashMap<VaultKeyName, PrivateKey>>),
    Shared(#[expect(dead_code, reason = "held until it is dropped")] File),
}

impl Access {
    /// Takes the directory for this process; nothing where another one has it.
    pub(super) fn alone(dir: &Path) -> io::Result<Option<Self>> {
        let lock = take(&lock_file(dir), ENDING_ATTEMPTS, File::try_lock)?;
        Ok(lock.map(|lock| Self::Alone { parsed: RwLock::default(), _lock: lock }))
    }

    /// Shares the directory. It has to be set up under [`Access::set_up`] first.
    pub(super) fn shared(dir: &Path) -> Self {
        Self::Shared { lock: lock_file(dir) }
    }

    /// Keeps others away while a shared directory is set up; nothing where another process does not leave it.
    pub(super) fn set_up(dir: &Path) -> io::Result<Option<File>> {
        take(&lock_file(dir), USE_ATTEMPTS, File::try_lock)
    }

    /// Uses a key; nothing where there is no such key. It can't be removed while it is used.
    pub(super) fn with_key<T>(
        &self,
        store: &KeyStore,
        name: &VaultKeyName,
        used: impl FnOnce(&PrivateKey) -> T,
    ) -> Result<Option<T>, VaultError> {
        match self {
            Self::Alone { parsed, .. } => {
                let held = parsed.read().unwrap_or_else(PoisonError::into_inner);
                if let Some(key) = held.get(name) {
                    return Ok(Some(used(key)));
                }
                drop(held);
                let mut changed = parsed.write().unwrap_or_else(PoisonError::into_inner);
                keep(&mut changed, store, name)?;
                let held = RwLockWriteGuard::downgrade(changed);
                Ok(held.get(name).map(used))
            }
            Self::Shared { lock } => {
                let _held = taken(lock, File::try_lock_shared)?;
                Ok(read(store, name)?.as_ref().map(used))
            }
        }
    }

    /// The right to change files. A panic elsewhere leaves the map of parsed keys whole, so poison is no obstacle.
    pub(super) fn change(&self) -> Result<Change<'_>, VaultError> {
        match self {
            Self::Alone { parsed, .. } => Ok(Change::Alone(parsed.write().unwrap_or_else(PoisonError::into_inner))),
            Self::Shared { lock } => taken(lock, File::try_lock).map(Change::Shared),
        }
    }
}

impl Change<'_> {
    /// Looks at the named key, if there is such a key.
    pub(super) fn look<T>(
        &mut self,
        store: &KeyStore,
        name: &VaultKeyName,
        seen: impl FnOnce(&PrivateKey) -> T,
    ) -> Result<Option<T>, VaultError> {
        match self {
            Self::Alone(parsed) => {
                keep(parsed, store, name)?;
                Ok(parsed.get(name).map(seen))
            }
            Self::Shared(_) => Ok(read(store, name)?.as_ref().map(seen)),
        }
    }

    /// Drops what is kept of the named key in memory.
    pub(super) fn forget(&mut self, name: &VaultKeyName) {
        if let Self::Alone(parsed) = self {
            parsed.remove(name);
        }
    }
}

/// Puts the named key among the parsed ones, if there is such a key.
fn keep(
    parsed: &mut HashMap<VaultKeyName, PrivateKey>,
    store: &KeyStore,
    name: &VaultKeyName,
) -> Result<(), VaultError> {
    if parsed.contains_key(name) {
        return Ok(());
    }
    let Some(key) = read(store, name)? else { return Ok(()) };
    if parsed.len() >= PARSED_LIMIT
        && let Some(other) = parsed.keys().next().cloned()
    {
        parsed.remove(&other);
    }
    parsed.insert(name.clone(), key);
    Ok(())
}

fn read(store: &KeyStore, name: &VaultKeyName) -> Result<Option<PrivateKey>, VaultError> {
    let Some(pkcs8) = store.read(name.as_str()).map_err(unavailable)? else { return Ok(None) };
    let key = PrivateKey::from_pkcs8(&pkcs8, &stored_limits());
    key.map(Some).map_err(|error| VaultError::Unavailable { reason: format!("key {}: {error}", name.as_str()) })
}

pub(super) fn unavailable(error: StoreError) -> VaultError {
    tracing::error!(%error, "the embedded vault failed");
    VaultError::Unavailable { reason: error.to_string() }
}

/// What was accepted at its import is read again whatever the deployment takes today.
pub(super) fn stored_limits() -> Limits {
    Limits::any_key_size()
}

fn lock_file(dir: &Path) -> PathBuf {
    dir.join("lock")
}

/// As [`take`], for one use.
fn taken(path: &Path, attempt: impl Fn(&File) -> Result<(), TryLockError>) -> Result<File, VaultError> {
    let unavailable = |reason: String| VaultError::Unavailable { reason };
    let lock = take(path, USE_ATTEMPTS, attempt).map_err(|error| unavailable(error.to_string()))?;
    lock.ok_or_else(|| unavailable("another process has the vault for itself".to_owned()))
}

/// Takes a lock; a process that is about to leave it is waited for. Nothing where it is not left.
fn take(path: &Path, attempts: u32, attempt: impl Fn(&File) -> Result<(), TryLockError>) -> io::Result<Option<File>> {
    let file = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(path)?;
    for _ in 0..attempts {
        match attempt(&file) {
            Ok(()) => return Ok(Some(file)),
            Err(TryLockError::WouldBlock) => std::thread::sleep(LOCK_PAUSE),
            Err(TryLockError::Error(error)) => return Err(error),
        }
    }
    Ok(None)
}
