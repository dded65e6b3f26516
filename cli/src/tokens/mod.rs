//! Where tokens are kept: in a file that only its owner can read, and where the platform has a keyring, sealed under a key
//! that the keyring holds ([why](../../../docs/decisions/0014-why-does-the-keyring-hold-a-key-and-not-the-tokens.md)).

mod keyring;
mod private_file;
mod seal;

use std::path::PathBuf;

use keyward_api::SecretText;
use zeroize::Zeroizing;

pub(crate) use keyring::{Keyring, NoKeyring, PlatformKeyring};
pub(crate) use private_file::{Openness, create_private_folder, locked, read, remove, write};

use crate::failure::{Exit, Failure};

/// First line of a sealed file.
const SEALED: &str = "keyward sealed tokens 1";

/// What a sign-in gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Tokens {
    /// What is sent to the server.
    pub(crate) access: SecretText,
    /// What another one is got for.
    pub(crate) refresh: Option<SecretText>,
}

/// Where they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kept {
    /// In a file, sealed under a key of the keyring.
    Keyring,
    /// In a file that only its owner can read.
    File,
}

/// The file, and the keyring if it is used.
pub(crate) struct TokenStore {
    path: PathBuf,
    keyring: Option<Box<dyn Keyring>>,
}

impl TokenStore {
    /// A store. Without a keyring the file's mode is all that protects it.
    pub(crate) fn new(path: PathBuf, keyring: Option<Box<dyn Keyring>>) -> Self {
        Self { path, keyring }
    }

    /// The tokens, if there are some.
    pub(crate) fn load(&self) -> Result<Option<Tokens>, Failure> {
        let Some(text) = read(&self.path, Openness::Refused)? else { return Ok(None) };
        let Some(sealed) = text.strip_prefix(SEALED) else { return Ok(parse(&text)) };
        let key = match self.keyring.as_ref().map(|keyring| keyring.key()) {
            Some(Ok(Some(key))) => key,
            Some(Ok(None)) | None => return Err(locked_away("the keyring does not hold the key of it")),
            Some(Err(NoKeyring(why))) => return Err(locked_away(&why)),
        };
        let opened = seal::open(&key, sealed).ok_or_else(|| locked_away("the keyring's key does not open it"))?;
        Ok(parse(&opened))
    }

    /// Keeps the tokens and says where.
    pub(crate) fn save(&self, tokens: &Tokens) -> Result<Kept, Failure> {
        let mut text = Zeroizing::new(tokens.access.expose().to_owned());
        if let Some(refresh) = &tokens.refresh {
            text = Zeroizing::new(format!("{}\n{}\n", text.as_str(), refresh.expose()));
        }
        match self.keyring.as_ref().map(|keyring| keyring::key_to_seal(keyring.as_ref())) {
            Some(Ok(key)) => {
                let sealed =
                    seal::seal(&key, &text).ok_or_else(|| Failure::unexpected("the tokens could not be sealed"))?;
                write(&self.path, format!("{SEALED}\n{sealed}\n").as_bytes())?;
                Ok(Kept::Keyring)
            }
            Some(Err(NoKeyring(_))) | None => {
                write(&self.path, text.as_bytes())?;
                Ok(Kept::File)
            }
        }
    }

    /// Where the tokens are, if there are some.
    pub(crate) fn kept(&self) -> Result<Option<Kept>, Failure> {
        let text = read(&self.path, Openness::Told)?;
        Ok(text.map(|text| if text.starts_with(SEALED) { Kept::Keyring } else { Kept::File }))
    }

    /// Forgets them, and the keyring its key. Says whether there were some.
    pub(crate) fn forget(&self) -> Result<bool, Failure> {
        // One that does not read is removed all the same.
        let was_sealed = matches!(self.kept(), Ok(Some(Kept::Keyring)));
        let forgot = remove(&self.path)?;
        // Without its file the key is worth nothing, so a keyring that does not answer is no failure.
        if let Some(keyring) = self.keyring.as_ref().filter(|_| was_sealed) {
            let _ = keyring.forget();
        }
        Ok(forgot)
    }
}

/// The access token's line, then that of the refresh token.
fn parse(text: &str) -> Option<Tokens> {
    let mut lines =
        text.lines().map(str::trim).filter(|line| !line.is_empty()).map(|line| SecretText::new(line.to_owned()));
    Some(Tokens { access: lines.next()?, refresh: lines.next() })
}

fn locked_away(why: &str) -> Failure {
    Failure::new(Exit::NotAllowed, "keyring", format!("the token is sealed and can't be opened: {why}"))
        .next("Unlock the keyring, or sign in again: keyward login")
}

#[cfg(test)]
mod tests;
