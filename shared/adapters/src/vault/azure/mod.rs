//! Private keys in Azure Key Vault, reached with the Azure SDK.
//!
//! The vault's own keys are made by the deployment (docs/azure-vault.md) and found by their names; the keys of tenants come in
//! by import, each under a name that is never used for another key. So a tenant's key has one version, and the newest one is it.
//! Nothing is cached but the token and the connection: what is asked of the vault is seldom, except unwraps, and these need
//! nothing but the name.

mod calls;
mod credential;
mod failures;
mod imports;
mod jwk;
mod own_keys;
mod removal;
mod transport;
mod vault;

pub use credential::{RoleAssertion, authority_for, federated_credential};
pub use transport::{AzureTransport, Pace};
pub use vault::{AzureVault, AzureVaultError};
