//! Keyward with its ports.

use std::sync::Arc;

use keyward_domain::Settings;
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
}

impl Keyward {
    /// Puts the operations over their ports.
    #[must_use]
    pub fn new(table: Arc<dyn Table>, vault: Arc<dyn Vault>, mailer: Arc<dyn Mailer>, settings: Settings) -> Self {
        let key_bits = KeyBits::ALL.into_iter().filter(|size| settings.key_bits.contains(&size.bits())).collect();
        let limits = Limits { key_bits, ..Limits::default() };
        Self { table, vault, mailer, settings: Arc::new(settings), limits }
    }

    /// The deployment's durations and limits.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }
}
