//! Key files: read, checked and written; and what is done with the keys in them.
//!
//! The crate is pure. It opens no file, reads no clock and starts no task; bytes, passwords and
//! instants come in as parameters. The only thing it takes from outside is randomness.
//!
//! Work is bounded before it is done: a file says itself how often a hash is to be repeated, so
//! every size, count and iteration in it is held against [`Limits`] first.
//!
//! Private operations, key derivation, MACs and AES are done by aws-lc-rs. The `rsa` crate is used for
//! structure only, `p12` for the container; `des`, `rc2` and `scrypt` do what aws-lc-rs does not.

mod ber;
mod budget;
pub mod byok;
mod data_key;
mod der;
mod error;
mod fingerprint;
mod inspect;
pub mod jwe;
mod key_checks;
mod limits;
mod password;
pub mod pem;
pub mod pfx;
pub mod possession;
mod private_key;
mod public_key;
mod weakness;

pub use data_key::DataKey;
pub use error::KeyFileError;
pub use fingerprint::Fingerprint;
pub use inspect::{
    CertificateInspection, Encryption, FileKind, GroupInspection, Inspection, KeyInspection, MacInspection,
    PasswordCheck, Refusal, inspect,
};
pub use limits::{KeyBits, Limits};
pub use password::Password;
pub use private_key::PrivateKey;
pub use public_key::PublicKey;
