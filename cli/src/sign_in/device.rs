//! Signing in on another device (RFC 8628): for a machine without a browser.

use std::time::Instant;

use chrono::{DateTime, Utc};

use super::device_answers::{DeviceCode, Then, expired, instructions};
use super::form::Form;
use super::{Discovered, Grant, Provider, Web};
use crate::failure::{Exit, Failure};
use crate::output::Output;

const GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// Signs somebody in by a code. It ends when the code does; interrupting the command leaves nothing behind.
pub(crate) fn by_device(
    web: &Web,
    provider: &Provider,
    output: &Output,
    clock: fn() -> DateTime<Utc>,
) -> Result<Grant, Failure> {
    let discovered = Discovered::fetch(web, provider)?;
    let endpoint = discovered.device.as_ref().ok_or_else(|| {
        Failure::new(Exit::Usage, "provider_not_usable", "the identity provider knows no sign-in by device code")
            .next("Sign in by the browser: keyward login")
    })?;
    let mut form =
        Form::new().with("client_id", &provider.client_id).with("scope", &provider.scope(&discovered.scopes));
    provider.name_the_api(&mut form);
    let begin = Instant::now();
    let code = DeviceCode::of_reply(&web.post(endpoint, &form)?)?;
    output.show(&instructions(&code));
    let form = Form::new()
        .with("grant_type", GRANT)
        .with("client_id", &provider.client_id)
        .with("device_code", code.device_code.expose());
    let mut polling = code.polling();
    while begin.elapsed() + polling.interval < polling.longest {
        std::thread::sleep(polling.interval);
        let reply = web.post(&discovered.token, &form).ok();
        match (polling.after(reply.as_ref())?, reply) {
            (Then::Read, Some(reply)) => return Grant::of_reply(&reply, &discovered.token, clock()),
            _ => output.trace("nobody has signed in yet"),
        }
    }
    Err(expired())
}
