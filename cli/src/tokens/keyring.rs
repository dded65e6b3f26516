//! The platform's keyring: macOS's keychain, Windows' credentials, the Secret Service elsewhere. It holds one key.

use std::path::Path;
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use zeroize::Zeroizing;

/// Under which name the keyring shows it.
const SERVICE: &str = "keyward";
/// How long the keyring is waited for: it may ask the person for a password.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// A key of AES-256.
pub(crate) type Key = Zeroizing<[u8; 32]>;

/// There is none, or it gives nothing: why.
#[derive(Debug)]
pub(crate) struct NoKeyring(pub(crate) String);

/// What holds the key.
pub(crate) trait Keyring {
    /// The key, if it holds one.
    fn key(&self) -> Result<Option<Key>, NoKeyring>;
    /// Keeps a key.
    fn keep(&self, key: &Key) -> Result<(), NoKeyring>;
    /// Forgets the key.
    fn forget(&self) -> Result<(), NoKeyring>;
}

/// The key to seal under: the one that is there, or a new one.
pub(super) fn key_to_seal(keyring: &dyn Keyring) -> Result<Key, NoKeyring> {
    if let Some(key) = keyring.key()? {
        return Ok(key);
    }
    let mut key = Key::default();
    aws_lc_rs::rand::fill(key.as_mut_slice())
        .map_err(|_| NoKeyring("the system has no randomness to give".to_owned()))?;
    keyring.keep(&key)?;
    Ok(key)
}

/// The keyring of this platform.
pub(crate) struct PlatformKeyring {
    account: String,
}

impl PlatformKeyring {
    /// With an entry for a folder, so that two folders do not share their key.
    pub(crate) fn of(folder: &Path) -> Self {
        Self { account: folder.display().to_string() }
    }

    /// Asks the keyring beside this thread, and not for longer than a person needs.
    fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&keyring::Entry) -> keyring::Result<T> + Send + 'static,
    ) -> Result<Option<T>, NoKeyring> {
        let (sender, receiver) = channel();
        let account = self.account.clone();
        thread::spawn(move || {
            let answer = keyring::Entry::new(SERVICE, &account).and_then(|entry| question(&entry));
            let _ = sender.send(match answer {
                Ok(answer) => Ok(Some(answer)),
                Err(keyring::Error::NoEntry) => Ok(None),
                // Its words may hold what was kept; only its kind is told.
                Err(keyring::Error::NoDefaultStore) => Err(NoKeyring("there is no keyring here".to_owned())),
                Err(keyring::Error::NoStorageAccess(_)) => Err(NoKeyring("the keyring is locked".to_owned())),
                Err(_) => Err(NoKeyring("the keyring has failed".to_owned())),
            });
        });
        receiver.recv_timeout(LONGEST_WAIT).unwrap_or_else(|_| {
            Err(NoKeyring(format!("the keyring has not answered within {} s", LONGEST_WAIT.as_secs())))
        })
    }
}

impl Keyring for PlatformKeyring {
    fn key(&self) -> Result<Option<Key>, NoKeyring> {
        let Some(secret) = self.ask(|entry| entry.get_secret().map(Zeroizing::new))? else { return Ok(None) };
        let mut key = Key::default();
        if secret.len() != key.len() {
            return Err(NoKeyring("the keyring holds something else under this name".to_owned()));
        }
        key.copy_from_slice(&secret);
        Ok(Some(key))
    }

    fn keep(&self, key: &Key) -> Result<(), NoKeyring> {
        let key = key.clone();
        let kept = self.ask(move |entry| entry.set_secret(key.as_slice()))?;
        kept.ok_or_else(|| NoKeyring("the keyring has kept nothing".to_owned()))
    }

    fn forget(&self) -> Result<(), NoKeyring> {
        self.ask(|entry| entry.delete_credential()).map(drop)
    }
}
