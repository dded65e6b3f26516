//! Protection keys.

use serde::{Deserialize, Serialize};

use crate::{Fingerprint, Instant, KeyId, Name, PersonId, Region};

/// How a key came to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeySource {
    /// Made by Keyward; the tenant got the PFX once.
    Generated,
    /// Brought as a PFX.
    Uploaded,
    /// Brought as a BYOK transfer blob.
    Imported,
}

/// Where a key stands in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyState {
    /// Never activated.
    Available,
    /// The one key that protects the tenant's environments.
    Active,
    /// Was active once, rolled away from included; kept until nothing depends on it (K8).
    Retired,
    /// Gone for good.
    Destroyed,
}

/// An RSA key of a tenant. Its private part is in the vault only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ProtectionKey {
    /// Its identifier.
    pub id: KeyId,
    /// What the administrators call it.
    pub name: Name,
    /// Where its vault is.
    pub region: Region,
    /// How it came to be.
    pub source: KeySource,
    /// Where it stands.
    pub state: KeyState,
    /// Modulus size in bits.
    pub bits: u32,
    /// SubjectPublicKeyInfo, DER in base64.
    pub public_key: String,
    /// Identity of the key, whatever file brings it.
    pub fingerprint: Fingerprint,
    /// Name of its private part in the vault; a new one each time that it is brought there.
    pub vault_key: String,
    /// False after a lock or the destruction has removed the private part from the vault, until the key is presented again.
    pub in_vault: bool,
    /// When it was added.
    pub created_at: Instant,
    /// Who added it.
    pub created_by: PersonId,
    /// K7: the key was rolled away from and can't be activated before this instant.
    pub barred_until: Option<Instant>,
    /// Environments whose data keys are wrapped by it.
    pub environments: u64,
}
