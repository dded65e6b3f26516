//! How a private key comes into the vault. Azure takes an import under a name in use as a new version of that key, so it is
//! looked first what is there.

use azure_core::Bytes;
use azure_security_keyvault_keys::models::{ImportKeyParameters, JsonWebKey, KeyAttributes, KeyType};
use keyward_keyfile::{KeyFileError, Limits, PrivateKey, PublicKey, byok};
use keyward_service::ports::vault::VaultError;

use super::calls::{Calls, ImportFailure, Shown};
use super::failures::unavailable;
use super::own_keys::{PROVIDER, newest};
use super::{jwk, removal};

/// What is noted with a key from a transfer blob: which blob. The vault alone can say which key is in a blob, and only by
/// importing it.
const BLOB_TAG: &str = "keyward-blob";

/// What a vault says of itself that has purge protection.
pub(super) const PURGE_PROTECTED: &str = "the vault has purge protection, so a removed key could be recovered and locking \
     would not destroy access; use a vault without it (docs/azure-vault.md)";

/// Puts a key under a name; the same one again is no error.
pub(super) async fn import(calls: &Calls, name: &str, key: &PrivateKey) -> Result<(), VaultError> {
    check_purgeable(calls).await?;
    if let Some(held) = calls.key(name, None).await? {
        return same(&held, key.public_key());
    }
    let body = jwk::import_of(key).ok_or_else(|| unavailable("a key that was checked does not read"))?;
    match put(calls, name, Bytes::from_owner(body)).await {
        Ok(imported) => same(&imported, key.public_key()),
        Err(Refusal::BadRequest(error) | Refusal::Vault(error)) => Err(error),
    }
}

/// Puts the key of a transfer blob under a name; the same blob again is no error.
pub(super) async fn import_blob(
    calls: &Calls,
    name: &str,
    blob: &byok::Blob,
    limits: &Limits,
) -> Result<PublicKey, VaultError> {
    let (body, digest) = blob_import(blob)?;
    check_purgeable(calls).await?;
    if let Some(held) = calls.key(name, None).await? {
        let same = held.tags.get(BLOB_TAG) == Some(&digest);
        return if same { within(held.public_key, limits) } else { Err(VaultError::NameTaken) };
    }
    let imported = match put(calls, name, body).await {
        Ok(imported) => imported,
        Err(Refusal::BadRequest(_)) => return Err(VaultError::Refused(KeyFileError::ByokNotForThisVault)),
        Err(Refusal::Vault(error)) => return Err(error),
    };
    match within(imported.public_key, limits) {
        Err(refused) => {
            // What is refused does not stay. Where this fails too, the caller removes it: it gives up what it intended.
            let _ = removal::remove(calls, name).await;
            Err(refused)
        }
        taken => taken,
    }
}

/// No key comes into a vault that would not let it go (L3).
async fn check_purgeable(calls: &Calls) -> Result<(), VaultError> {
    if newest(calls, PROVIDER).await?.purgeable { Ok(()) } else { Err(unavailable(PURGE_PROTECTED)) }
}

fn same(held: &Shown, key: &PublicKey) -> Result<(), VaultError> {
    if held.public_key == *key { Ok(()) } else { Err(VaultError::NameTaken) }
}

fn within(key: PublicKey, limits: &Limits) -> Result<PublicKey, VaultError> {
    key.check(limits)?;
    Ok(key)
}

/// The body of a blob's import, and the digest by which the blob is known again.
fn blob_import(blob: &byok::Blob) -> Result<(Bytes, String), VaultError> {
    let json = blob.to_json()?;
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &json);
    let digest: String = digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    let parameters = ImportKeyParameters {
        key: Some(JsonWebKey {
            kty: Some(KeyType::RsaHsm),
            key_ops: Some(vec!["unwrapKey".to_owned()]),
            t: Some(json),
            ..Default::default()
        }),
        key_attributes: Some(KeyAttributes { enabled: Some(true), exportable: Some(false), ..Default::default() }),
        tags: Some([(BLOB_TAG.to_owned(), digest.clone())].into()),
        ..Default::default()
    };
    let body = serde_json::to_vec(&parameters).map_err(|_| unavailable("a transfer blob does not serialise"))?;
    Ok((body.into(), digest))
}

/// Why the vault did not take a key.
enum Refusal {
    /// It can't do anything with what was sent.
    BadRequest(VaultError),
    /// Anything else.
    Vault(VaultError),
}

/// Imports. A name that Azure is giving free is waited for: it goes on being taken for some seconds after a purge.
async fn put(calls: &Calls, name: &str, body: Bytes) -> Result<Shown, Refusal> {
    let mut looks = calls.pace.removal_looks;
    loop {
        let failure = match calls.import(name, body.clone()).await {
            Ok(imported) => return Ok(imported),
            Err(ImportFailure::Answer(error)) => return Err(Refusal::Vault(error)),
            Err(ImportFailure::Call(failure)) => failure,
        };
        if failure.is_bad_request() {
            return Err(Refusal::BadRequest(failure.unavailable()));
        }
        if failure.is_deleted_but_recoverable() {
            let reason = "a deleted key of this name is not purged yet; its removal has to be repeated first";
            return Err(Refusal::Vault(unavailable(reason)));
        }
        looks = looks.saturating_sub(1);
        if !failure.is_conflict() || looks == 0 {
            return Err(Refusal::Vault(failure.unavailable()));
        }
        tokio::time::sleep(calls.pace.removal_pause).await;
    }
}
