//! Bearer tokens of several issuers: which are believed, and what their bearers may be.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod entra;
mod kept_keys;
mod network;
mod provider;
mod refused;
mod settings;
mod signer;
