//! Protection keys and the exchange key.

use chrono::{DateTime, Utc};
use keyward_domain::{Fingerprint, KeyId, KeySource, KeyState, Name, PersonId, ProtectionKey, Region};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{SecretText, schema};

/// A protection key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct KeyView {
    /// Its identifier.
    #[schema(value_type = schema::KeyId)]
    pub id: KeyId,
    /// What the administrators call it.
    #[schema(value_type = schema::Name)]
    pub name: Name,
    /// Where its vault is.
    #[schema(value_type = schema::Region)]
    pub region: Region,
    /// How it came to be.
    #[schema(value_type = schema::KeySource)]
    pub source: KeySource,
    /// Where it stands.
    #[schema(value_type = schema::KeyState)]
    pub state: KeyState,
    /// Modulus size in bits.
    pub bits: u32,
    /// Identity of the key, whatever file brings it.
    #[schema(value_type = schema::Fingerprint)]
    pub fingerprint: Fingerprint,
    /// Whether its private part is in the vault: not after a lock or its destruction.
    pub in_vault: bool,
    /// When it was added.
    pub created_at: DateTime<Utc>,
    /// Who added it.
    #[schema(value_type = schema::PersonId)]
    pub created_by: PersonId,
    /// K7: the tenant was rolled away from it; it can't be activated before this instant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub barred_until: Option<DateTime<Utc>>,
    /// Environments whose data keys are wrapped by it.
    pub environments: u64,
    /// SubjectPublicKeyInfo as PEM (RFC 7468); empty once the key is destroyed.
    pub public_key: String,
}

impl From<&ProtectionKey> for KeyView {
    fn from(key: &ProtectionKey) -> Self {
        Self {
            id: key.id.clone(),
            name: key.name.clone(),
            region: key.region.clone(),
            source: key.source,
            state: key.state,
            bits: key.bits,
            fingerprint: key.fingerprint.clone(),
            in_vault: key.in_vault,
            created_at: key.created_at,
            created_by: key.created_by.clone(),
            barred_until: key.barred_until,
            environments: key.environments,
            public_key: pem(&key.public_key),
        }
    }
}

/// RFC 7468: base64 in lines of 64 characters between two labels.
fn pem(base64: &str) -> String {
    if base64.is_empty() {
        return String::new();
    }
    let mut pem = String::from("-----BEGIN PUBLIC KEY-----\n");
    for (index, character) in base64.chars().filter(|c| !c.is_whitespace()).enumerate() {
        if index > 0 && index % 64 == 0 {
            pem.push('\n');
        }
        pem.push(character);
    }
    pem.push_str("\n-----END PUBLIC KEY-----\n");
    pem
}

/// A key that was just generated, with its only PFX.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct GeneratedKeyView {
    /// The key.
    pub key: KeyView,
    /// The PFX in base64 (standard alphabet, padded), encrypted with the caller's password. Absent where the answer of an
    /// earlier request is repeated: it is handed out once and kept nowhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<SecretText>)]
    pub pfx: Option<SecretText>,
    /// What to do with it.
    pub note: String,
}

/// The public key to which secrets are sealed before they are sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExchangeKeyView {
    /// Which key it is; the `kid` of what is sealed to it.
    pub kid: String,
    /// SubjectPublicKeyInfo, DER in base64 (standard alphabet, padded).
    pub spki: String,
    /// The same key as a JSON Web Key.
    pub jwk: JsonWebKey,
    /// The exchange key for transfer blobs (BYOK), to give to an HSM's own tool; absent where the vault takes none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transfer: Option<TransferKeyView>,
}

/// The public key to which private keys are wrapped in transfer blobs (BYOK). Its only use is to import keys.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TransferKeyView {
    /// Which key it is, with its version; the `kid` in the header of a transfer blob.
    pub kid: String,
    /// Length of its modulus in bits.
    pub bits: u32,
    /// SubjectPublicKeyInfo, DER in base64 (standard alphabet, padded).
    pub spki: String,
    /// The same as PEM, which most tools of HSMs take.
    pub pem: String,
}

impl TransferKeyView {
    /// The key `kid` of `bits` bits; `spki` is in base64.
    #[must_use]
    pub fn new(kid: impl Into<String>, bits: u32, spki: impl Into<String>) -> Self {
        let spki = spki.into();
        Self { kid: kid.into(), bits, pem: pem(&spki), spki }
    }
}

/// A public RSA key as JSON Web Key (RFC 7517).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct JsonWebKey {
    /// `RSA`.
    pub kty: String,
    /// Modulus, base64url without padding.
    pub n: String,
    /// Public exponent, base64url without padding.
    pub e: String,
    /// `enc`.
    #[serde(rename = "use")]
    pub usage: String,
    /// `RSA-OAEP-256`.
    pub alg: String,
    /// Which key it is.
    pub kid: String,
}

impl JsonWebKey {
    /// The exchange key with this modulus and public exponent, both base64url without padding.
    #[must_use]
    pub fn exchange(kid: impl Into<String>, n: impl Into<String>, e: impl Into<String>) -> Self {
        Self {
            kty: "RSA".to_owned(),
            n: n.into(),
            e: e.into(),
            usage: "enc".to_owned(),
            alg: "RSA-OAEP-256".to_owned(),
            kid: kid.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::pem;

    #[test]
    fn pem_has_lines_of_64_characters() {
        assert_eq!(pem("AAAA"), "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n");
        let full = "A".repeat(64);
        assert_eq!(pem(&full), format!("-----BEGIN PUBLIC KEY-----\n{full}\n-----END PUBLIC KEY-----\n"));
        assert_eq!(pem(&format!("{full}B")).lines().nth(2), Some("B"));
    }
}
