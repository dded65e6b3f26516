//! PFX files (PKCS#12, RFC 7292).
//!
//! [`read()`] takes what openssl, Windows, Java and others write today (PBES2 with AES, PBMAC1) and have
//! written before (3DES and RC2 under PKCS#12's own key derivation, BER). [`write()`] makes one kind only: PBES2 with
//! AES-256-CBC and PBKDF2-HMAC-SHA256, under an HMAC-SHA256 MAC.

mod algorithm;
mod bags;
mod certificate;
mod cipher;
mod container;
mod derivation;
mod encryption;
mod inspect;
mod mac;
mod oids;
mod pbkdf2;
#[cfg(test)]
mod published;
mod read;
mod scrypt;
mod subject;
mod write;

pub(crate) use bags::{ShroudedKey, shrouded_key};
pub(crate) use container::JAVA_KEY_STORE;
pub(crate) use inspect::inspect;
pub use read::{Work, read, read_measured};
pub use write::{ITERATIONS, write, write_with_iterations};
