//! Signing in at the deployment's identity provider: in a browser (RFC 8252 with RFC 7636), by a code that is typed on
//! another device (RFC 8628), and again without anybody by a refresh token.
//!
//! Nothing here is kept; `tokens` does that.

mod browser;
mod claims;
mod device;
mod device_answers;
mod discovery;
mod form;
mod loopback;
mod pkce;
mod provider;
mod redirect;
mod revocation;
mod token_endpoint;
mod web;

pub(crate) use browser::{Asking, by_browser};
pub(crate) use claims::Claims;
pub(crate) use device::by_device;
pub(crate) use discovery::Discovered;
pub(crate) use provider::Provider;
pub(crate) use revocation::revoke;
pub(crate) use token_endpoint::Grant;
pub(crate) use web::Web;
