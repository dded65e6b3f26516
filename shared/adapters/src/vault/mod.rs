//! Where RSA private keys live on one machine: sealed files under a master key.

mod access;
pub(crate) mod durable;
mod embedded;
mod master_key;
mod sealing;
mod store;

pub use embedded::{EXCHANGE_KID, EmbeddedVault, OpenVaultError, PROVIDER_KID};
pub use master_key::{MasterKey, MasterKeyError};
