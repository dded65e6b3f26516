//! Telling the provider that a refresh token is not to be taken any more (RFC 7009).

use keyward_api::SecretText;

use super::form::Form;
use super::web::unusable;
use super::{Discovered, Provider, Web};
use crate::failure::Failure;

/// Revokes a refresh token, where the provider can be told.
pub(crate) fn revoke(web: &Web, provider: &Provider, refresh: &SecretText) -> Result<(), Failure> {
    let Some(endpoint) = Discovered::fetch(web, provider)?.revocation else { return Ok(()) };
    let form = Form::new()
        .with("client_id", &provider.client_id)
        .with("token_type_hint", "refresh_token")
        .with("token", refresh.expose());
    match web.post(&endpoint, &form)?.status {
        200..=299 => Ok(()),
        status => Err(unusable(format!("its revocation answers with status {status}"))),
    }
}
