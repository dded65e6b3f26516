//! Reading a PFX file.

use super::{bags, container, mac};
use crate::budget::Budget;
use crate::{KeyFileError, Limits, Password, PrivateKey};

/// Reads the one private key of a PFX file and checks it.
///
/// In this order: the outer structure, the MAC, the bags, the key's encryption, the key. The MAC is
/// checked before anything is decrypted. Certificates are not looked at.
///
/// # Errors
/// `file_too_large`, `not_pfx`, `not_der`, `nested_too_deep`, `no_mac`; `wrong_password`;
/// `unencrypted_key`, `too_many_bags`, `no_key`, `several_keys`; whatever
/// [`PrivateKey::from_pkcs8`] refuses; and at any stage `damaged`, `unsupported_algorithm` and
/// `too_many_iterations`.
pub fn read(file: &[u8], password: &Password, limits: &Limits) -> Result<PrivateKey, KeyFileError> {
    let container = container::parse(file, limits)?;
    let mut budget = Budget::new(limits.iterations);
    mac::verify(&container.mac, &container.content, password, &mut budget)?;
    let keys = bags::find_keys(&container.content, password, limits, &mut budget)?;
    match keys.as_slice() {
        [] => Err(KeyFileError::NoKey),
        [key] => PrivateKey::from_pkcs8(&bags::open(key, password, &mut budget)?, limits),
        several => Err(KeyFileError::SeveralKeys {
            names: several.iter().map(|key| key.name.clone().unwrap_or_else(|| "(no name)".to_owned())).collect(),
        }),
    }
}
