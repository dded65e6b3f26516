//! What clients seal to the vault's exchange key: key files and passwords. The plain form exists in one function's memory.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use keyward_keyfile::{Password, PrivateKey, jwe, pfx};
use serde::Deserialize;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::{Keyward, ServiceError, ports::vault::VaultError};

/// What sealing adds to a key file beside base64 in base64: the password, the names of the members and the envelope.
const SEALED_OVERHEAD: usize = 32 * 1024;

/// A key file and its password as a client seals them.
#[derive(Deserialize, Zeroize, ZeroizeOnDrop)]
#[serde(deny_unknown_fields)]
struct KeyFileContent {
    file: String,
    password: String,
}

impl Keyward {
    /// Opens what was sealed to the exchange key.
    pub(crate) async fn open_sealed(&self, sealed: &str) -> Result<Zeroizing<Vec<u8>>, ServiceError> {
        // A file in base64, sealed, in base64 again has not quite twice its length.
        let most = self.limits.file_bytes.saturating_mul(2).saturating_add(SEALED_OVERHEAD);
        let envelope = jwe::parse(sealed, most)?;
        let content_key = match self.vault.open_exchange(envelope.kid(), envelope.encrypted_key()).await {
            Err(VaultError::NotFound | VaultError::NotForThisKey) => {
                return Err(ServiceError::NotSealedForThisVault);
            }
            opened => opened?,
        };
        Ok(envelope.open(&content_key)?)
    }

    /// Opens a sealed password.
    pub(crate) async fn open_password(&self, sealed: &str) -> Result<Password, ServiceError> {
        let plain = self.open_sealed(sealed).await?;
        let text = std::str::from_utf8(&plain).map_err(|_| ServiceError::NotSealedForThisVault)?;
        Ok(Password::new(text)?)
    }

    /// Opens a sealed key file and reads the key in it. The work is bounded by the limits and done apart from the requests of others.
    pub(crate) async fn open_key_file(&self, sealed: &str) -> Result<PrivateKey, ServiceError> {
        let plain = self.open_sealed(sealed).await?;
        let content: KeyFileContent =
            serde_json::from_slice(&plain).map_err(|_| ServiceError::NotSealedForThisVault)?;
        let limits = self.limits.clone();
        run_apart(move || {
            let password = Password::new(content.password.as_str())?;
            let file = Zeroizing::new(STANDARD.decode(&content.file).map_err(|_| ServiceError::NotSealedForThisVault)?);
            Ok(pfx::read(&file, &password, &limits)?)
        })
        .await
    }
}

/// Runs what takes the processor for long on a thread of its own.
pub(crate) async fn run_apart<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ServiceError> + Send + 'static,
) -> Result<T, ServiceError> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|_| ServiceError::Vault(VaultError::Unavailable { reason: "the work was ended".to_owned() }))?
}
