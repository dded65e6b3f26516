//! Where a provider's endpoints are (OpenID Connect Discovery 1.0).

use reqwest::Url;
use serde::Deserialize;

use super::Provider;
use super::web::{Web, address, not_reachable, unusable};
use crate::failure::{Exit, Failure};

/// The provider's endpoints. Each is https, or on this machine.
#[derive(Clone, Debug)]
pub(crate) struct Discovered {
    /// Where a person signs in; a provider without browsers has none.
    pub(crate) authorization: Option<Url>,
    /// Where tokens are given out.
    pub(crate) token: Url,
    /// Where signing in on another device begins (RFC 8628).
    pub(crate) device: Option<Url>,
    /// Where a token is revoked (RFC 7009).
    pub(crate) revocation: Option<Url>,
    /// Scopes that it knows.
    pub(crate) scopes: Vec<String>,
    /// Whether its answers in the browser name the issuer (RFC 9207).
    pub(crate) names_itself: bool,
}

#[derive(Deserialize)]
struct Document {
    issuer: String,
    token_endpoint: String,
    authorization_endpoint: Option<String>,
    device_authorization_endpoint: Option<String>,
    revocation_endpoint: Option<String>,
    #[serde(default)]
    scopes_supported: Vec<String>,
    code_challenge_methods_supported: Option<Vec<String>>,
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
}

impl Discovered {
    /// Asks the provider.
    pub(crate) fn fetch(web: &Web, provider: &Provider) -> Result<Self, Failure> {
        let issuer = address(&provider.issuer, "issuer")?;
        if issuer.query().is_some() {
            return Err(unusable("the issuer has a query"));
        }
        let place = format!("{}/.well-known/openid-configuration", provider.issuer.trim_end_matches('/'));
        let reply = web.get(&address(&place, "issuer")?)?;
        match reply.status {
            200 => Self::of_document(&reply.body, &provider.issuer),
            _ if reply.may_pass() => Err(not_reachable(issuer.host_str().unwrap_or_default())),
            status => Err(unusable(format!("{place} answers with status {status}"))),
        }
    }

    fn of_document(body: &[u8], issuer: &str) -> Result<Self, Failure> {
        let document: Document =
            serde_json::from_slice(body).map_err(|e| unusable(format!("its configuration is not understood: {e}")))?;
        // Otherwise one provider could pass itself off as another.
        if document.issuer != issuer {
            return Err(Failure::new(
                Exit::Usage,
                "provider_mismatch",
                format!("the identity provider at {issuer} calls itself {}", document.issuer),
            )
            .next("If that is the right one, give --issuer exactly as it calls itself."));
        }
        if document.code_challenge_methods_supported.is_some_and(|known| !known.iter().any(|name| name == "S256")) {
            return Err(unusable("it knows no PKCE with S256"));
        }
        let optional =
            |text: &Option<String>| text.as_ref().map(|text| address(text, "provider's address")).transpose();
        Ok(Self {
            authorization: optional(&document.authorization_endpoint)?,
            token: address(&document.token_endpoint, "provider's address")?,
            device: optional(&document.device_authorization_endpoint)?,
            revocation: optional(&document.revocation_endpoint)?,
            scopes: document.scopes_supported,
            names_itself: document.authorization_response_iss_parameter_supported,
        })
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;
    use serde_json::{Value, json};

    const ISSUER: &str = "https://id.example.org/main";

    fn read(change: impl FnOnce(&mut Value)) -> Result<Discovered, Failure> {
        let mut document = json!({
            "issuer": ISSUER,
            "authorization_endpoint": "https://id.example.org/authorize",
            "token_endpoint": "https://login.example.org/token",
            "code_challenge_methods_supported": ["plain", "S256"],
        });
        change(&mut document);
        Discovered::of_document(document.to_string().as_bytes(), ISSUER)
    }

    #[test]
    fn endpoints_are_read() {
        let found = read(|_| {}).unwrap();
        assert_eq!(found.token.as_str(), "https://login.example.org/token");
        assert!(found.device.is_none() && found.scopes.is_empty() && !found.names_itself);
        // What a provider does not say is not held against it.
        assert!(read(|d| drop(d.as_object_mut().unwrap().remove("code_challenge_methods_supported"))).is_ok());
    }

    #[test]
    fn what_could_mislead_is_refused() {
        let code = |change: fn(&mut Value)| read(change).err().unwrap().code.clone();
        assert_eq!(code(|d| d["issuer"] = json!("https://id.example.org/other")), "provider_mismatch");
        assert_eq!(code(|d| d["issuer"] = json!("https://id.example.org/main/")), "provider_mismatch");
        assert_eq!(code(|d| d["token_endpoint"] = json!("http://id.example.org/token")), "provider_address");
        assert_eq!(code(|d| d["authorization_endpoint"] = json!("file:///bin/sh")), "provider_address");
        assert_eq!(code(|d| d["code_challenge_methods_supported"] = json!(["plain"])), "provider_not_usable");
        assert_eq!(code(|d| d["token_endpoint"] = json!(7)), "provider_not_usable");
        assert_eq!(code(|d| *d = json!([])), "provider_not_usable");
    }
}
