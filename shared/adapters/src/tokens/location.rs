//! Where an issuer's keys are.

use http::Uri;
use serde_json::Value;

use super::documents::{DocumentError, Documents};
use super::json;
use super::key_set::{DOCUMENT_LIMIT, KeySet};

/// Where discovery documents are (OpenID Connect Discovery 1.0, section 4).
const WELL_KNOWN: &str = "/.well-known/openid-configuration";
/// Most values in one.
const VALUES: usize = 4096;

/// Where an issuer publishes its keys. All of it comes from the deployment's settings; nothing that a token says leads anywhere.
#[derive(Clone, Debug)]
pub(super) enum KeyLocation {
    /// At this address.
    Jwks(Uri),
    /// Where the issuer's discovery document says, on the issuer's own host.
    Discovery {
        /// The issuer, which the document has to repeat.
        issuer: String,
        /// Address of the document.
        document: Uri,
        /// Whether addresses of this machine need no TLS.
        loopback: bool,
    },
}

impl KeyLocation {
    /// An address that the settings name.
    pub(super) fn jwks(address: &str, loopback: bool) -> Result<Self, String> {
        permitted(address, loopback).map(Self::Jwks)
    }

    /// The issuer's discovery document.
    pub(super) fn discovery(issuer: &str, loopback: bool) -> Result<Self, String> {
        if issuer.contains(['?', '#']) {
            return Err(format!("the issuer {issuer} has a query: set `jwks_uri`"));
        }
        let document = permitted(&format!("{}{WELL_KNOWN}", issuer.trim_end_matches('/')), loopback)?;
        Ok(Self::Discovery { issuer: issuer.to_owned(), document, loopback })
    }

    /// Asks for the keys.
    pub(super) async fn fetch(&self, documents: &dyn Documents) -> Result<KeySet, DocumentError> {
        let address = match self {
            Self::Jwks(address) => address.clone(),
            Self::Discovery { issuer, document, loopback } => {
                let found = documents.get(document, DOCUMENT_LIMIT).await;
                let found = found.map_err(|error| DocumentError(format!("{document}: {error}")))?;
                announced(&found, issuer, document, *loopback)
                    .map_err(|error| DocumentError(format!("{document}: {error}")))?
            }
        };
        let keys = documents.get(&address, DOCUMENT_LIMIT).await;
        keys.and_then(|keys| KeySet::read(&keys).map_err(|error| DocumentError(error.to_owned())))
            .map_err(|error| DocumentError(format!("{address}: {error}")))
    }
}

/// The address of the keys in a discovery document.
fn announced(document: &[u8], issuer: &str, address: &Uri, loopback: bool) -> Result<Uri, String> {
    let document = json::object(document, VALUES).ok_or("it is no JSON object, or too large a one")?;
    if document.get("issuer").and_then(Value::as_str) != Some(issuer) {
        return Err(format!("it is of another issuer than {issuer}"));
    }
    let announced = document.get("jwks_uri").and_then(Value::as_str).ok_or("it has no `jwks_uri`")?;
    let announced = permitted(announced, loopback)?;
    if announced.scheme() == address.scheme() && place(&announced) == place(address) {
        Ok(announced)
    } else {
        Err(format!("its keys are on another host, {announced}: if that is right, set `jwks_uri`"))
    }
}

/// Host and port.
fn place(address: &Uri) -> Option<(String, u16)> {
    let standard = if address.scheme_str() == Some("http") { 80 } else { 443 };
    Some((address.host()?.to_ascii_lowercase(), address.port_u16().unwrap_or(standard)))
}

/// An address with `https`, or without TLS where it is of this machine and that is allowed.
fn permitted(address: &str, loopback: bool) -> Result<Uri, String> {
    let uri: Uri = address.parse().map_err(|_| format!("{address} is no address"))?;
    let (Some(scheme), Some(host)) = (uri.scheme_str(), uri.host()) else {
        return Err(format!("{address} is no whole address"));
    };
    let is_loopback = host.trim_matches(['[', ']']).parse().is_ok_and(|ip: std::net::IpAddr| ip.is_loopback());
    let has_more = uri.authority().is_some_and(|authority| authority.as_str().contains('@')) || address.contains('#');
    match scheme {
        _ if has_more => Err(format!("{address} has a user or a fragment")),
        "https" => Ok(uri),
        "http" if loopback && is_loopback => Ok(uri),
        _ => Err(format!("{address} is not https")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn addresses_have_tls_or_are_of_this_machine() {
        for good in ["https://issuer.example", "https://issuer.example:8443/a?b=c"] {
            assert!(permitted(good, false).is_ok(), "{good}");
        }
        for local in ["http://127.0.0.1:8080/jwks", "http://[::1]:8080/jwks", "http://127.1.2.3/"] {
            assert!(permitted(local, true).is_ok(), "{local}");
            assert!(permitted(local, false).is_err(), "{local}");
        }
        for bad in [
            "",
            "issuer.example",
            "/jwks",
            "http://issuer.example",
            "http://localhost:8080",
            "http://127.0.0.1.issuer.example",
            "http://127.0.0.1@issuer.example",
            "https://user@issuer.example",
            "https://issuer.example/#a",
            "ftp://127.0.0.1",
            "file:///etc/passwd",
            "http://169.254.169.254/latest",
        ] {
            assert!(permitted(bad, true).is_err(), "{bad}");
        }
    }

    #[test]
    fn keys_are_on_the_issuers_own_host() {
        const ISSUER: &str = "https://issuer.example/realm";
        let told = |document: Value| {
            let address = KeyLocation::discovery(ISSUER, false)?;
            let KeyLocation::Discovery { document: address, .. } = address else {
                return Err("no discovery".to_owned());
            };
            assert_eq!(address, "https://issuer.example/realm/.well-known/openid-configuration");
            announced(document.to_string().as_bytes(), ISSUER, &address, false).map(|uri| uri.to_string())
        };
        for good in ["https://issuer.example/jwks", "https://ISSUER.example:443/jwks"] {
            assert!(told(json!({ "issuer": ISSUER, "jwks_uri": good })).is_ok(), "{good}");
        }
        for (document, reason) in [
            (json!({ "issuer": ISSUER, "jwks_uri": "https://issuer.example.evil.example/jwks" }), "another host"),
            (json!({ "issuer": ISSUER, "jwks_uri": "https://issuer.example:8443/jwks" }), "another host"),
            (json!({ "issuer": ISSUER, "jwks_uri": "http://issuer.example/jwks" }), "not https"),
            (json!({ "issuer": ISSUER }), "no `jwks_uri`"),
            (
                json!({ "issuer": "https://issuer.example", "jwks_uri": "https://issuer.example/jwks" }),
                "another issuer",
            ),
            (json!([]), "no JSON object"),
        ] {
            let refusal = told(document.clone()).err().unwrap_or_default();
            assert!(refusal.contains(reason), "{document}: {refusal}");
        }
    }
}
