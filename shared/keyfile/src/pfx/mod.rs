//! PFX files (PKCS#12, RFC 7292).
//!
//! [`read()`] takes what openssl, Windows, Java and others write today (PBES2 with AES) and have written
//! before (3DES and RC2 under PKCS#12's own key derivation). [`write()`] makes one kind only: PBES2 with
//! AES-256-CBC and PBKDF2-HMAC-SHA256, under an HMAC-SHA256 MAC.

mod bags;
mod certificate;
mod container;
mod derivation;
mod encryption;
mod mac;
mod oids;
mod read;
mod write;

pub use read::read;
pub use write::{ITERATIONS, write, write_with_iterations};
