//! Which identity provider a server believes, and as which client the command signs in there.

use serde::{Deserialize, Serialize};

use super::form::Form;

/// An identity provider and the command's registration there. It holds no secret: the command is a public client.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Provider {
    /// The issuer, an address without query, as it stands in its tokens.
    pub(crate) issuer: String,
    /// The command's identifier there.
    pub(crate) client_id: String,
    /// Scopes that are asked for besides `openid`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) scopes: Vec<String>,
    /// The parameter `audience`, where the provider wants to be told for which API the token is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) audience: Option<String>,
    /// The same as RFC 8707 has it, the parameter `resource`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) resource: Option<String>,
    /// The port that the browser comes back to, where the provider compares it; else any that is free.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) port: Option<u16>,
    /// No refresh token is asked for, and none kept.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) no_refresh: bool,
}

/// The scope that gives a refresh token.
const OFFLINE: &str = "offline_access";

impl Provider {
    /// One of which nothing more is known.
    pub(crate) fn new(issuer: String, client_id: String) -> Self {
        Self { issuer, client_id, scopes: Vec::new(), audience: None, resource: None, port: None, no_refresh: false }
    }

    /// The parameter `scope`. `offline_access`, which gives a refresh token, is asked for where the provider knows it.
    pub(crate) fn scope(&self, supported: &[String]) -> String {
        let mut all = vec!["openid"];
        all.extend(self.scopes.iter().map(String::as_str));
        if supported.iter().any(|scope| scope == OFFLINE) {
            all.push(OFFLINE);
        }
        if self.no_refresh {
            all.retain(|scope| *scope != OFFLINE);
        }
        let mut scope = String::new();
        for (index, one) in all.iter().enumerate() {
            if !all[..index].contains(one) {
                scope.push_str(if scope.is_empty() { "" } else { " " });
                scope.push_str(one);
            }
        }
        scope
    }

    /// For which API the token is to be, where that has to be said.
    pub(crate) fn name_the_api(&self, form: &mut Form) {
        if let Some(audience) = &self.audience {
            form.add("audience", audience);
        }
        if let Some(resource) = &self.resource {
            form.add("resource", resource);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_named_once() {
        let provider = |scopes: &[&str]| Provider {
            scopes: scopes.iter().map(|scope| (*scope).to_owned()).collect(),
            ..Provider::new("https://id.example.org".to_owned(), "c".to_owned())
        };
        let offline = ["offline_access".to_owned()];
        assert_eq!(provider(&[]).scope(&[]), "openid");
        assert_eq!(provider(&[]).scope(&offline), "openid offline_access");
        assert_eq!(provider(&["a", "openid", "offline_access", "a"]).scope(&offline), "openid a offline_access");
        let without = Provider { no_refresh: true, ..provider(&["a", "offline_access"]) };
        assert_eq!(without.scope(&offline), "openid a");
    }
}
