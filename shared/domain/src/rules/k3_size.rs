//! K3: a brought key is RSA 2048 (3072 and 4096 where the deployment allows them). That a PFX is protected by a password is
//! checked where it is parsed; here only what is left of the file, its public key, is seen.

use crate::{Rejection, Settings};

/// Whether keys of this size are accepted.
///
/// # Errors
/// [`Rejection::KeySizeNotAllowed`] with the sizes that are.
pub fn is_allowed(bits: u32, settings: &Settings) -> Result<(), Rejection> {
    if settings.key_bits.contains(&bits) {
        Ok(())
    } else {
        Err(Rejection::KeySizeNotAllowed { bits, allowed: settings.key_bits.iter().copied().collect() })
    }
}
