#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::cell::RefCell;
use std::fs;
use std::rc::Rc;

use super::keyring::Key;
use super::*;

/// A keyring in memory, which may be locked.
#[derive(Clone, Default)]
struct Memory(Rc<RefCell<(Option<Vec<u8>>, bool)>>);

impl Keyring for Memory {
    fn key(&self) -> Result<Option<Key>, NoKeyring> {
        let inner = self.0.borrow();
        if inner.1 {
            return Err(NoKeyring("it is locked".to_owned()));
        }
        Ok(inner.0.as_ref().map(|key| Zeroizing::new(key.as_slice().try_into().unwrap())))
    }

    fn keep(&self, key: &Key) -> Result<(), NoKeyring> {
        let mut inner = self.0.borrow_mut();
        if inner.1 {
            return Err(NoKeyring("it is locked".to_owned()));
        }
        inner.0 = Some(key.to_vec());
        Ok(())
    }

    fn forget(&self) -> Result<(), NoKeyring> {
        self.0.borrow_mut().0 = None;
        Ok(())
    }
}

fn tokens(refresh: Option<&str>) -> Tokens {
    Tokens {
        access: SecretText::new("access.token".to_owned()),
        refresh: refresh.map(|text| SecretText::new(text.to_owned())),
    }
}

#[test]
fn without_a_keyring_they_are_in_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let store = TokenStore::new(folder.path().join("token"), None);
    assert!(store.load().unwrap().is_none() && store.kept().unwrap().is_none());
    for tokens in [tokens(None), tokens(Some("refresh"))] {
        assert_eq!(store.save(&tokens).unwrap(), Kept::File);
        assert_eq!(store.load().unwrap(), Some(tokens));
        assert_eq!(store.kept().unwrap(), Some(Kept::File));
    }
    assert!(store.forget().unwrap());
    assert!(!store.forget().unwrap());
}

#[test]
fn with_a_keyring_the_file_is_sealed() {
    let folder = tempfile::tempdir().unwrap();
    let (path, memory) = (folder.path().join("token"), Memory::default());
    let store = TokenStore::new(path.clone(), Some(Box::new(memory.clone())));
    let tokens = tokens(Some("refresh"));
    assert_eq!(store.save(&tokens).unwrap(), Kept::Keyring);
    let first = fs::read_to_string(&path).unwrap();
    assert!(!first.contains("access") && !first.contains("refresh"), "{first}");
    assert_eq!(store.load().unwrap(), Some(tokens.clone()));
    // Again under the same key, and not the same text.
    let key = memory.0.borrow().0.clone();
    store.save(&tokens).unwrap();
    assert_eq!(memory.0.borrow().0, key);
    assert_ne!(fs::read_to_string(&path).unwrap(), first);
    // The file alone opens nothing.
    let code = |store: &TokenStore| store.load().err().map(|failure| failure.code.clone());
    assert_eq!(code(&TokenStore::new(path.clone(), None)).as_deref(), Some("keyring"));
    assert_eq!(code(&TokenStore::new(path.clone(), Some(Box::new(Memory::default())))).as_deref(), Some("keyring"));
    memory.0.borrow_mut().1 = true;
    assert_eq!(code(&store).as_deref(), Some("keyring"));
    memory.0.borrow_mut().1 = false;
    let damaged = fs::read_to_string(&path).unwrap().replacen("1\n", "1\nA", 1);
    super::write(&path, damaged.as_bytes()).unwrap();
    assert_eq!(code(&store).as_deref(), Some("keyring"));
    assert!(store.forget().unwrap());
    assert!(memory.0.borrow().0.is_none() && !path.exists());
}

#[test]
fn a_locked_keyring_does_not_keep_anybody_from_signing_in() {
    let folder = tempfile::tempdir().unwrap();
    let memory = Memory::default();
    memory.0.borrow_mut().1 = true;
    let store = TokenStore::new(folder.path().join("token"), Some(Box::new(memory)));
    assert_eq!(store.save(&tokens(None)).unwrap(), Kept::File);
    assert_eq!(store.load().unwrap(), Some(tokens(None)));
}

#[cfg(unix)]
#[test]
fn a_file_that_others_can_read_is_not_taken() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("token");
    let store = TokenStore::new(path.clone(), None);
    for mode in [0o644, 0o640, 0o604, 0o620, 0o601] {
        store.save(&tokens(None)).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        let failure = store.load().err().unwrap();
        assert_eq!((failure.code.as_str(), failure.exit.code()), ("token_file_open", 2), "{mode:o}");
        assert!(!failure.to_string().contains("access.token"));
    }
    // Signing in again, and out, puts it right.
    store.save(&tokens(None)).unwrap();
    assert!(store.load().is_ok());
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    assert!(store.forget().unwrap());
}

#[test]
fn tokens_are_not_shown() {
    let shown = format!("{:?}", tokens(Some("refresh.secret")));
    assert!(!shown.contains("access.token") && !shown.contains("refresh.secret"), "{shown}");
}
