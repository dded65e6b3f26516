//! The vault port over Azure Key Vault.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use azure_core::credentials::TokenCredential;
use azure_core::http::Url;
use azure_security_keyvault_keys::{KeyClient, KeyClientOptions};
use keyward_keyfile::{Limits, PrivateKey, PublicKey, byok};
use keyward_service::ports::vault::{Vault, VaultError, VaultKeyName, VaultPublicKey};
use tokio::sync::Mutex;
use zeroize::Zeroizing;

use super::calls::Calls;
use super::failures::Failure;
use super::own_keys::{EXCHANGE, PROVIDER, TRANSFER, tenants};
use super::transport::AzureTransport;
use super::{imports, own_keys, removal};

/// Longest wrapped input: that of the longest RSA key that is taken (4,096 bits).
const WRAPPED_LIMIT: usize = 512;

/// Why there is no vault to ask.
#[derive(Debug, thiserror::Error)]
pub enum AzureVaultError {
    /// An address can't be used.
    #[error("the address of {what} can't be used: {reason}")]
    BadAddress {
        /// Whose address.
        what: &'static str,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The directory or the application can't be used.
    #[error("the identity for the vault can't be used: give the directory and the application by their ids")]
    BadIdentity,
    /// There can be no connections.
    #[error("no connection to Azure can be made: {reason}")]
    NoTransport {
        /// What the system lacks.
        reason: String,
    },
}

/// Private keys in an Azure Key Vault.
///
/// What was once in this process's memory on its way into the vault is overwritten where it is ours; the TLS library and the
/// SDK keep copies of bodies in buffers that they free without overwriting.
pub struct AzureVault {
    calls: Calls,
    /// Azure has no import on condition that a name is free. So imports of one process follow each other; those of several
    /// can't meet, since no two of them are given the same name.
    imports: Mutex<()>,
}

impl fmt::Debug for AzureVault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("AzureVault([redacted])")
    }
}

impl AzureVault {
    /// The vault at `url` (`https://<name>.vault.azure.net`), asked as `credential` says. Nothing is sent here.
    ///
    /// # Errors
    /// [`AzureVaultError::BadAddress`].
    pub fn new(
        url: &str,
        credential: Arc<dyn TokenCredential>,
        transport: &AzureTransport,
    ) -> Result<Self, AzureVaultError> {
        let (url, audience) = address(url)?;
        let options =
            KeyClientOptions { client_options: transport.options(&url, Some(&audience)), ..Default::default() };
        let client = KeyClient::new(url.as_str(), credential, Some(options)).map_err(|_| bad("it is refused"))?;
        Ok(Self { calls: Calls::new(client, transport.pace()), imports: Mutex::new(()) })
    }

    async fn unwrap_with(&self, name: &str, version: &str, wrapped: &[u8]) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        self.calls.unwrap(name, version, wrapped).await.map_err(|failure: Failure| {
            // A disabled version is one that is out of use; asking again would not change that.
            if failure.is_absent() || name == EXCHANGE && failure.is_disabled_key() {
                VaultError::NotFound
            } else if failure.is_bad_request() {
                VaultError::NotForThisKey
            } else {
                failure.unavailable()
            }
        })
    }
}

#[async_trait]
impl Vault for AzureVault {
    async fn exchange_key(&self) -> Result<VaultPublicKey, VaultError> {
        own_keys::newest(&self.calls, EXCHANGE).await.map(own_keys::public)
    }

