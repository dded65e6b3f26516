//! The vault's own keys: made by the deployment, found by name, rotated by making a new version.

use keyward_service::ports::vault::{VaultError, VaultKeyName, VaultPublicKey};
use zeroize::Zeroizing;

use super::calls::{Calls, Shown, Version};
use super::failures::unavailable;

/// To it clients seal key files and passwords. RSA, its operation `unwrapKey`.
pub(super) const EXCHANGE: &str = "keyward-exchange";
/// It wraps what no tenant's key manages. RSA, its operations `wrapKey` and `unwrapKey`.
pub(super) const PROVIDER: &str = "keyward-provider";
/// For it customers make transfer blobs. RSA-HSM, its only operation `import`. A vault without HSM has none.
pub(super) const TRANSFER: &str = "keyward-transfer";

/// So many versions of an own key are in use at once. A wrap by the provider's key says nothing of the version, so each one
/// that is kept costs what was wrapped by an older one a call.
const VERSIONS_IN_USE: usize = 5;

/// The name of a tenant's key as the vault takes it. Key Vault's names know no case.
pub(super) fn tenants(name: &VaultKeyName) -> Result<&str, VaultError> {
    let name = name.as_str();
    let own = [EXCHANGE, PROVIDER, TRANSFER].iter().any(|own| own.eq_ignore_ascii_case(name));
    if own { Err(VaultError::BadName) } else { Ok(name) }
}

/// The newest version of an own key that is enabled.
pub(super) async fn newest(calls: &Calls, name: &'static str) -> Result<Shown, VaultError> {
    let missing = || unavailable(format!("there is no enabled key {name}; make it as docs/azure-vault.md says"));
    let newest = calls.key(name, None).await?.ok_or_else(missing)?;
    if newest.enabled {
        return checked(calls, name, newest);
    }
    let enabled = enabled_versions(calls, name).await?;
    let version = enabled.first().ok_or_else(missing)?;
    let older = calls.key(name, Some(&version.id)).await?.ok_or_else(missing)?;
    checked(calls, name, older)
}

/// All versions of an own key that are in use, the newest first; none where there is no such key.
pub(super) async fn all(calls: &Calls, name: &'static str) -> Result<Vec<VaultPublicKey>, VaultError> {
    let Some(newest) = calls.key(name, None).await? else { return Ok(Vec::new()) };
    let newest = checked(calls, name, newest)?;
    let mut keys = Vec::new();
    for version in enabled_versions(calls, name).await? {
        if calls.version_in(&newest.kid, name) == Some(&version.id) {
            continue;
        }
        let shown = calls.key(name, Some(&version.id)).await?;
        keys.extend(shown.map(|shown| checked(calls, name, shown)).transpose()?.map(public));
    }
    if newest.enabled {
        // Whatever the instants in the list say: this is the one that the vault itself takes for the newest.
        keys.insert(0, public(newest));
    }
    keys.truncate(VERSIONS_IN_USE);
    Ok(keys)
}

/// Unwraps with the provider's key: with the newest version, then with the older ones that are in use.
pub(super) async fn unwrap_provider(calls: &Calls, wrapped: &[u8]) -> Result<Zeroizing<Vec<u8>>, VaultError> {
    let failure = match calls.unwrap(PROVIDER, "", wrapped).await {
        Ok(secret) => return Ok(secret),
        Err(failure) if failure.is_bad_request() || failure.is_disabled_key() => failure,
        Err(failure) => return Err(failure.unavailable()),
    };
    let versions = enabled_versions(calls, PROVIDER).await?;
    if failure.is_bad_request() && versions.len() <= 1 {
        return Err(VaultError::NotForThisKey);
    }
    for version in versions {
        match calls.unwrap(PROVIDER, &version.id, wrapped).await {
            Ok(secret) => return Ok(secret),
            Err(failure) if failure.is_bad_request() || failure.is_disabled_key() => {}
            Err(failure) => return Err(failure.unavailable()),
        }
    }
    Err(VaultError::NotForThisKey)
}

/// Keeps what is not this vault's own key out, whoever answered.
fn checked(calls: &Calls, name: &'static str, shown: Shown) -> Result<Shown, VaultError> {
    match calls.version_in(&shown.kid, name) {
        Some(_) => Ok(shown),
        None => Err(unavailable(format!("asked for {name}, the vault showed another key"))),
    }
}

pub(super) fn public(shown: Shown) -> VaultPublicKey {
    VaultPublicKey { kid: shown.kid, public_key: shown.public_key }
}

async fn enabled_versions(calls: &Calls, name: &str) -> Result<Vec<Version>, VaultError> {
    let mut versions = calls.versions(name).await?;
    versions.retain(|version| version.enabled);
    versions.truncate(VERSIONS_IN_USE);
    Ok(versions)
}
