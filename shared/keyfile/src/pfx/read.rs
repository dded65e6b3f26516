//! Reading a PFX file.

use super::bags::{self, Kind};
use super::{container, mac};
use crate::budget::Budget;
use crate::{KeyFileError, Limits, Password, PrivateKey};

/// Work that reading a file took, as it was charged before it was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Work {
    /// Iterations of key derivation; see [`Limits::iterations`].
    pub iterations: u64,
    /// The most memory that one derivation by scrypt took, in bytes.
    pub scrypt_bytes: u64,
}

/// Reads the one private key of a PFX file and checks it.
///
/// In this order: the outer structure, the MAC, the bags, the key's encryption, the key. The MAC is
/// checked before anything is decrypted. Certificates are not looked at.
///
/// # Errors
/// `file_too_large`, `not_pfx`, `not_der`, `nested_too_deep`, `no_mac`; `wrong_password`;
/// `unencrypted_key`, `too_many_bags`, `no_key`, `several_keys`; whatever
/// [`PrivateKey::from_pkcs8`] refuses; and at any stage `damaged`, `unsupported_algorithm`,
/// `too_many_iterations` and `too_much_memory`.
pub fn read(file: &[u8], password: &Password, limits: &Limits) -> Result<PrivateKey, KeyFileError> {
    read_measured(file, password, limits).0
}

/// Like [`read`], and says how much work it took, whatever came of it.
///
/// # Errors
/// Those of [`read`], in the first value.
pub fn read_measured(file: &[u8], password: &Password, limits: &Limits) -> (Result<PrivateKey, KeyFileError>, Work) {
    let mut budget = Budget::new(limits);
    let key = read_within(file, password, limits, &mut budget);
    (key, Work { iterations: budget.spent(), scrypt_bytes: budget.memory() })
}

fn read_within(
    file: &[u8],
    password: &Password,
    limits: &Limits,
    budget: &mut Budget,
) -> Result<PrivateKey, KeyFileError> {
    let container = container::parse(file, limits)?;
    let mac = container.mac()?;
    mac::Scheme::parse(&mac)?.verify(&mac, &container.content, password, budget)?;
    let (mut keys, mut seen) = (Vec::new(), 0);
    for group in container::groups(&container.content, limits)? {
        for bag in bags::list(group.open(password, budget)?, limits, &mut seen)? {
            match bag.kind {
                Kind::Key(_) => return Err(KeyFileError::UnencryptedKey),
                Kind::ShroudedKey(key) => keys.push((key, bag.name)),
                Kind::Certificate(_) | Kind::Other => {}
            }
        }
    }
    match keys.as_slice() {
        [] => Err(KeyFileError::NoKey),
        [(key, _)] => bags::shrouded_key(key)?.open(password, limits, budget),
        several => Err(several_keys(several.iter().map(|(_, name)| name.as_deref()))),
    }
}

/// The error that lists the keys' friendly names.
pub(super) fn several_keys<'a>(names: impl Iterator<Item = Option<&'a str>>) -> KeyFileError {
    KeyFileError::SeveralKeys { names: names.map(|name| name.unwrap_or("(no name)").to_owned()).collect() }
}
