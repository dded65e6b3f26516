//! Data keys: made, wrapped and unwrapped. They are stored only wrapped.
//!
//! What is wrapped is one byte of version, the 32 bytes of the key and SHA-256 over tenant, environment and generation: a wrap that was
//! moved to another environment or generation is refused when it is unwrapped. (The vaults' RSA-OAEP takes no label, so the binding is
//! inside.)

use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use keyward_domain::{Environment, EnvironmentId, Instant, ProtectionKey, Tenant, TenantId, WrappingKey};
use keyward_keyfile::{DataKey, PublicKey};
use zeroize::Zeroizing;

use crate::{
    Keyward, ServiceError,
    documents::{DataKeysDocument, WrappedDataKey},
    ports::vault::VaultKeyName,
};

const VERSION: u8 = 1;
const WRAPPED_BYTES: usize = 65;

/// A data key that is handed to a service.
#[derive(Debug)]
pub struct LeasedDataKey {
    /// Its generation.
    pub generation: u32,
    /// The key.
    pub key: DataKey,
    /// The instant at which the lease ends.
    pub until: Instant,
}

/// The key under which data keys are wrapped from now on.
pub(crate) struct Target {
    pub(crate) wrapped_by: WrappingKey,
    pub(crate) public_key: PublicKey,
}

impl Target {
    pub(crate) fn protection(key: &ProtectionKey) -> Result<Self, ServiceError> {
        let public_key = public_key(key)?;
        Ok(Self { wrapped_by: WrappingKey::Protection { key: key.id.clone() }, public_key })
    }
}

/// The public part of a protection key.
pub(crate) fn public_key(key: &ProtectionKey) -> Result<PublicKey, ServiceError> {
    let spki = STANDARD
        .decode(&key.public_key)
        .map_err(|error| ServiceError::Corrupt(format!("public key of {}: {error}", key.id)))?;
    PublicKey::from_spki_der(&spki).map_err(|error| ServiceError::Corrupt(format!("public key of {}: {error}", key.id)))
}

fn binding(tenant: &TenantId, environment: &EnvironmentId, generation: u32) -> [u8; 32] {
    let text = format!("{tenant}\n{environment}\n{generation}");
    let mut bytes = [0; 32];
    bytes.copy_from_slice(digest(&SHA256, text.as_bytes()).as_ref());
    bytes
}

fn wrap(
    target: &Target,
    tenant: &TenantId,
    environment: &EnvironmentId,
    generation: u32,
    key: &DataKey,
) -> Result<WrappedDataKey, ServiceError> {
    let mut plain = Zeroizing::new(Vec::with_capacity(WRAPPED_BYTES));
    plain.push(VERSION);
    plain.extend_from_slice(key.as_bytes());
    plain.extend_from_slice(&binding(tenant, environment, generation));
    let wrapped = target.public_key.wrap(&plain, b"")?;
    Ok(WrappedDataKey { generation, wrapped: STANDARD.encode(wrapped) })
}

fn open(
    plain: &[u8],
    tenant: &TenantId,
    environment: &EnvironmentId,
    generation: u32,
) -> Result<DataKey, ServiceError> {
    let damaged = || ServiceError::Corrupt(format!("data key {generation} of {environment} is not what was wrapped"));
    let (version, rest) = plain.split_first().ok_or_else(damaged)?;
    let (key, bound) = rest.split_at_checked(DataKey::BYTES).ok_or_else(damaged)?;
    if *version != VERSION || bound != binding(tenant, environment, generation) {
        return Err(damaged());
    }
    DataKey::from_bytes(key).map_err(|_| damaged())
}

/// The first generation of a new environment.
pub(crate) fn first(
    target: &Target,
    tenant: &TenantId,
    environment: &EnvironmentId,
) -> Result<DataKeysDocument, ServiceError> {
    let key = DataKey::generate()?;
    let generations = vec![wrap(target, tenant, environment, 1, &key)?];
    Ok(DataKeysDocument { wrapped_by: target.wrapped_by.clone(), generations })
}

impl Keyward {
    pub(crate) async fn provider_target(&self) -> Result<Target, ServiceError> {
        let public_key = self.vault.provider_key().await?.public_key;
        Ok(Target { wrapped_by: WrappingKey::Provider, public_key })
    }

    /// Unwraps one generation.
    pub(crate) async fn unwrap_data_key(
        &self,
        tenant: &Tenant,
        environment: &EnvironmentId,
        wrapped_by: &WrappingKey,
        data_key: &WrappedDataKey,
    ) -> Result<DataKey, ServiceError> {
        let wrapped = STANDARD
            .decode(&data_key.wrapped)
            .map_err(|error| ServiceError::Corrupt(format!("data key of {environment}: {error}")))?;
        let plain = match wrapped_by {
            WrappingKey::Provider => self.vault.unwrap_provider(&wrapped).await?,
            WrappingKey::Protection { key } => {
                let key = tenant
                    .key(key)
                    .ok_or_else(|| ServiceError::Corrupt(format!("{environment} names an unknown key")))?;
                self.vault.unwrap(&VaultKeyName::new(key.vault_key.clone())?, &wrapped).await?
            }
        };
        open(&plain, &tenant.id, environment, data_key.generation)
    }

    /// Wraps all generations under another key, and mints a new one where a number for it is given.
    pub(crate) async fn rewrap_data_keys(
        &self,
        tenant: &Tenant,
        environment: &Environment,
        document: &DataKeysDocument,
        target: &Target,
        mint: Option<u32>,
    ) -> Result<DataKeysDocument, ServiceError> {
        let mut generations = Vec::with_capacity(document.generations.len() + 1);
        for data_key in &document.generations {
            let key = self.unwrap_data_key(tenant, &environment.id, &document.wrapped_by, data_key).await?;
            generations.push(wrap(target, &tenant.id, &environment.id, data_key.generation, &key)?);
        }
        if let Some(generation) = mint {
            let key = DataKey::generate()?;
            generations.push(wrap(target, &tenant.id, &environment.id, generation, &key)?);
        }
        Ok(DataKeysDocument { wrapped_by: target.wrapped_by.clone(), generations })
    }
}
