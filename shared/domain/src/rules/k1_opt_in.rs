//! K1: a tenant opts in before its first key. It needs more licensed seats than the setting (1,000) and a region in which the
//! feature is enabled. Otherwise it is refused, saying what is missing and whom to ask.

use crate::{Rejection, Settings, Tenant};

/// Whether the tenant may opt in.
///
/// # Errors
/// What is missing, and whom to ask.
pub fn may_opt_in(tenant: &Tenant, settings: &Settings) -> Result<(), Rejection> {
    if tenant.opted_in_at.is_some() {
        return Err(Rejection::AlreadyOptedIn);
    }
    if tenant.licensed_seats <= settings.seats_to_exceed {
        return Err(Rejection::TooFewSeats {
            seats: tenant.licensed_seats,
            needed_more_than: settings.seats_to_exceed,
            contact: settings.contact.clone(),
        });
    }
    if !tenant.regions.iter().any(|region| settings.enabled_regions.contains(region)) {
        return Err(Rejection::RegionNotEnabled { regions: tenant.regions.clone(), contact: settings.contact.clone() });
    }
    Ok(())
}

/// Whether the tenant has opted in.
///
/// # Errors
/// [`Rejection::NotOptedIn`].
pub fn has_opted_in(tenant: &Tenant) -> Result<(), Rejection> {
    tenant.opted_in_at.map(|_| ()).ok_or(Rejection::NotOptedIn)
}
