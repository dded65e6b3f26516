//! E4: a production environment is reverted or deleted only by a caller who states its name.

use crate::{Environment, EnvironmentKind, Name, Rejection};

/// The name that was stated, if one had to be, is the environment's. A wrong name is refused for every kind.
///
/// # Errors
/// [`Rejection::NameNotConfirmed`].
pub fn is_stated(environment: &Environment, stated: Option<&Name>) -> Result<(), Rejection> {
    match stated {
        Some(name) if *name == environment.name => Ok(()),
        None if environment.kind != EnvironmentKind::Production => Ok(()),
        _ => Err(Rejection::NameNotConfirmed),
    }
}
