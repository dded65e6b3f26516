//! The embedded vault: private keys sealed on disk, parsed ones in memory.

use std::collections::HashMap;
use std::fs::{File, OpenOptions, TryLockError};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock, RwLockWriteGuard};
use std::time::Duration;

use async_trait::async_trait;
use keyward_keyfile::{KeyBits, Limits, PrivateKey, PublicKey};
use keyward_service::ports::vault::{Vault, VaultError, VaultKeyName, VaultPublicKey};
use zeroize::Zeroizing;

use super::master_key::MasterKey;
use super::store::{Check, KeyStore, StoreError};

/// Identifier of the embedded vault's exchange key.
pub const EXCHANGE_KID: &str = "embedded/exchange/1";
/// Identifier of the embedded vault's provider key.
pub const PROVIDER_KID: &str = "embedded/provider/1";

/// File names of the vault's own keys. No [`VaultKeyName`] has a dot.
const EXCHANGE_FILE: &str = "embedded.exchange.1";
const PROVIDER_FILE: &str = "embedded.provider.1";

/// At most so many parsed keys are kept; parsing costs half an unwrap, and each takes some 10 kB.
const PARSED_LIMIT: usize = 1024;

/// Longest wrapped input: that of the longest RSA key that is taken (4,096 bits).
const WRAPPED_LIMIT: usize = 512;

/// How often, and at what distance, opening tries to get the lock of a vault that another process is about to leave.
const LOCK_ATTEMPTS: u32 = 50;
const LOCK_PAUSE: Duration = Duration::from_millis(20);

/// Why a vault was not opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenVaultError {
    /// The vault was made with another master key.
    #[error("the master key is not the one with which the vault {} was made; give that one", dir.display())]
    WrongMasterKey {
        /// Directory of the vault.
        dir: PathBuf,
    },
    /// Another process, or another part of this one, has the vault open. Its parsed keys could outlive a removal.
    #[error("the vault {} is in use; stop the process that uses it", dir.display())]
    InUse {
        /// Directory of the vault.
        dir: PathBuf,
    },
    /// The vault was opened before, but one of its own keys is missing.
    #[error("the vault {} has lost its key {kid}; restore the directory from a backup", dir.display())]
    KeyLost {
        /// Directory of the vault.
        dir: PathBuf,
        /// Identifier of the key.
        kid: &'static str,
    },
    /// The directory can't be used, or a file in it is damaged.
    #[error("the vault {} can't be opened: {reason}", dir.display())]
    Unusable {
        /// Directory of the vault.
        dir: PathBuf,
        /// What went wrong, without secrets.
        reason: String,
    },
}

/// A vault on one machine: RSA private keys in a directory, sealed under a master key, each under a key of its own.
///
/// Removing a key overwrites and unlinks its files, sealing key first, and its parsed form in memory. What it can't reach
/// are copies of the directory made before (backups, snapshots, former blocks of flash storage): with the master key these
/// still open. One process has a vault open at a time.
pub struct EmbeddedVault {
    inner: Arc<Inner>,
}

struct Inner {
    store: KeyStore,
    exchange: PrivateKey,
    provider: PrivateKey,
    /// Keys that have been used. Held for reading while a key is used, for writing while files or this map change:
    /// so once a removal has returned no use is under way, and none can put the key back.
    parsed: RwLock<HashMap<VaultKeyName, PrivateKey>>,
    /// Locked for as long as the vault is open.
    _lock: File,
}

impl std::fmt::Debug for EmbeddedVault {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("EmbeddedVault([redacted])")
    }
}

