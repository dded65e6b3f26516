//! What the tests stand on: a real local process, and the operations over an embedded table and vault.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    reason = "a test fails by panicking, and its parts are named for what they are"
)]

pub mod actor;
pub mod cloud;
pub mod command;
pub mod failing_vault;
pub mod keys;
pub mod local;
pub mod mails;
pub mod node_program;
pub mod openssl;
pub mod picture;
pub mod stored;
pub mod theft;
pub mod traces;
pub mod world;
