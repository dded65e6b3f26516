//! Key files from outside: what other programs write and read, what is refused, what is hostile.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod byok;
mod crafted;
mod derivations;
mod differential;
mod fuzz;
mod hostile;
mod inspection;
mod interop;
mod keys;
mod loosened;
mod looser;
mod openssl;
mod pbmac1;
mod pem;
mod reading;
mod refusals;
mod sealing;
mod writing;
mod wycheproof;

use std::num::NonZeroU32;
use std::sync::LazyLock;

use chrono::{DateTime, Utc};
use keyward_keyfile::{KeyBits, Password, PrivateKey, pfx};

/// One key for all tests; making one takes longer than most of them.
static KEY: LazyLock<PrivateKey> = LazyLock::new(|| PrivateKey::generate(KeyBits::Rsa2048).unwrap());

const PASSWORD: &str = "correct horse";

fn password() -> Password {
    Password::new(PASSWORD).unwrap()
}

fn noon() -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000, 0).unwrap()
}

/// Few iterations, so that a test in a debug build is quick.
fn few() -> NonZeroU32 {
    NonZeroU32::new(10).unwrap()
}

/// A file as this crate writes it.
fn written() -> Vec<u8> {
    pfx::write_with_iterations(&KEY, &password(), "blue", noon(), few()).unwrap()
}
