//! The keys of the vault, with all their versions.

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use keyward_keyfile::{Limits, PrivateKey, byok};
use rsa::pkcs8::EncodePrivateKey as _;
use rsa::{BigUint, RsaPrivateKey};
use serde_json::{Value, json};

use crate::answers::Refusal;
use crate::attributes::Attributes;
use crate::deletion::Deleted;

/// A key to be made by whoever deploys the vault.
#[derive(Clone)]
pub struct NewKey {
    /// Its name.
    pub name: &'static str,
    /// Its numbers.
    pub key: Arc<PrivateKey>,
    /// Whether it is in an HSM.
    pub hsm: bool,
    /// What it may be used for.
    pub operations: &'static [&'static str],
}

/// One version of a key.
#[derive(Clone)]
pub(crate) struct Version {
    pub(crate) id: String,
    pub(crate) key: Arc<PrivateKey>,
    pub(crate) hsm: bool,
    pub(crate) operations: Vec<String>,
    pub(crate) attributes: Attributes,
}

/// Keys, deleted keys, and names that are being given free. The versions of a key are in the order in which they were made.
#[derive(Default)]
pub(crate) struct KeyStore {
    /// How the addresses of all keys begin.
    pub(crate) prefix: String,
    pub(crate) keys: BTreeMap<String, Vec<Version>>,
    pub(crate) deleted: BTreeMap<String, Deleted>,
    /// Purged, but the name is not free before so many attempts.
    pub(crate) taken: BTreeMap<String, u32>,
}

/// 32 random hexadecimal digits.
pub(crate) fn random_id() -> String {
    let mut bytes = [0_u8; 16];
    let filled = aws_lc_rs::rand::fill(&mut bytes);
    debug_assert!(filled.is_ok());
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

impl KeyStore {
    /// Adds a version; Azure does so whatever is there under the name.
    pub(crate) fn add(&mut self, name: &str, version: Version) -> &Version {
        let versions = self.keys.entry(name.to_owned()).or_default();
        versions.push(version);
        &versions[versions.len() - 1]
    }

    /// A version of a key, the newest where the version is empty.
    pub(crate) fn version(&self, name: &str, version: &str) -> Result<&Version, Refusal> {
        let versions = self.keys.get(name).ok_or_else(|| Refusal::not_found(name))?;
        let found = if version.is_empty() { versions.last() } else { versions.iter().find(|held| held.id == version) };
        found.ok_or_else(|| Refusal::not_found(name))
    }

    pub(crate) fn version_mut(&mut self, name: &str, version: &str) -> Result<&mut Version, Refusal> {
        let id = self.version(name, version)?.id.clone();
        let versions = self.keys.get_mut(name).into_iter().flatten();
        versions.into_iter().find(|held| held.id == id).ok_or_else(|| Refusal::not_found(name))
    }

    /// The address of a version.
    pub(crate) fn kid(&self, name: &str, version: &Version) -> String {
        format!("{}{name}/{}", self.prefix, version.id)
    }

    /// A key as the vault shows it.
    pub(crate) fn shown(&self, name: &str, version: &Version, recovery_level: &str) -> Value {
        let (modulus, exponent) = version.key.public_key().components();
        json!({
            "key": {
                "kid": self.kid(name, version),
                "kty": if version.hsm { "RSA-HSM" } else { "RSA" },
                "key_ops": version.operations,
                "n": URL_SAFE_NO_PAD.encode(modulus),
                "e": URL_SAFE_NO_PAD.encode(exponent),
            },
            "attributes": version.attributes.shown(recovery_level),
            "tags": version.attributes.tags,
        })
    }

    /// The key in the body of an import.
    pub(crate) fn imported(&self, body: &Value, premium: bool, now: DateTime<Utc>) -> Result<Version, Refusal> {
        let jwk = &body["key"];
        let hsm = jwk["kty"] == "RSA-HSM";
        if hsm && !premium {
            return Err(Refusal::bad("This vault has no HSM."));
        }
        let key = match &jwk["key_hsm"] {
            Value::String(blob) if hsm => self.open_blob(&bytes(blob)?)?,
            Value::Null if jwk["kty"] == "RSA" => key_of_numbers(jwk)?,
            _ => return Err(Refusal::bad("The key has another type than it says.")),
        };
        let operations = jwk["key_ops"].as_array().map_or_else(default_operations, |given| {
            given.iter().filter_map(Value::as_str).map(str::to_owned).collect()
        });
        let mut attributes = Attributes::new(now);
        attributes.set(body, now)?;
        Ok(Version { id: random_id(), key: Arc::new(key), hsm, operations, attributes })
    }

    /// Opens a transfer blob with the key that it names, which has to be one for imports in this vault.
    fn open_blob(&self, blob: &[u8]) -> Result<PrivateKey, Refusal> {
        let bad = |_| Refusal::bad("The transfer blob does not open.");
        let limits = Limits::any_key_size();
        let blob = byok::parse(blob, &limits).map_err(bad)?;
        let named = blob.kid().strip_prefix(&self.prefix).and_then(|rest| rest.split_once('/'));
        let (name, version) = named.ok_or_else(|| Refusal::bad("The transfer blob names no key of this vault."))?;
        let exchange = self.version(name, version)?;
        if exchange.operations != ["import"] || !exchange.attributes.enabled {
            return Err(Refusal::bad("The transfer blob names no key for imports."));
        }
        blob.open(&exchange.key, &limits).map_err(bad)
    }
}

pub(crate) fn default_operations() -> Vec<String> {
    ["encrypt", "decrypt", "sign", "verify", "wrapKey", "unwrapKey"].map(str::to_owned).to_vec()
}

pub(crate) fn bytes(text: &str) -> Result<Vec<u8>, Refusal> {
    URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).map_err(|_| Refusal::bad("A member is no base64url."))
}

fn key_of_numbers(jwk: &Value) -> Result<PrivateKey, Refusal> {
    let number = |name: &str| -> Result<BigUint, Refusal> {
        let text = jwk[name].as_str().ok_or_else(|| Refusal::bad("A number of the key is missing."))?;
        Ok(BigUint::from_bytes_be(&bytes(text)?))
    };
    let primes = vec![number("p")?, number("q")?];
    let key = RsaPrivateKey::from_components(number("n")?, number("e")?, number("d")?, primes);
    let coefficient = key.as_ref().ok().and_then(RsaPrivateKey::crt_coefficient);
    if coefficient != Some(number("qi")?) || number("dp")?.bits() == 0 || number("dq")?.bits() == 0 {
        return Err(Refusal::bad("The numbers of the key do not belong together."));
    }
    let pkcs8 = key.ok().and_then(|key| key.to_pkcs8_der().ok());
    let key = pkcs8.and_then(|pkcs8| PrivateKey::from_pkcs8(pkcs8.as_bytes(), &Limits::any_key_size()).ok());
    key.ok_or_else(|| Refusal::bad("The numbers of the key do not belong together."))
}
