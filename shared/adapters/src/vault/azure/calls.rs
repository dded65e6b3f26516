//! The vault's REST calls, one function each, bounded in time, with what they answer checked.

use std::collections::HashMap;

use azure_core::Bytes;
use azure_core::http::RequestContent;
use azure_security_keyvault_keys::KeyClient;
use azure_security_keyvault_keys::models::{
    DeletionRecoveryLevel, EncryptionAlgorithm, ImportKeyParameters, Key, KeyAttributes, KeyClientGetKeyOptions,
    KeyOperationParameters, KeyProperties,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures_util::TryStreamExt as _;
use keyward_keyfile::PublicKey;
use keyward_service::ports::vault::VaultError;
use serde::Deserialize;
use zeroize::{Zeroize as _, Zeroizing};

use super::failures::{Failure, unavailable};
use super::jwk;
use super::transport::Pace;

/// Versions of a key that are looked at; Azure gives them in pages of 25.
const LISTED_VERSIONS: usize = 100;

/// A key as the vault shows it.
pub(super) struct Shown {
    /// The key's address with its version.
    pub(super) kid: String,
    /// The public part.
    pub(super) public_key: PublicKey,
    /// Whether it may be used.
    pub(super) enabled: bool,
    /// Whether a deleted key of this vault can be removed for good.
    pub(super) purgeable: bool,
    /// What was noted with the key at its import.
    pub(super) tags: HashMap<String, String>,
}

/// A version of a key in a list.
pub(super) struct Version {
    /// The last part of the key's address.
    pub(super) id: String,
    /// Whether it may be used.
    pub(super) enabled: bool,
    created: Option<i64>,
}

pub(super) struct Calls {
    client: KeyClient,
    /// How the addresses of all keys of this vault begin: its origin and `/keys/`.
    prefix: String,
    pub(super) pace: Pace,
}

impl Calls {
    pub(super) fn new(client: KeyClient, pace: Pace) -> Self {
        let prefix = format!("{}/keys/", client.endpoint().origin().ascii_serialization());
        Self { client, prefix, pace }
    }

    /// The version in `kid`, where that is an address of the named key in this vault and of nothing else.
    pub(super) fn version_in<'a>(&self, kid: &'a str, name: &str) -> Option<&'a str> {
        let version = kid.strip_prefix(&self.prefix)?.strip_prefix(name)?.strip_prefix('/')?;
        let fits = (1..=64).contains(&version.len()) && version.bytes().all(|byte| byte.is_ascii_alphanumeric());
        fits.then_some(version)
    }

    /// A version of a key, the newest where none is named; nothing where there is no such key.
    pub(super) async fn key(&self, name: &str, version: Option<&str>) -> Result<Option<Shown>, VaultError> {
        let options = KeyClientGetKeyOptions { key_version: version.map(str::to_owned), ..Default::default() };
        let answer = self.bounded(async { self.client.get_key(name, Some(options)).await?.into_model() }).await;
        match answer {
            Ok(key) => shown(key).map(Some),
            Err(failure) if failure.is_absent() => Ok(None),
            Err(failure) => Err(failure.unavailable()),
        }
    }

    /// The versions of a key, the newest first; none where there is no such key. Of two made in one second either may be first.
    pub(super) async fn versions(&self, name: &str) -> Result<Vec<Version>, VaultError> {
        let listed = self.bounded(async {
            let mut list = self.client.list_key_properties_versions(name, None)?;
            let mut versions = Vec::new();
            while let Some(properties) = list.try_next().await? {
                versions.extend(self.listed(name, &properties));
                if versions.len() >= LISTED_VERSIONS {
                    break;
                }
            }
            Ok(versions)
        });
        let mut versions = match listed.await {
            Ok(versions) => versions,
            Err(failure) if failure.is_absent() => return Ok(Vec::new()),
            Err(failure) => return Err(failure.unavailable()),
        };
        versions.sort_by_key(|version| std::cmp::Reverse(version.created));
        Ok(versions)
    }

    fn listed(&self, name: &str, properties: &KeyProperties) -> Option<Version> {
        let id = self.version_in(properties.kid.as_deref()?, name)?.to_owned();
        let attributes = properties.attributes.as_ref();
        let enabled = attributes.and_then(|attributes| attributes.enabled).unwrap_or_default();
        let created = attributes.and_then(|attributes| attributes.created).map(|created| created.unix_timestamp());
        Some(Version { id, enabled, created })
    }

    /// Unwraps with a version of a key, the newest where that is empty.
    pub(super) async fn unwrap(
        &self,
        name: &str,
        version: &str,
        wrapped: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, Failure> {
        let parameters = KeyOperationParameters {
            algorithm: Some(EncryptionAlgorithm::RsaOaep256),
            value: Some(wrapped.to_vec()),
            ..Default::default()
        };
        let answer = self.bounded(async {
            Ok(self.client.unwrap_key(name, version, parameters.try_into()?, None).await?.into_body())
        });
        unwrapped(answer.await?.into())
    }

    /// Puts a key under a name; `body` is the JSON of an import. Gives its public part.
    pub(super) async fn import(&self, name: &str, body: Bytes) -> Result<Shown, ImportFailure> {
        let content: RequestContent<ImportKeyParameters> = body.into();
        let answer = self.bounded(async { self.client.import_key(name, content, None).await?.into_model() });
        shown(answer.await.map_err(ImportFailure::Call)?).map_err(ImportFailure::Answer)
    }

    /// Begins to delete a key with all its versions. Tells whether it can be purged then.
    pub(super) async fn delete(&self, name: &str) -> Result<bool, Failure> {
        let deleted = self.bounded(async { self.client.delete_key(name, None).await?.into_model() }).await?;
        Ok(is_purgeable(deleted.attributes.as_ref()))
    }

    /// Removes a deleted key for good.
    pub(super) async fn purge(&self, name: &str) -> Result<(), Failure> {
        self.bounded(async { self.client.purge_deleted_key(name, None).await.map(drop) }).await
    }

    /// Whether a deleted key can be purged; nothing where there is no deleted key of this name.
    pub(super) async fn deleted(&self, name: &str) -> Result<Option<bool>, Failure> {
        match self.bounded(async { self.client.get_deleted_key(name, None).await?.into_model() }).await {
            Ok(deleted) => Ok(Some(is_purgeable(deleted.attributes.as_ref()))),
            Err(failure) if failure.is_not_found() => Ok(None),
            Err(failure) => Err(failure),
        }
    }

    async fn bounded<T>(&self, call: impl Future<Output = azure_core::Result<T>>) -> Result<T, Failure> {
        match tokio::time::timeout(self.pace.operation, call).await {
            Ok(answer) => answer.map_err(Failure::from),
            Err(_) => Err(Failure::without_answer("the vault did not answer, or asked to wait for too long")),
        }
    }
}

