//! A6: the tenant's list says who its administrators are. A new one cannot lock, roll back, destroy, delete or approve for
//! 24 h; one who was removed gets the notices, and may roll back, for as long. At least one administrator whose 24 h are over stays.
//!
//! So a stolen account can neither appoint its helper nor take the others out of the way before they have had a day to undo it.

use crate::{Administrator, Context, Event, PersonId, Rejection, Tenant, tenant::is_same};

fn lists(administrators: &[Administrator], person: &PersonId) -> bool {
    administrators.iter().any(|administrator| administrator.person == *person)
}

/// The caller is on the list.
///
/// # Errors
/// [`Rejection::AdministratorNotListed`].
pub fn is_listed(tenant: &Tenant, context: &Context<'_>) -> Result<(), Rejection> {
    if lists(&tenant.administrators, context.by) { Ok(()) } else { Err(Rejection::AdministratorNotListed) }
}

/// The caller is on the list, or was until lately.
///
/// # Errors
/// [`Rejection::AdministratorNotListed`].
pub fn is_or_was_listed(tenant: &Tenant, context: &Context<'_>) -> Result<(), Rejection> {
    // Who left while new never could.
    if settled(tenant, context.by, context) { Ok(()) } else { is_listed(tenant, context) }
}

/// The caller has not come onto the list lately.
///
/// # Errors
/// [`Rejection::AdministratorTooNew`] with the instant from which the caller has not.
pub fn is_settled(tenant: &Tenant, context: &Context<'_>) -> Result<(), Rejection> {
    match tenant.new_until(context.by, context.now) {
        Some(retry_at) => Err(Rejection::AdministratorTooNew { retry_at }),
        None => Ok(()),
    }
}

/// Whether somebody is on the list, or was lately, and their wait is over.
#[must_use]
pub fn settled(tenant: &Tenant, person: &PersonId, context: &Context<'_>) -> bool {
    let was_listed = tenant.lately_left(context.now).any(|former| former.administrator.person == *person);
    (was_listed || lists(&tenant.administrators, person)) && tenant.new_until(person, context.now).is_none()
}

/// One of the administrators whose wait is over is on the new list too; where there is none, the new list has anybody.
///
/// # Errors
/// [`Rejection::LastAdministrator`].
pub fn one_stays(tenant: &Tenant, wanted: &[Administrator], context: &Context<'_>) -> Result<(), Rejection> {
    let is_settled = |one: &&Administrator| tenant.new_until(&one.person, context.now).is_none();
    let mut settled = tenant.administrators.iter().filter(is_settled).peekable();
    let stays = if settled.peek().is_some() {
        settled.any(|administrator| lists(wanted, &administrator.person))
    } else {
        !wanted.is_empty()
    };
    if stays { Ok(()) } else { Err(Rejection::LastAdministrator) }
}

/// What a new list means for those who come and go, within what a tenant can have.
///
/// # Errors
/// [`Rejection::TooManyAdministrators`].
pub fn set(tenant: &Tenant, wanted: &[Administrator], context: &Context<'_>) -> Result<Event, Rejection> {
    let settled_at = context.now + context.settings.administrator_wait.delta();
    let told: Vec<&Administrator> = tenant.lately_left(context.now).map(|former| &former.administrator).collect();
    // Whoever left lately and comes back is no new administrator. Whoever left while new is: `new_administrators` has them for as long as
    // they count as having left lately, and their wait begins again. Time off the list is no time in which others could have objected.
    let left_while_new = |person: &PersonId| tenant.new_until(person, context.now).is_some();
    let comes_back = |person: &PersonId| told.iter().any(|former| former.person == *person) && !left_while_new(person);
    let is_new = |person: &PersonId| !lists(&tenant.administrators, person) && !comes_back(person);
    let added = wanted.iter().map(|one| &one.person).filter(|person| is_new(person)).cloned().collect();
    let is_gone = |one: &&Administrator| !wanted.iter().any(|listed| is_same(listed, one));
    let removed: Vec<Administrator> = tenant.administrators.iter().filter(is_gone).cloned().collect();
    let most = context.settings.administrators_per_tenant;
    // Only who brings somebody unknown is held up by those who have left: else a list filled with helpers could not be emptied.
    let is_known =
        |one: &Administrator| tenant.administrators.iter().chain(told.iter().copied()).any(|known| is_same(known, one));
    let brings_unknown = !wanted.iter().all(is_known);
    // A list that the provider registered longer, or under other settings, may become shorter by one at a time.
    let is_too_long = wanted.len() > most && wanted.len() >= tenant.administrators.len();
    if is_too_long || (brings_unknown && told.len() + removed.len() > most) {
        return Err(Rejection::TooManyAdministrators { most });
    }
    Ok(Event::AdministratorsSet { administrators: wanted.to_vec(), added, removed, settled_at })
}
