//! What `keyward login` remembers: where the server is, who signed in, and the token.
//!
//! It lies in `$KEYWARD_CONFIG_DIR`, else `$XDG_CONFIG_HOME/keyward`, else `~/.config/keyward`: `profile.json`,
//! and `token` in a file of its own, both readable by their owner only.

use std::fs;
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::failure::Failure;

/// Longest file that is read from the folder, in bytes.
const LONGEST_FILE: u64 = 64 * 1024;

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
    /// The person in the token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) person: Option<String>,
    /// The roles in the token.
    #[serde(default)]
    pub(crate) roles: Vec<String>,
}

/// The folder.
#[derive(Clone, Debug)]
pub(crate) struct ProfileFolder(PathBuf);

impl ProfileFolder {
    /// Where the environment says.
    pub(crate) fn from_environment() -> Result<Self, Failure> {
        let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        set("KEYWARD_CONFIG_DIR")
            .or_else(|| set("XDG_CONFIG_HOME").map(|folder| folder.join("keyward")))
            .or_else(|| set("HOME").map(|folder| folder.join(".config/keyward")))
            .map(Self)
            .ok_or_else(|| Failure::usage("no home folder is known").next("Set KEYWARD_CONFIG_DIR to a folder."))
    }

    /// The profile, if somebody signed in.
    pub(crate) fn profile(&self) -> Result<Option<Profile>, Failure> {
        let path = self.profile_path();
        let Some(text) = read(&path)? else { return Ok(None) };
        serde_json::from_str(&text).map(Some).map_err(|e| {
            Failure::usage(format!("{} is not a profile: {e}", path.display())).next("Sign in again: keyward login")
        })
    }

    /// The token, if there is one.
    pub(crate) fn token(&self) -> Result<Option<Zeroizing<String>>, Failure> {
        Ok(read(&self.token_path())?.map(|text| Zeroizing::new(text.trim().to_owned())))
    }

    /// Remembers both.
    pub(crate) fn save(&self, profile: &Profile, token: &str) -> Result<(), Failure> {
        create_private_folder(&self.0).map_err(|e| Failure::file("making", &self.0, &e))?;
        let text = serde_json::to_string_pretty(profile).map_err(|e| Failure::unexpected(e.to_string()))?;
        write(&self.profile_path(), text.as_bytes())?;
        write(&self.token_path(), token.as_bytes())
    }

    /// Forgets both. Says whether there was something to forget.
    pub(crate) fn forget(&self) -> Result<bool, Failure> {
        let mut forgot = false;
        for path in [self.token_path(), self.profile_path()] {
            match fs::remove_file(&path) {
                Ok(()) => forgot = true,
                Err(e) if e.kind() == io::ErrorKind::NotFound => {}
                Err(e) => return Err(Failure::file("removing", &path, &e)),
            }
        }
        Ok(forgot)
    }

    fn profile_path(&self) -> PathBuf {
        self.0.join("profile.json")
    }

    fn token_path(&self) -> PathBuf {
        self.0.join("token")
    }
}

fn read(path: &Path) -> Result<Option<Zeroizing<String>>, Failure> {
    let file = match fs::File::open(path) {
        Ok(file) => file,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(Failure::file("reading", path, &e)),
    };
    let mut text = Zeroizing::new(String::new());
    file.take(LONGEST_FILE).read_to_string(&mut text).map_err(|e| Failure::file("reading", path, &e))?;
    Ok(Some(text))
}

/// Written beside its place and renamed, so that it is never half there. The temporary file has mode 0600.
fn write(path: &Path, content: &[u8]) -> Result<(), Failure> {
    let failed = |e: &io::Error| Failure::file("writing", path, e);
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(|e| failed(&e))?;
    file.write_all(content).map_err(|e| failed(&e))?;
    file.persist(path).map(drop).map_err(|e| failed(&e.error))
}

#[cfg(unix)]
fn create_private_folder(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
}

#[cfg(not(unix))]
fn create_private_folder(path: &Path) -> io::Result<()> {
    fs::create_dir_all(path)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    #[test]
    fn a_profile_is_remembered_and_forgotten() {
        let folder = tempfile::tempdir().unwrap();
        let folder = ProfileFolder(folder.path().join("deep/keyward"));
        assert_eq!(folder.profile().unwrap(), None);
        let profile = Profile { url: "http://127.0.0.1:7420".to_owned(), ..Profile::default() };
        folder.save(&profile, "secret").unwrap();
        assert_eq!(folder.profile().unwrap(), Some(profile));
        assert_eq!(folder.token().unwrap().unwrap().as_str(), "secret");
        assert!(folder.forget().unwrap());
        assert!(!folder.forget().unwrap());
        assert!(folder.token().unwrap().is_none());
    }

    #[cfg(unix)]
    #[test]
    fn only_the_owner_reads_it() {
        use std::os::unix::fs::PermissionsExt as _;
        let outer = tempfile::tempdir().unwrap();
        let folder = ProfileFolder(outer.path().join("keyward"));
        folder.save(&Profile::default(), "secret").unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&folder.0), 0o700);
        assert_eq!(mode(&folder.token_path()), 0o600);
        assert_eq!(mode(&folder.profile_path()), 0o600);
    }
}
