//! What the tests stand on: a real local process, and the operations over an embedded table and vault.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    reason = "a test fails by panicking, and its parts are named for what they are"
)]

pub mod keys;
pub mod local;
pub mod world;
