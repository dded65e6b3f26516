//! K8: a retired key can be destroyed only when no data key and no retained backup is wrapped by it; the API gives the earliest date and
//! what still depends on it. While a rollback (K7) could put the key back, it is kept too: else the change's author could destroy the
//! way back.

use crate::{
    ChangeKind, Context, KeyState, ProtectionKey, Rejection, Tenant, rejection::Dependents, rules::k7_rollback,
};

/// Whether nothing depends on the key any more.
///
/// # Errors
/// What does, and where it is a matter of time, from when on nothing will.
pub fn is_free(
    tenant: &Tenant,
    key: &ProtectionKey,
    dependents: &Dependents,
    context: &Context<'_>,
) -> Result<(), Rejection> {
    match key.state {
        KeyState::Destroyed => return Err(Rejection::KeyDestroyed),
        KeyState::Active => return Err(Rejection::KeyActive),
        KeyState::Available | KeyState::Retired => {}
    }
    let backups_until = dependents.backups_until.filter(|until| context.now < *until);
    let rollback_until = tenant
        .last_change
        .as_ref()
        .filter(|change| change.kind == ChangeKind::Activation && change.from.as_ref() == Some(&key.id))
        .map(|change| k7_rollback::closes_at(change, context))
        .filter(|until| context.now < *until);
    if key.environments == 0 && backups_until.is_none() && rollback_until.is_none() {
        return Ok(());
    }
    let retry_at = if key.environments == 0 { backups_until.max(rollback_until) } else { None };
    Err(Rejection::KeyInUse { environments: key.environments, dependents: dependents.clone(), retry_at })
}
