//! A Key Vault and the token endpoint of Entra ID, for tests: the REST API 2025-07-01 as far as Keyward and its customers' policies
//! use it, over TLS with an authority of its own, at names that exist nowhere.
//!
//! Keys are real: what is wrapped, unwrapped and brought in transfer blobs is done with RSA and AES key wrap. What Azure takes its
//! time for, throttles, loses or forbids can be asked for: [`Settings`] and [`Fault`].

mod answers;
mod attributes;
mod deletion;
mod faults;
mod key_store;
mod operations;
mod requests;
mod server;
mod tls;
mod tokens;

pub use faults::{Effect, Fault};
pub use key_store::NewKey;
pub use requests::Seen;
pub use server::{Clock, KeyVault, Settings};
pub use tokens::assertion;

/// The host of the vault.
pub const VAULT_HOST: &str = "keyward.vault.azure.test";
/// The host of the token endpoint.
pub const LOGIN_HOST: &str = "login.azure.test";
/// The version of the API that is spoken.
pub const API_VERSION: &str = "2025-07-01";
