//! Whom the development issuer signs tokens for.

use std::{fs, io, path::PathBuf, sync::Mutex};

use keyward_adapters::tokens::Person;
use keyward_domain::{PersonId, TenantId};
use serde::{Deserialize, Serialize};

/// Most people that are kept.
const MOST: usize = 1000;

/// Somebody who can sign in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Known {
    /// The name to sign in as.
    pub(crate) name: String,
    /// The person in the token; the name where absent.
    #[serde(default)]
    pub(crate) person: Option<PersonId>,
    /// The tenant in the token.
    #[serde(default)]
    pub(crate) tenant: Option<TenantId>,
    /// The roles in the token.
    #[serde(default)]
    pub(crate) roles: Vec<String>,
}

impl Known {
    pub(crate) fn new(name: &str, tenant: Option<&TenantId>, roles: &[&str]) -> Self {
        Self {
            name: name.to_owned(),
            person: None,
            tenant: tenant.cloned(),
            roles: roles.iter().map(ToString::to_string).collect(),
        }
    }

    /// Whom the token is about.
    pub(crate) fn person(&self) -> Person {
        let sub = self.person.as_ref().map_or_else(|| self.name.clone(), ToString::to_string);
        Person {
            sub,
            tid: self.tenant.as_ref().map(ToString::to_string),
            name: self.name.clone(),
            roles: self.roles.clone(),
            auth_time: None,
        }
    }
}

/// The list, kept in a file of the data directory.
pub(crate) struct People {
    path: PathBuf,
    known: Mutex<Vec<Known>>,
}

impl People {
    pub(crate) fn open(path: PathBuf) -> io::Result<Self> {
        let known = match fs::read_to_string(&path) {
            Ok(text) => serde_json::from_str(&text).map_err(io::Error::other)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(error),
        };
        Ok(Self { path, known: Mutex::new(known) })
    }

    pub(crate) fn all(&self) -> Vec<Known> {
        self.known.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
    }

    pub(crate) fn find(&self, name: &str) -> Option<Known> {
        self.all().into_iter().find(|known| known.name == name)
    }

    /// Adds somebody, or changes who goes by this name.
    pub(crate) fn put(&self, new: Known) -> io::Result<()> {
        if PersonId::new(new.name.as_str()).is_err() {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "a name is 1 to 128 letters, digits and . _ @ + - | : / =",
            ));
        }
        let mut known = self.known.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let mut changed = known.clone();
        changed.retain(|other| other.name != new.name);
        if changed.len() >= MOST {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, format!("no more than {MOST} people are kept")));
        }
        changed.push(new);
        changed.sort_by(|a, b| a.name.cmp(&b.name));
        let temporary = self.path.with_extension("tmp");
        fs::write(&temporary, serde_json::to_vec_pretty(&changed).map_err(io::Error::other)?)?;
        fs::rename(&temporary, &self.path)?;
        *known = changed;
        Ok(())
    }
}
