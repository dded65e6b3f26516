//! Requests to the identity provider: over TLS or to this machine, without redirects, bounded in size and time.

use std::io::Read as _;
use std::time::Duration;

use reqwest::Url;
use reqwest::blocking::{Client, RequestBuilder};
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

use super::form::Form;
use crate::client::is_safe;
use crate::failure::{Exit, Failure};

/// Longest document of a provider that is read, in bytes.
const LONGEST_DOCUMENT: u64 = 256 * 1024;

/// The way to a provider.
pub(crate) struct Web(Client);

/// What a provider answered: the status and the body, which may hold tokens.
pub(crate) struct Reply {
    /// The status.
    pub(crate) status: u16,
    /// The body; overwritten when dropped.
    pub(crate) body: Zeroizing<Vec<u8>>,
}

impl Web {
    /// With bounds.
    pub(crate) fn new() -> Result<Self, Failure> {
        Client::builder()
            .user_agent(concat!("keyward/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(Duration::from_secs(10))
            .timeout(Duration::from_secs(30))
            .build()
            .map(Self)
            .map_err(|e| Failure::unexpected(format!("no HTTP client: {e}")))
    }

    /// A document.
    pub(crate) fn get(&self, url: &Url) -> Result<Reply, Failure> {
        send(self.0.get(url.clone()), url)
    }

    /// An answer to a form.
    pub(crate) fn post(&self, url: &Url, form: &Form) -> Result<Reply, Failure> {
        let request = self
            .0
            .post(url.clone())
            .header("content-type", "application/x-www-form-urlencoded")
            .header("accept", "application/json")
            .body(form.text().to_owned());
        send(request, url)
    }
}

impl Reply {
    /// The body as its type. It is not repeated in the failure: it may hold tokens.
    pub(crate) fn read<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        serde_json::from_slice(&self.body).map_err(|e| {
            unusable(format!("an answer of it is not understood (line {}, column {})", e.line(), e.column()))
        })
    }

    /// Whether it may be another one soon.
    pub(crate) fn may_pass(&self) -> bool {
        matches!(self.status, 429 | 500..=599)
    }
}

fn send(request: RequestBuilder, url: &Url) -> Result<Reply, Failure> {
    let host = url.host_str().unwrap_or_default().to_owned();
    let response = request.send().map_err(|_| not_reachable(&host))?;
    let status = response.status().as_u16();
    let mut body = Zeroizing::new(Vec::new());
    response.take(LONGEST_DOCUMENT + 1).read_to_end(&mut body).map_err(|_| not_reachable(&host))?;
    if body.len() as u64 > LONGEST_DOCUMENT {
        return Err(unusable(format!("an answer of it is longer than {LONGEST_DOCUMENT} bytes")));
    }
    Ok(Reply { status, body })
}

/// An address of a provider. Without TLS it has to be this machine.
pub(crate) fn address(text: &str, what: &str) -> Result<Url, Failure> {
    let url = Url::parse(text).map_err(|e| {
        Failure::new(Exit::Usage, "provider_address", format!("the {what} {text} is not an address: {e}"))
            .next("Give the issuer as it stands in its tokens: --issuer https://…")
    })?;
    let has_password = !url.username().is_empty() || url.password().is_some();
    if !is_safe(&url) || has_password || url.fragment().is_some() {
        return Err(Failure::new(
            Exit::Usage,
            "provider_address",
            format!("the {what} {text} is not taken: it has to be https, or http on this machine, with no name or password in it"),
        )
        .next("Give the issuer as it stands in its tokens: --issuer https://…"));
    }
    Ok(url)
}

/// The provider does not do what it should.
pub(crate) fn unusable(why: impl std::fmt::Display) -> Failure {
    Failure::new(Exit::Usage, "provider_not_usable", format!("the identity provider can't be used: {why}"))
        .next("Check --issuer with whoever runs the identity provider; KEYWARD_TOKEN takes a token from elsewhere.")
}

/// The provider does not answer.
pub(crate) fn not_reachable(host: &str) -> Failure {
    Failure::new(Exit::TryLater, "provider_not_reachable", format!("the identity provider {host} does not answer"))
        .next("Check the network and --issuer, and try again.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_tls_or_this_machine() {
        for good in ["https://id.example.org/a", "http://127.0.0.1:9/x", "http://localhost/x", "http://[::1]:9"] {
            assert!(address(good, "issuer").is_ok(), "{good}");
        }
        for bad in [
            "http://id.example.org",
            "ftp://127.0.0.1",
            "id.example.org",
            "https://a:b@id.example.org",
            "https://id.example.org/#x",
            "javascript:alert(1)",
            "file:///etc/passwd",
        ] {
            assert_eq!(address(bad, "issuer").err().map(|f| f.exit), Some(Exit::Usage), "{bad}");
        }
    }
}