    /// Any version of the exchange key that is still enabled opens, so that what was sealed before a rotation is opened too.
    async fn open_exchange(&self, kid: &str, encrypted_key: &[u8]) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        // The client chose the `kid`: it is never followed to another key or another host.
        let version = self.calls.version_in(kid, EXCHANGE).ok_or(VaultError::NotFound)?;
        if !fits(encrypted_key) {
            return Err(VaultError::NotForThisKey);
        }
        self.unwrap_with(EXCHANGE, version, encrypted_key).await
    }

    async fn transfer_keys(&self) -> Result<Vec<VaultPublicKey>, VaultError> {
        own_keys::all(&self.calls, TRANSFER).await
    }

    async fn provider_key(&self) -> Result<VaultPublicKey, VaultError> {
        own_keys::newest(&self.calls, PROVIDER).await.map(own_keys::public)
    }

    async fn unwrap_provider(&self, wrapped: &[u8]) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        if !fits(wrapped) {
            return Err(VaultError::NotForThisKey);
        }
        own_keys::unwrap_provider(&self.calls, wrapped).await
    }

    async fn import(&self, name: &VaultKeyName, key: &PrivateKey) -> Result<(), VaultError> {
        let name = tenants(name)?;
        let _alone = self.imports.lock().await;
        imports::import(&self.calls, name, key).await
    }

    async fn import_blob(
        &self,
        name: &VaultKeyName,
        blob: &byok::Blob,
        limits: &Limits,
    ) -> Result<PublicKey, VaultError> {
        let name = tenants(name)?;
        let _alone = self.imports.lock().await;
        imports::import_blob(&self.calls, name, blob, limits).await
    }

    async fn unwrap(&self, name: &VaultKeyName, wrapped: &[u8]) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        let name = tenants(name)?;
        if !fits(wrapped) {
            // Of a removed key it is to be said that it is gone, whatever the input is.
            let held = self.calls.key(name, None).await?;
            return Err(held.map_or(VaultError::NotFound, |_| VaultError::NotForThisKey));
        }
        self.unwrap_with(name, "", wrapped).await
    }

    async fn describe(&self, name: &VaultKeyName) -> Result<Option<PublicKey>, VaultError> {
        Ok(self.calls.key(tenants(name)?, None).await?.map(|shown| shown.public_key))
    }

    async fn remove(&self, name: &VaultKeyName) -> Result<(), VaultError> {
        removal::remove(&self.calls, tenants(name)?).await
    }
}

fn fits(wrapped: &[u8]) -> bool {
    (1..=WRAPPED_LIMIT).contains(&wrapped.len())
}

fn bad(reason: &'static str) -> AzureVaultError {
    AzureVaultError::BadAddress { what: "the vault", reason }
}

/// The vault's address, and for whom its tokens are: in every cloud of Azure the host without the vault's name.
fn address(text: &str) -> Result<(Url, String), AzureVaultError> {
    let url: Url = text.parse().map_err(|_| bad("it is no URL"))?;
    let bare = url.username().is_empty() && url.password().is_none() && url.query().is_none();
    if url.scheme() != "https" || !bare || url.fragment().is_some() || url.path() != "/" {
        return Err(bad("it has to be https://<name>.vault.azure.net and nothing more"));
    }
    let host = url.domain().and_then(|host| host.split_once('.')).filter(|(_, rest)| rest.contains('.'));
    let (_, service) = host.ok_or_else(|| bad("its host has to be <name>.vault.azure.net"))?;
    let audience = format!("https://{service}");
    Ok((url, audience))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_for_the_service_and_not_the_vault() -> Result<(), AzureVaultError> {
        for (given, audience) in [
            ("https://keyward.vault.azure.net", "https://vault.azure.net"),
            ("https://keyward.vault.azure.net/", "https://vault.azure.net"),
            ("https://keyward.vault.usgovcloudapi.net", "https://vault.usgovcloudapi.net"),
        ] {
            assert_eq!(address(given)?.1, audience);
        }
        Ok(())
    }

    #[test]
    fn an_address_with_anything_else_is_refused() {
        for given in [
            "keyward",
            "http://keyward.vault.azure.net",
            "https://localhost",
            "https://vault.test",
            "https://127.0.0.1",
            "https://user@keyward.vault.azure.net",
            "https://keyward.vault.azure.net/keys",
            "https://keyward.vault.azure.net?a=b",
            "https://keyward.vault.azure.net#a",
        ] {
            assert!(address(given).is_err(), "{given}");
        }
    }
}
