//! E1: a new environment is managed by the provider key. *Protect* puts it under the tenant's active key, *revert* back. Both mint a new
//! data key generation and re-wrap the others.

use crate::{Environment, ManagedBy, ProtectionKey, Rejection, Settings, Tenant};

/// The active key, if an environment can be put under it: its private part is in the vault, so that what is wrapped can be unwrapped.
///
/// # Errors
/// [`Rejection::NoActiveKey`] or [`Rejection::KeyFileRequired`].
pub fn usable_active_key(tenant: &Tenant) -> Result<&ProtectionKey, Rejection> {
    let key = tenant.active().ok_or(Rejection::NoActiveKey)?;
    if key.in_vault { Ok(key) } else { Err(Rejection::KeyFileRequired { key: key.id.clone() }) }
}

/// The environment is managed by the provider.
///
/// # Errors
/// [`Rejection::AlreadyProtected`].
pub fn is_unprotected(environment: &Environment) -> Result<(), Rejection> {
    if environment.managed_by == ManagedBy::Provider { Ok(()) } else { Err(Rejection::AlreadyProtected) }
}

/// The number of the generation to mint.
///
/// # Errors
/// [`Rejection::TooManyGenerations`].
pub fn next_generation(environment: &Environment, settings: &Settings) -> Result<u32, Rejection> {
    if environment.newest_generation >= settings.generations_per_environment {
        return Err(Rejection::TooManyGenerations { most: settings.generations_per_environment });
    }
    Ok(environment.newest_generation + 1)
}
