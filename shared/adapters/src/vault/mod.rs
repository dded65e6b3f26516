//! Where RSA private keys live: on one machine as sealed files under a master key, in the cloud in Azure Key Vault.

mod access;
#[cfg(feature = "azure-vault")]
pub mod azure;
pub(crate) mod durable;
mod embedded;
mod master_key;
mod sealing;
mod store;

pub use embedded::{EXCHANGE_KID, EmbeddedVault, OpenVaultError, PROVIDER_KID};
pub use master_key::{MasterKey, MasterKeyError};
