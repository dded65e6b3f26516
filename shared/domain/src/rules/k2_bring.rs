//! K2: a key is generated (the caller names it, picks one of the tenant's regions and gives a password) or brought.

use crate::{KeyState, NewKey, Rejection, Settings, Tenant};

/// Whether the key may join the tenant's keys: a region that is the tenant's and has the feature, a key that is new, and room for it.
///
/// # Errors
/// The first of these that does not hold.
pub fn may_add(tenant: &Tenant, key: &NewKey, settings: &Settings) -> Result<(), Rejection> {
    if !tenant.regions.contains(&key.region) {
        return Err(Rejection::RegionNotOfTenant { region: key.region.clone(), regions: tenant.regions.clone() });
    }
    if !settings.enabled_regions.contains(&key.region) {
        return Err(Rejection::RegionNotEnabled {
            regions: vec![key.region.clone()],
            contact: settings.contact.clone(),
        });
    }
    if let Some(known) = tenant.keys.values().find(|known| known.fingerprint == key.fingerprint || known.id == key.id) {
        return Err(if known.state == KeyState::Destroyed {
            Rejection::KeyDestroyed
        } else {
            Rejection::KeyExists { key: known.id.clone() }
        });
    }
    let kept = tenant.keys.values().filter(|known| known.state != KeyState::Destroyed).count();
    if kept >= settings.keys_per_tenant {
        return Err(Rejection::TooManyKeys { most: settings.keys_per_tenant });
    }
    if tenant.keys.len() >= settings.keys_ever {
        return Err(Rejection::TooManyKeys { most: settings.keys_ever });
    }
    Ok(())
}
