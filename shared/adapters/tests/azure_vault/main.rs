//! What is particular to the Azure vault; what all vaults do is in `vault_contract.rs`.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../azure_house/mod.rs"]
mod azure_house;
mod faults;
mod identity;
mod own_keys;
mod removal;
mod secrecy;

use std::sync::{Arc, LazyLock};

use keyward_keyfile::{KeyBits, PrivateKey, PublicKey};
use keyward_service::ports::vault::{VaultError, VaultKeyName};

const SECRET: &[u8] = b"0123456789abcdef0123456789abcdef";

static KEYS: LazyLock<Vec<Arc<PrivateKey>>> =
    LazyLock::new(|| (0..7).map(|_| Arc::new(PrivateKey::generate(KeyBits::Rsa2048).unwrap())).collect());

/// One of a few private keys.
fn key(number: usize) -> Arc<PrivateKey> {
    Arc::clone(&KEYS[number])
}

fn name(text: &str) -> VaultKeyName {
    VaultKeyName::new(text).unwrap()
}

fn wrapped(key: &PublicKey) -> Vec<u8> {
    key.wrap(SECRET, b"").unwrap()
}

/// Why the vault was of no use.
fn reason<T>(result: Result<T, VaultError>) -> String {
    match result {
        Err(VaultError::Unavailable { reason }) => reason,
        Err(error) => format!("another error: {error}"),
        Ok(_) => "no error".to_owned(),
    }
}
