//! Keyward with its ports.

use std::{sync::Arc, time::Duration};

use keyward_domain::{KeyFileSettings, Settings};
use keyward_keyfile::{KeyBits, Limits};

use crate::ports::{mail::Mailer, table::Table, vault::Vault};

/// The operations, over the ports that they need. Cheap to clone.
#[derive(Clone)]
pub struct Keyward {
    pub(crate) table: Arc<dyn Table>,
    pub(crate) vault: Arc<dyn Vault>,
    pub(crate) mailer: Arc<dyn Mailer>,
    pub(crate) settings: Arc<Settings>,
    pub(crate) limits: Limits,
    pub(crate) at_once: Duration,
}

/// How long a request goes on with the operation that it has started: so that its answer comes well before the gateway gives up, after 30 s.
const AT_ONCE: Duration = Duration::from_secs(10);

impl Keyward {
    /// Puts the operations over their ports.
    #[must_use]
    pub fn new(table: Arc<dyn Table>, vault: Arc<dyn Vault>, mailer: Arc<dyn Mailer>, settings: Settings) -> Self {
        let limits = limits(&settings);
        Self { table, vault, mailer, settings: Arc::new(settings), limits, at_once: AT_ONCE }
    }

    /// With another time, instead of 10 s, for which a request goes on with the operation that it has started. What is not done by then, the
    /// sweep does.
    #[must_use]
    pub fn going_on_for(self, at_once: Duration) -> Self {
        Self { at_once, ..self }
    }

    /// The deployment's durations and limits.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }
}

/// The bounds of the key file reader that the deployment's settings ask for.
fn limits(settings: &Settings) -> Limits {
    let KeyFileSettings { bytes, iterations, scrypt_bytes, depth, bags, exponent_bits } = settings.key_files;
    let key_bits: Vec<_> = KeyBits::ALL.into_iter().filter(|size| settings.key_bits.contains(&size.bits())).collect();
    let modulus_bits = key_bits.iter().map(|size| size.bits() as usize).max().unwrap_or_default();
    Limits {
        file_bytes: bytes,
        iterations,
        scrypt_bytes,
        depth,
        bags,
        modulus_bits: modulus_bits.max(Limits::default().modulus_bits),
        exponent_bits,
        key_bits,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_those_of_the_reader() {
        assert_eq!(limits(&Settings::default()), Limits::default());
    }

    #[test]
    fn a_setting_reaches_the_reader() {
        let key_files = KeyFileSettings { iterations: 7, ..KeyFileSettings::default() };
        let key_bits = [3072, 4096].into();
        let limits = limits(&Settings { key_files, key_bits, ..Settings::default() });
        assert_eq!((limits.iterations, limits.key_bits), (7, vec![KeyBits::Rsa3072, KeyBits::Rsa4096]));
    }
}
