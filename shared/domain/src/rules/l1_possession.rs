//! L1: locking needs an active key; the caller states the tenant's name and proves possession of the active key: the key file with its
//! password, or an answer to a challenge signed with the private key.

use crate::{Fingerprint, Name, ProtectionKey, Rejection, Tenant};

/// The active key.
///
/// # Errors
/// [`Rejection::NoActiveKey`].
pub fn active_key(tenant: &Tenant) -> Result<&ProtectionKey, Rejection> {
    tenant.active().ok_or(Rejection::NoActiveKey)
}

/// The stated name is the tenant's.
///
/// # Errors
/// [`Rejection::NameNotConfirmed`].
pub fn is_name_stated(tenant: &Tenant, stated: &Name) -> Result<(), Rejection> {
    if *stated == tenant.name { Ok(()) } else { Err(Rejection::NameNotConfirmed) }
}

/// The key whose possession was proven is the active one.
///
/// # Errors
/// [`Rejection::PossessionNotProven`].
pub fn is_possessed(key: &ProtectionKey, possessed: Option<&Fingerprint>) -> Result<(), Rejection> {
    if possessed == Some(&key.fingerprint) { Ok(()) } else { Err(Rejection::PossessionNotProven) }
}
