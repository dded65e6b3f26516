//! Ports behind which nothing is.

use async_trait::async_trait;
use keyward_keyfile::{Limits, PrivateKey, PublicKey, byok};
use keyward_service::ports::mail::{MailError, Mailer, Message};
use keyward_service::ports::table::{DuePage, DueQuery, Item, Key, Page, Query, Table, TableError, Write};
use keyward_service::ports::vault::{Vault, VaultError, VaultKeyName, VaultPublicKey};
use zeroize::Zeroizing;

/// A table without items, a vault without keys, a mail service without recipients.
pub(crate) struct EmptyHouse;

#[async_trait]
impl Table for EmptyHouse {
    async fn get(&self, _: &Key) -> Result<Option<Item>, TableError> {
        Ok(None)
    }

    async fn query(&self, _: &Query) -> Result<Page, TableError> {
        Ok(Page::default())
    }

    async fn query_due(&self, _: &DueQuery) -> Result<DuePage, TableError> {
        Ok(DuePage::default())
    }

    async fn transact(&self, _: Vec<Write>) -> Result<(), TableError> {
        Ok(())
    }
}

#[async_trait]
impl Vault for EmptyHouse {
    async fn exchange_key(&self) -> Result<VaultPublicKey, VaultError> {
        Err(VaultError::NotFound)
    }

    async fn open_exchange(&self, _: &str, _: &[u8]) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        Err(VaultError::NotFound)
    }

    async fn transfer_keys(&self) -> Result<Vec<VaultPublicKey>, VaultError> {
        Ok(Vec::new())
    }

    async fn provider_key(&self) -> Result<VaultPublicKey, VaultError> {
        Err(VaultError::NotFound)
    }

    async fn unwrap_provider(&self, _: &[u8]) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        Err(VaultError::NotFound)
    }

    async fn import(&self, _: &VaultKeyName, _: &PrivateKey) -> Result<(), VaultError> {
        Err(VaultError::NotFound)
    }

    async fn import_blob(&self, _: &VaultKeyName, _: &byok::Blob, _: &Limits) -> Result<PublicKey, VaultError> {
        Err(VaultError::NotFound)
    }

    async fn unwrap(&self, _: &VaultKeyName, _: &[u8]) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        Err(VaultError::NotFound)
    }

    async fn describe(&self, _: &VaultKeyName) -> Result<Option<PublicKey>, VaultError> {
        Ok(None)
    }

    async fn remove(&self, _: &VaultKeyName) -> Result<(), VaultError> {
        Ok(())
    }
}

#[async_trait]
impl Mailer for EmptyHouse {
    async fn send(&self, _: &Message) -> Result<(), MailError> {
        Ok(())
    }
}
