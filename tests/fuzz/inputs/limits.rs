//! The limits under which key files are read here.

use keyward_keyfile::{KeyBits, Limits};

/// What a legal file may ask for here: so little that an input under it takes milliseconds even in a debug build, and
/// that a second is a fault of the reader. The real limits are compared in the same places; only their value differs.
pub(crate) fn limits() -> Limits {
    Limits { iterations: 500, scrypt_bytes: 64 * 1024, key_bits: KeyBits::ALL.to_vec(), ..Limits::default() }
}
