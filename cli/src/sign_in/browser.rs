//! Authorization code with PKCE (RFC 6749, 4.1; RFC 7636; RFC 8252). The code that comes back is worth nothing to who
//! does not have the verifier, which does not leave this process but for the token endpoint.

use std::time::Duration;

use chrono::{DateTime, Utc};
use reqwest::Url;

use super::form::Form;
use super::loopback::Loopback;
use super::redirect::{Expected, Redirected};
use super::web::unusable;
use super::{Discovered, Grant, Provider, Web, pkce};
use crate::failure::Failure;
use crate::output::Output;

/// How long the person has.
const LONGEST_WAIT: Duration = Duration::from_secs(300);

/// How the person is asked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asking {
    /// Open the browser, and not only show the address.
    pub(crate) open_browser: bool,
    /// Ask for proof anew, though the browser is signed in.
    pub(crate) anew: bool,
}

/// Signs somebody in by the browser.
pub(crate) fn by_browser(
    web: &Web,
    provider: &Provider,
    asking: Asking,
    output: &Output,
    clock: fn() -> DateTime<Utc>,
) -> Result<Grant, Failure> {
    let discovered = Discovered::fetch(web, provider)?;
    let page = discovered.authorization.as_ref().ok_or_else(|| unusable("it has no page to sign in at"))?;
    let loopback = Loopback::open(provider.port)?;
    let (verifier, state) = (pkce::unguessable()?, pkce::unguessable()?);
    let redirect = loopback.redirect_uri();
    let address = address(page, (provider, &discovered), &redirect, (&verifier, &state), asking.anew);
    output.show(&format!("Sign in at:\n\n  {}\n", crate::output::plain(address.as_str())));
    if asking.open_browser {
        open(address.clone(), *output);
    }
    let expected = Expected {
        host: loopback.host().to_owned(),
        state,
        issuer: provider.issuer.clone(),
        names_itself: discovered.names_itself,
    };
    match loopback.wait(expected, LONGEST_WAIT)? {
        Redirected::Code(code) => Grant::of_code(web, (provider, &discovered), (&code, &verifier, &redirect), clock()),
        Redirected::Refused(refusal) => Err(refusal.failure()),
    }
}

/// Opens the browser beside this thread: one in the terminal ends only after it has been answered.
fn open(address: Url, output: Output) {
    std::thread::spawn(move || {
        if webbrowser::open(address.as_str()).is_err() {
            output.remark("No browser could be opened: open the address yourself.");
        }
    });
}

/// The page's address, with what it has to know.
fn address(
    page: &Url,
    (provider, discovered): (&Provider, &Discovered),
    redirect: &str,
    (verifier, state): (&str, &str),
    anew: bool,
) -> Url {
    let mut form = Form::new()
        .with("response_type", "code")
        .with("client_id", &provider.client_id)
        .with("redirect_uri", redirect)
        .with("scope", &provider.scope(&discovered.scopes))
        .with("state", state)
        .with("code_challenge", &pkce::challenge(verifier))
        .with("code_challenge_method", "S256");
    provider.name_the_api(&mut form);
    if anew {
        form.add("prompt", "login");
        // With this one the provider also has to say when it was (OpenID Connect Core, 3.1.2.1).
        form.add("max_age", "0");
    }
    let mut address = page.clone();
    let query = match page.query() {
        Some(query) if !query.is_empty() => format!("{query}&{}", form.text()),
        _ => form.text().to_owned(),
    };
    address.set_query(Some(&query));
    address
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    #[test]
    fn the_address_has_the_challenge_and_not_the_verifier() {
        let provider = Provider {
            scopes: vec!["api://keyward/access_as_user".to_owned()],
            audience: Some("keyward".to_owned()),
            ..Provider::new("https://id.example.org".to_owned(), "keyward cli".to_owned())
        };
        let page: Url = "https://id.example.org/authorize?p=1".parse().unwrap();
        let discovered = Discovered {
            authorization: Some(page.clone()),
            token: page.clone(),
            device: None,
            revocation: None,
            scopes: Vec::new(),
            names_itself: false,
        };
        let redirect = "http://127.0.0.1:7/signed-in";
        let address = address(&page, (&provider, &discovered), redirect, ("the-verifier", "the-state"), true);
        let value = |wanted: &str| {
            let found = address.query_pairs().find(|(name, _)| name == wanted);
            found.map(|(_, value)| value.into_owned()).unwrap_or_default()
        };
        assert_eq!(value("p"), "1");
        assert_eq!(value("client_id"), "keyward cli");
        assert_eq!(value("scope"), "openid api://keyward/access_as_user");
        assert_eq!(value("redirect_uri"), redirect);
        assert_eq!(value("code_challenge_method"), "S256");
        assert_eq!(value("code_challenge"), pkce::challenge("the-verifier"));
        assert_eq!(
            (value("state"), value("audience"), value("prompt"), value("max_age")),
            ("the-state".into(), "keyward".into(), "login".into(), "0".into())
        );
        assert!(!address.as_str().contains("the-verifier"));
    }
}