/// Why nothing was imported, or it isn't known what.
pub(super) enum ImportFailure {
    /// The call.
    Call(Failure),
    /// What it answered.
    Answer(VaultError),
}

fn shown(key: Key) -> Result<Shown, VaultError> {
    let nonsense = || unavailable("Key Vault showed something that is no RSA key");
    let attributes = key.attributes.as_ref();
    let enabled = attributes.and_then(|attributes| attributes.enabled).unwrap_or_default();
    let purgeable = is_purgeable(attributes);
    let jwk = key.key.ok_or_else(nonsense)?;
    let public_key = jwk.n.zip(jwk.e).and_then(|(modulus, exponent)| jwk::public_key(&modulus, &exponent));
    Ok(Shown {
        kid: jwk.kid.ok_or_else(nonsense)?,
        public_key: public_key.ok_or_else(nonsense)?,
        enabled,
        purgeable,
        tags: key.tags.unwrap_or_default(),
    })
}

fn is_purgeable(attributes: Option<&KeyAttributes>) -> bool {
    use DeletionRecoveryLevel::{CustomizedRecoverablePurgeable, Purgeable, RecoverablePurgeable};
    let level = attributes.and_then(|attributes| attributes.recovery_level.as_ref());
    matches!(level, Some(Purgeable | RecoverablePurgeable | CustomizedRecoverablePurgeable))
}

/// Takes the secret out of an answer, and overwrites the answer as far as nobody else holds it. What the SDK copied on the way
/// is out of reach.
fn unwrapped(body: Bytes) -> Result<Zeroizing<Vec<u8>>, Failure> {
    #[derive(Deserialize)]
    struct Answer<'a> {
        value: &'a str,
    }

    let secret = serde_json::from_slice::<Answer<'_>>(&body).ok().and_then(|answer| {
        let mut secret = Zeroizing::new(Vec::with_capacity(answer.value.len()));
        URL_SAFE_NO_PAD.decode_vec(answer.value.trim_end_matches('='), &mut secret).ok().map(|()| secret)
    });
    if let Ok(mut held) = body.try_into_mut() {
        held.as_mut().zeroize();
    }
    secret.ok_or_else(|| Failure::without_answer("the vault's answer does not read"))
}
