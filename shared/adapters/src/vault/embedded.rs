//! The embedded vault: private keys sealed on disk.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use keyward_keyfile::{KeyBits, Limits, PrivateKey, PublicKey, byok};
use keyward_service::ports::vault::{Vault, VaultError, VaultKeyName, VaultPublicKey};
use zeroize::Zeroizing;

use super::access::{Access, stored_limits, unavailable};
use super::master_key::MasterKey;
use super::store::{Check, KeyStore, StoreError};

/// Identifier of the embedded vault's exchange key.
pub const EXCHANGE_KID: &str = "embedded/exchange/1";
/// Identifier of the embedded vault's provider key.
pub const PROVIDER_KID: &str = "embedded/provider/1";

/// File names of the vault's own keys. No [`VaultKeyName`] has a dot.
const EXCHANGE_FILE: &str = "embedded.exchange.1";
const PROVIDER_FILE: &str = "embedded.provider.1";
const TRANSFER_FILE: &str = "embedded.transfer.1";

/// Digits of a fingerprint that tell vaults, and versions of a key, apart.
const SHORT_FINGERPRINT: usize = 16;

/// Longest wrapped input: that of the longest RSA key that is taken (4,096 bits).
const WRAPPED_LIMIT: usize = 512;

/// Why a vault was not opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenVaultError {
    /// The vault was made with another master key.
    #[error("the master key is not the one with which the vault {} was made; give that one", dir.display())]
    WrongMasterKey {
        /// Directory of the vault.
        dir: PathBuf,
    },
    /// Another process, or another part of this one, has the vault for itself. Its parsed keys could outlive a removal.
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
/// still open.
pub struct EmbeddedVault {
    inner: Arc<Inner>,
}

struct Inner {
    store: KeyStore,
    exchange: PrivateKey,
    provider: PrivateKey,
    transfer: PrivateKey,
    transfer_kid: String,
    access: Access,
}

impl std::fmt::Debug for EmbeddedVault {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("EmbeddedVault([redacted])")
    }
}

impl EmbeddedVault {
    /// Opens the vault in a directory for this process alone; the first time the directory and the vault's own keys are made.
    /// Blocks (files, making RSA keys): call it at start.
    ///
    /// # Errors
    /// [`OpenVaultError`]: another master key, in use, damaged.
    pub fn open(dir: impl AsRef<Path>, master_key: MasterKey) -> Result<Self, OpenVaultError> {
        let dir = dir.as_ref();
        let store = KeyStore::new(dir, master_key).map_err(unusable(dir))?;
        let access = Access::alone(dir).map_err(unusable(dir))?.ok_or_else(|| in_use(dir))?;
        Self::set_up(dir, store, access)
    }

    /// The same for several processes at once, each of which opens it so. Keys are read from their files for every use, which
    /// halves the rate of unwraps: for a local cloud, not for load.
    ///
    /// # Errors
    /// As [`EmbeddedVault::open`]; in use where a process has it alone.
    pub fn open_shared(dir: impl AsRef<Path>, master_key: MasterKey) -> Result<Self, OpenVaultError> {
        let dir = dir.as_ref();
        let store = KeyStore::new(dir, master_key).map_err(unusable(dir))?;
        let _set_up = Access::set_up(dir).map_err(unusable(dir))?.ok_or_else(|| in_use(dir))?;
        Self::set_up(dir, store, Access::shared(dir))
    }

