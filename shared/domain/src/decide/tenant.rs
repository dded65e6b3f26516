//! Registering a tenant and opting in.

use crate::{Context, Event, Facts, NewTenant, Rejection, Tenant, rules::k1_opt_in};

pub(super) fn register(facts: &Facts, tenant: &NewTenant, context: &Context<'_>) -> Result<Vec<Event>, Rejection> {
    if facts.tenant.is_some() {
        return Err(Rejection::TenantExists);
    }
    let most = context.settings.administrators_per_tenant;
    if tenant.administrators.len() > most {
        return Err(Rejection::TooManyAdministrators { most });
    }
    Ok(vec![Event::TenantRegistered { tenant: tenant.clone() }])
}

pub(super) fn opt_in(tenant: &Tenant, context: &Context<'_>) -> Result<Vec<Event>, Rejection> {
    k1_opt_in::may_opt_in(tenant, context.settings)?;
    Ok(vec![Event::TenantOptedIn])
}
