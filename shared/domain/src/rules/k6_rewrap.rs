//! K6: a key change re-wraps the data keys of every environment managed by the tenant key; it resumes where it stopped after a
//! crash, and until it is finished both keys are kept.

use crate::{Environment, Event, ManagedBy, OperationId, Tenant, WrappingKey};

/// What a running key change still has to do to an environment, if anything. After a rollback to the provider's key there is no active
/// key, and the environment goes back to the provider with a new generation, as by a revert.
///
/// An environment that a lock still holds is past its deadline (K5 lets no key change in before); it is the deletion's, not ours.
#[must_use]
pub fn step(tenant: &Tenant, environment: &Environment, operation: &OperationId) -> Option<Event> {
    if !environment.is_present() || environment.managed_by != ManagedBy::Tenant || tenant.lock_of(environment).is_some()
    {
        return None;
    }
    let WrappingKey::Protection { key: from } = &environment.wrapped_by else { return None };
    match &tenant.active_key {
        Some(to) if to == from => None,
        Some(to) => Some(Event::EnvironmentRewrapped {
            environment: environment.id.clone(),
            from: from.clone(),
            to: to.clone(),
            operation: operation.clone(),
        }),
        None => Some(Event::EnvironmentReverted {
            environment: environment.id.clone(),
            from: from.clone(),
            generation: environment.newest_generation + 1,
            operation: Some(operation.clone()),
        }),
    }
}