    fn set_up(dir: &Path, store: KeyStore, access: Access) -> Result<Self, OpenVaultError> {
        store.destroy_temporaries().map_err(unusable(dir))?;
        let check = store.check().map_err(unusable(dir))?;
        if check == Check::Wrong {
            return Err(OpenVaultError::WrongMasterKey { dir: dir.to_owned() });
        }
        let needed_key = |file, kid| match own_key(&store, file, KeyBits::Rsa2048, check == Check::Absent) {
            Ok(Some(key)) => Ok(key),
            Ok(None) => Err(OpenVaultError::KeyLost { dir: dir.to_owned(), kid }),
            Err(error) => Err(unusable(dir)(error)),
        };
        let exchange = needed_key(EXCHANGE_FILE, EXCHANGE_KID)?;
        let provider = needed_key(PROVIDER_FILE, PROVIDER_KID)?;
        // Without it nothing is lost, and a vault from before there were transfer blobs has none: it can be made anew.
        let transfer = own_key(&store, TRANSFER_FILE, KeyBits::Rsa3072, true).map_err(unusable(dir))?;
        let transfer = transfer.ok_or_else(|| unusable(dir)(StoreError::Cryptography))?;
        if check == Check::Absent {
            // Last, so that an opening cut short is begun again and a vault that was in use never gets new keys.
            store.write_check().map_err(unusable(dir))?;
        }
        let transfer_kid = transfer_kid(&provider, &transfer);
        Ok(Self { inner: Arc::new(Inner { store, exchange, provider, transfer, transfer_kid, access }) })
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

fn unusable<E: std::fmt::Display>(dir: &Path) -> impl FnOnce(E) -> OpenVaultError + '_ {
    move |error| OpenVaultError::Unusable { dir: dir.to_owned(), reason: error.to_string() }
}

fn in_use(dir: &Path) -> OpenVaultError {
    OpenVaultError::InUse { dir: dir.to_owned() }
}

impl Inner {
    fn import(&self, name: &VaultKeyName, public_key: &PublicKey, pkcs8: &[u8]) -> Result<(), VaultError> {
        let mut change = self.access.change()?;
        match change.look(&self.store, name, |held| held.public_key() == public_key)? {
            Some(true) => Ok(()),
            Some(false) => Err(VaultError::NameTaken),
            None => self.store.write(name.as_str(), pkcs8).map_err(unavailable),
        }
    }

    fn remove(&self, name: &VaultKeyName) -> Result<(), VaultError> {
        let mut change = self.access.change()?;
        change.forget(name);
        self.store.destroy(name.as_str()).map_err(unavailable)
    }

    fn with_key<T>(&self, name: &VaultKeyName, used: impl FnOnce(&PrivateKey) -> T) -> Result<Option<T>, VaultError> {
        self.access.with_key(&self.store, name, used)
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

    async fn transfer_keys(&self) -> Result<Vec<VaultPublicKey>, VaultError> {
        let Inner { transfer, transfer_kid, .. } = &*self.inner;
        Ok(vec![VaultPublicKey { kid: transfer_kid.clone(), public_key: transfer.public_key().clone() }])
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

    async fn import_blob(
        &self,
        name: &VaultKeyName,
        blob: &byok::Blob,
        limits: &Limits,
    ) -> Result<PublicKey, VaultError> {
        let (name, blob, limits) = (name.clone(), blob.clone(), limits.clone());
        self.blocking(move |inner| {
            let key = blob.open(&inner.transfer, &limits)?;
            inner.import(&name, key.public_key(), key.pkcs8_der())?;
            Ok(key.public_key().clone())
        })
        .await
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

/// The name of the exchange key for transfer blobs: which vault, told by its provider key, and which version.
fn transfer_kid(provider: &PrivateKey, transfer: &PrivateKey) -> String {
    let short = |key: &PrivateKey| {
        let fingerprint = key.public_key().fingerprint().to_string();
        fingerprint.chars().take(SHORT_FINGERPRINT).collect::<String>()
    };
    format!("embedded-{}/transfer/{}", short(provider), short(transfer))
}

/// One of the vault's own keys; made where there is none and it may be made.
fn own_key(store: &KeyStore, file: &str, bits: KeyBits, make: bool) -> Result<Option<PrivateKey>, StoreError> {
    let parse = |pkcs8: &[u8]| PrivateKey::from_pkcs8(pkcs8, &stored_limits()).map_err(|_| StoreError::Cryptography);
    if let Some(pkcs8) = store.read(file)? {
        return parse(&pkcs8).map(Some);
    }
    if !make {
        return Ok(None);
    }
    let key = PrivateKey::generate(bits).map_err(|_| StoreError::Cryptography)?;
    store.write(file, key.pkcs8_der())?;
    Ok(Some(key))
}
