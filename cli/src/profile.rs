//! What `keyward login` remembers: where the server is, who signed in, the token, and each server's identity provider.
//!
//! It lies in `$KEYWARD_CONFIG_DIR`, else `$XDG_CONFIG_HOME/keyward`, else `~/.config/keyward`: `profile.json`,
//! `providers.json` and `token`, readable by their owner only. Where the folder is not named by `KEYWARD_CONFIG_DIR`, the
//! platform's keyring is used for the token: who names a folder wants all of it there.

use std::collections::BTreeMap;
use std::path::PathBuf;

use chrono::{DateTime, Utc};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::failure::Failure;
use crate::sign_in::Provider;
use crate::tokens::{
    Kept, Keyring, Openness, PlatformKeyring, TokenStore, Tokens, create_private_folder, locked, read, remove, write,
};

/// Most servers whose identity provider is remembered.
const MOST_SERVERS: usize = 64;

/// Who is signed in, and where.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Profile {
    /// The server that issued the token. The token goes nowhere else.
    pub(crate) url: String,
    /// The tenant that commands are about unless they name one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) tenant: Option<String>,
    /// The name at the development issuer; with it an expired token is fetched again.
    #[serde(rename = "as", skip_serializing_if = "Option::is_none")]
    pub(crate) signed_in_as: Option<String>,
    /// The person in the token: of a development issuer the identifier, else the name that people know best.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) person: Option<String>,
    /// Claims of a provider's token that may be the person's identifier, by their names.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) identifiers: BTreeMap<String, String>,
    /// The roles in the token.
    #[serde(default)]
    pub(crate) roles: Vec<String>,
    /// The identity provider that the token is of; a development issuer's has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) provider: Option<Provider>,
    /// Whether it was signed in on another device.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) by_device: bool,
    /// When the token ends: by this machine's clock, or that of a local server which issued it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) expires_at: Option<DateTime<Utc>>,
}

/// The folder.
pub(crate) struct ProfileFolder {
    path: PathBuf,
    tokens: TokenStore,
}

impl ProfileFolder {
    /// Where the environment says.
    pub(crate) fn from_environment() -> Result<Self, Failure> {
        let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        if let Some(folder) = set("KEYWARD_CONFIG_DIR") {
            return Ok(Self::at(folder, None));
        }
        let folder = set("XDG_CONFIG_HOME")
            .map(|folder| folder.join("keyward"))
            .or_else(|| set("HOME").map(|folder| folder.join(".config/keyward")))
            .or_else(|| set("APPDATA").map(|folder| folder.join("keyward")))
            .ok_or_else(|| Failure::usage("no home folder is known").next("Set KEYWARD_CONFIG_DIR to a folder."))?;
        let keyring = PlatformKeyring::of(&folder);
        Ok(Self::at(folder, Some(Box::new(keyring))))
    }

    fn at(path: PathBuf, keyring: Option<Box<dyn Keyring>>) -> Self {
        Self { tokens: TokenStore::new(path.join("token"), keyring), path }
    }

    /// The profile, if somebody signed in.
    pub(crate) fn profile(&self) -> Result<Option<Profile>, Failure> {
        self.document("profile.json")
    }

    /// The tokens, if there are some.
    pub(crate) fn tokens(&self) -> Result<Option<Tokens>, Failure> {
        self.tokens.load()
    }

    /// Where the tokens are, if there are some.
    pub(crate) fn kept(&self) -> Result<Option<Kept>, Failure> {
        self.tokens.kept()
    }

    /// Remembers both, and says where the tokens are.
    pub(crate) fn save(&self, profile: &Profile, tokens: &Tokens) -> Result<Kept, Failure> {
        self.write("profile.json", profile)?;
        self.tokens.save(tokens)
    }

    /// The identity provider of a server, if somebody signed in there once.
    pub(crate) fn provider(&self, url: &str) -> Result<Option<Provider>, Failure> {
        let known: Option<BTreeMap<String, Provider>> = self.document("providers.json")?;
        Ok(known.and_then(|mut known| known.remove(url)))
    }

    /// Remembers the identity provider of a server, beyond signing out.
    pub(crate) fn remember_provider(&self, url: &str, provider: &Provider) -> Result<(), Failure> {
        // One that does not read is written anew.
        let mut known: BTreeMap<String, Provider> = self.document("providers.json").ok().flatten().unwrap_or_default();
        known.insert(url.to_owned(), provider.clone());
        while known.len() > MOST_SERVERS {
            let Some(other) = known.keys().find(|key| *key != url).cloned() else { break };
            known.remove(&other);
        }
        self.write("providers.json", &known)
    }