impl EmbeddedVault {
    /// Opens the vault in a directory; the first time the directory, the exchange key and the provider key are made.
    /// Blocks (files, making RSA keys): call it at start.
    ///
    /// # Errors
    /// [`OpenVaultError`]: another master key, in use, damaged.
    pub fn open(dir: impl AsRef<Path>, master_key: MasterKey) -> Result<Self, OpenVaultError> {
        let dir = dir.as_ref();
        let unusable = |error: StoreError| OpenVaultError::Unusable { dir: dir.to_owned(), reason: error.to_string() };
        let store = KeyStore::new(dir, master_key).map_err(unusable)?;
        let lock = lock(dir)?;
        store.destroy_temporaries().map_err(unusable)?;
        let check = store.check().map_err(unusable)?;
        if check == Check::Wrong {
            return Err(OpenVaultError::WrongMasterKey { dir: dir.to_owned() });
        }
        let own_key = |file, kid| match own_key(&store, file, check == Check::Absent) {
            Ok(Some(key)) => Ok(key),
            Ok(None) => Err(OpenVaultError::KeyLost { dir: dir.to_owned(), kid }),
            Err(error) => Err(unusable(error)),
        };
        let exchange = own_key(EXCHANGE_FILE, EXCHANGE_KID)?;
        let provider = own_key(PROVIDER_FILE, PROVIDER_KID)?;
        if check == Check::Absent {
            // Last, so that an opening cut short is begun again and a vault that was in use never gets new keys.
            store.write_check().map_err(unusable)?;
        }
        let parsed = RwLock::new(HashMap::new());
        Ok(Self { inner: Arc::new(Inner { store, exchange, provider, parsed, _lock: lock }) })
    }

    /// Does blocking work (files, RSA) away from the threads of the runtime.
    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Inner) -> Result<T, VaultError> + Send + 'static,
    ) -> Result<T, VaultError> {
        let inner = Arc::clone(&self.inner);
        let done = tokio::task::spawn_blocking(move || work(&inner)).await;
        done.unwrap_or_else(|error| Err(VaultError::Unavailable { reason: error.to_string() }))
    }
}

impl Inner {
    /// Uses a key; nothing where there is no such key. It can't be removed while it is used.
    fn with_key<T>(&self, name: &VaultKeyName, used: impl FnOnce(&PrivateKey) -> T) -> Result<Option<T>, VaultError> {
        let parsed = self.parsed.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(key) = parsed.get(name) {
            return Ok(Some(used(key)));
        }
        drop(parsed);
        let mut parsed = self.change();
        self.parse(&mut parsed, name)?;
        let parsed = RwLockWriteGuard::downgrade(parsed);
        Ok(parsed.get(name).map(used))
    }

    fn import(&self, name: &VaultKeyName, public_key: &PublicKey, pkcs8: &[u8]) -> Result<(), VaultError> {
        let mut parsed = self.change();
        self.parse(&mut parsed, name)?;
        match parsed.get(name) {
            Some(held) if held.public_key() == public_key => Ok(()),
            Some(_) => Err(VaultError::NameTaken),
            None => self.store.write(name.as_str(), pkcs8).map_err(unavailable),
        }
    }

    fn remove(&self, name: &VaultKeyName) -> Result<(), VaultError> {
        let mut parsed = self.change();
        drop(parsed.remove(name));
        self.store.destroy(name.as_str()).map_err(unavailable)
    }

    /// The right to change files and the parsed keys. A panic elsewhere leaves the map whole, so poison is no obstacle.
    fn change(&self) -> RwLockWriteGuard<'_, HashMap<VaultKeyName, PrivateKey>> {
        self.parsed.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts the named key among the parsed ones, if there is such a key.
    fn parse(&self, parsed: &mut HashMap<VaultKeyName, PrivateKey>, name: &VaultKeyName) -> Result<(), VaultError> {
        if parsed.contains_key(name) {
            return Ok(());
        }
        let Some(pkcs8) = self.store.read(name.as_str()).map_err(unavailable)? else {
            return Ok(());
        };
        let key = PrivateKey::from_pkcs8(&pkcs8, &stored_limits())
            .map_err(|error| VaultError::Unavailable { reason: format!("key {}: {error}", name.as_str()) })?;
        if parsed.len() >= PARSED_LIMIT
            && let Some(other) = parsed.keys().next().cloned()
        {
            parsed.remove(&other);
        }
        parsed.insert(name.clone(), key);
        Ok(())
    }
}

#[async_trait]
impl Vault for EmbeddedVault {
    async fn exchange_key(&self) -> Result<VaultPublicKey, VaultError> {
        Ok(VaultPublicKey { kid: EXCHANGE_KID.to_owned(), public_key: self.inner.exchange.public_key().clone() })
    }

