//! Bearer tokens of several issuers: which are believed, and what their bearers may be.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod documented;
mod entra;
mod kept_keys;
mod network;
#[path = "../../../../tests/src/node_program.rs"]
#[expect(unreachable_pub, reason = "shared with a crate in which it is reachable")]
mod node_program;
mod people;
mod provider;
mod refused;
mod settings;
mod signer;