    /// Forgets who is signed in. Says whether there was something to forget.
    pub(crate) fn forget(&self) -> Result<bool, Failure> {
        // So that a command that is getting a new token does not write it afterwards.
        let _held = self.path.exists().then(|| self.hold_tokens()).transpose()?;
        let token = self.tokens.forget()?;
        let profile = remove(&self.path.join("profile.json"))?;
        remove(&self.path.join("token.lock"))?;
        Ok(token || profile)
    }

    /// Waits until no other command writes tokens. Held until what is returned is dropped.
    pub(crate) fn hold_tokens(&self) -> Result<std::fs::File, Failure> {
        self.create()?;
        locked(&self.path.join("token.lock"))
    }

    fn document<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, Failure> {
        let path = self.path.join(name);
        let Some(text) = read(&path, Openness::Told)? else { return Ok(None) };
        serde_json::from_str(&text).map(Some).map_err(|e| {
            Failure::usage(format!("{} is not understood: {e}", path.display())).next("Sign in again: keyward login")
        })
    }

    fn create(&self) -> Result<(), Failure> {
        create_private_folder(&self.path).map_err(|e| Failure::file("making", &self.path, &e))
    }

    fn write<T: Serialize>(&self, name: &str, content: &T) -> Result<(), Failure> {
        self.create()?;
        let text = serde_json::to_string_pretty(content).map_err(|e| Failure::unexpected(e.to_string()))?;
        write(&self.path.join(name), text.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;
    use keyward_api::SecretText;

    fn tokens() -> Tokens {
        Tokens { access: SecretText::new("secret".to_owned()), refresh: None }
    }

    fn provider(client_id: &str) -> Provider {
        Provider::new("https://id.example.org".to_owned(), client_id.to_owned())
    }

    #[test]
    fn a_profile_is_remembered_and_forgotten() {
        let folder = tempfile::tempdir().unwrap();
        let folder = ProfileFolder::at(folder.path().join("deep/keyward"), None);
        assert_eq!(folder.profile().unwrap(), None);
        let profile = Profile { url: "http://127.0.0.1:7420".to_owned(), ..Profile::default() };
        assert_eq!(folder.save(&profile, &tokens()).unwrap(), Kept::File);
        assert_eq!(folder.profile().unwrap(), Some(profile));
        assert_eq!(folder.tokens().unwrap(), Some(tokens()));
        drop(folder.hold_tokens().unwrap());
        assert!(folder.forget().unwrap());
        assert!(!folder.forget().unwrap());
        assert!(folder.tokens().unwrap().is_none());
    }

    #[test]
    fn providers_are_remembered_by_server() {
        let folder = tempfile::tempdir().unwrap();
        let folder = ProfileFolder::at(folder.path().join("keyward"), None);
        assert_eq!(folder.provider("https://a").unwrap(), None);
        for url in ["https://a", "https://b"] {
            folder.remember_provider(url, &provider(url)).unwrap();
        }
        assert_eq!(folder.provider("https://a").unwrap(), Some(provider("https://a")));
        assert_eq!(folder.provider("https://a/").unwrap(), None);
        for number in 0..=MOST_SERVERS {
            folder.remember_provider(&format!("https://{number}"), &provider("c")).unwrap();
        }
        folder.remember_provider("https://a", &provider("c")).unwrap();
        assert_eq!(folder.provider("https://a").unwrap(), Some(provider("c")));
        let known: BTreeMap<String, Provider> = folder.document("providers.json").unwrap().unwrap();
        assert_eq!(known.len(), MOST_SERVERS);
    }

    #[cfg(unix)]
    #[test]
    fn only_the_owner_reads_it() {
        use std::os::unix::fs::PermissionsExt as _;
        let outer = tempfile::tempdir().unwrap();
        let folder = ProfileFolder::at(outer.path().join("keyward"), None);
        folder.save(&Profile::default(), &tokens()).unwrap();
        let mode = |name: &str| std::fs::metadata(folder.path.join(name)).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(""), 0o700);
        assert_eq!(mode("token"), 0o600);
        assert_eq!(mode("profile.json"), 0o600);
    }
}