    async fn open_exchange(&self, kid: &str, encrypted_key: &[u8]) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        if kid != EXCHANGE_KID {
            return Err(VaultError::NotFound);
        }
        let encrypted_key = bounded(encrypted_key)?;
        self.blocking(move |inner| unwrap(&inner.exchange, &encrypted_key)).await
    }

    async fn provider_key(&self) -> Result<VaultPublicKey, VaultError> {
        Ok(VaultPublicKey { kid: PROVIDER_KID.to_owned(), public_key: self.inner.provider.public_key().clone() })
    }

    async fn unwrap_provider(&self, wrapped: &[u8]) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        let wrapped = bounded(wrapped)?;
        self.blocking(move |inner| unwrap(&inner.provider, &wrapped)).await
    }

    async fn import(&self, name: &VaultKeyName, key: &PrivateKey) -> Result<(), VaultError> {
        let (name, public_key) = (name.clone(), key.public_key().clone());
        let pkcs8 = Zeroizing::new(key.pkcs8_der().to_vec());
        self.blocking(move |inner| inner.import(&name, &public_key, &pkcs8)).await
    }

    async fn unwrap(&self, name: &VaultKeyName, wrapped: &[u8]) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        let (name, wrapped) = (name.clone(), bounded(wrapped));
        self.blocking(move |inner| {
            // The key first: of a removed one it is to be said that it is gone, whatever the input is.
            let unwrapped = inner.with_key(&name, |key| unwrap(key, &wrapped?))?;
            unwrapped.unwrap_or(Err(VaultError::NotFound))
        })
        .await
    }

    async fn describe(&self, name: &VaultKeyName) -> Result<Option<PublicKey>, VaultError> {
        let name = name.clone();
        self.blocking(move |inner| inner.with_key(&name, |key| key.public_key().clone())).await
    }

    async fn remove(&self, name: &VaultKeyName) -> Result<(), VaultError> {
        let name = name.clone();
        self.blocking(move |inner| inner.remove(&name)).await
    }
}

/// RSA-OAEP-256 with the empty label, the only one that every vault knows.
fn unwrap(key: &PrivateKey, wrapped: &[u8]) -> Result<Zeroizing<Vec<u8>>, VaultError> {
    key.unwrap(wrapped, b"").map_err(|_| VaultError::NotForThisKey)
}

fn bounded(wrapped: &[u8]) -> Result<Vec<u8>, VaultError> {
    if wrapped.len() > WRAPPED_LIMIT { Err(VaultError::NotForThisKey) } else { Ok(wrapped.to_vec()) }
}

fn unavailable(error: StoreError) -> VaultError {
    tracing::error!(%error, "the embedded vault failed");
    VaultError::Unavailable { reason: error.to_string() }
}

/// What was accepted at its import is read again whatever the deployment takes today.
fn stored_limits() -> Limits {
    Limits::any_key_size()
}

/// One of the vault's own keys; made where there is none and the vault is new.
fn own_key(store: &KeyStore, file: &str, new_vault: bool) -> Result<Option<PrivateKey>, StoreError> {
    let parse = |pkcs8: &[u8]| PrivateKey::from_pkcs8(pkcs8, &stored_limits()).map_err(|_| StoreError::Cryptography);
    if let Some(pkcs8) = store.read(file)? {
        return parse(&pkcs8).map(Some);
    }
    if !new_vault {
        return Ok(None);
    }
    let key = PrivateKey::generate(KeyBits::Rsa2048).map_err(|_| StoreError::Cryptography)?;
    store.write(file, key.pkcs8_der())?;
    Ok(Some(key))
}

/// Takes the vault's lock; a process that is just ending is waited for.
fn lock(dir: &Path) -> Result<File, OpenVaultError> {
    let unusable = |error: std::io::Error| OpenVaultError::Unusable { dir: dir.to_owned(), reason: error.to_string() };
    let open = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(dir.join("lock"));
    let file = open.map_err(unusable)?;
    for _ in 0..LOCK_ATTEMPTS {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) => std::thread::sleep(LOCK_PAUSE),
            Err(TryLockError::Error(error)) => return Err(unusable(error)),
        }
    }
    Err(OpenVaultError::InUse { dir: dir.to_owned() })
}
