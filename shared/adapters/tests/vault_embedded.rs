//! What is particular to the embedded vault: its directory, its master key, and being killed.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use keyward_adapters::vault::{EmbeddedVault, MasterKey, OpenVaultError};
use keyward_keyfile::{KeyBits, Limits, PrivateKey};
use keyward_service::ports::vault::{Vault as _, VaultError, VaultKeyName};

const SECRET: &[u8] = b"0123456789abcdef0123456789abcdef";

fn open(dir: &Path) -> EmbeddedVault {
    try_open(dir).unwrap()
}

fn try_open(dir: &Path) -> Result<EmbeddedVault, OpenVaultError> {
    let master_key = MasterKey::load_or_create(&dir.join("master.key")).unwrap();
    EmbeddedVault::open(dir.join("vault"), master_key)
}

fn name(text: &str) -> VaultKeyName {
    VaultKeyName::new(text).unwrap()
}

/// Every file under a directory, with its content.
fn files(dir: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.insert(path.clone(), std::fs::read(&path).unwrap());
        }
    }
    found
}

#[test]
fn another_master_key_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    drop(open(dir.path()));
    let other = MasterKey::load_or_create(&dir.path().join("other.key")).unwrap();
    let opened = EmbeddedVault::open(dir.path().join("vault"), other);
    assert!(matches!(opened, Err(OpenVaultError::WrongMasterKey { .. })));
    drop(open(dir.path()));
}

#[test]
fn one_at_a_time_has_the_vault_open() {
    let dir = tempfile::tempdir().unwrap();
    let vault = open(dir.path());
    assert!(matches!(try_open(dir.path()), Err(OpenVaultError::InUse { .. })));
    drop(vault);
    drop(open(dir.path()));
}

#[tokio::test]
async fn several_share_a_vault_that_nobody_has_for_himself() {
    let dir = tempfile::tempdir().unwrap();
    let share = || {
        let master_key = MasterKey::load_or_create(&dir.path().join("master.key")).unwrap();
        EmbeddedVault::open_shared(dir.path().join("vault"), master_key)
    };
    let alone = open(dir.path());
    assert!(matches!(share(), Err(OpenVaultError::InUse { .. })));
    drop(alone);
    let (one, other) = (share().unwrap(), share().unwrap());
    let name = VaultKeyName::new("a").unwrap();
    one.import(&name, &PrivateKey::generate(KeyBits::Rsa2048).unwrap()).await.unwrap();
    assert!(other.describe(&name).await.unwrap().is_some());
    other.remove(&name).await.unwrap();
    assert_eq!(one.describe(&name).await, Ok(None));
}

#[test]
fn a_lost_key_of_the_vault_is_not_made_anew() {
    let dir = tempfile::tempdir().unwrap();
    drop(open(dir.path()));
    std::fs::remove_file(dir.path().join("vault/keys/embedded.provider.1.sealed")).unwrap();
    let opened = try_open(dir.path());
    assert!(matches!(opened, Err(OpenVaultError::KeyLost { kid: "embedded/provider/1", .. })));
}

#[test]
fn a_first_opening_that_was_cut_short_is_begun_again() {
    let dir = tempfile::tempdir().unwrap();
    drop(open(dir.path()));
    std::fs::remove_file(dir.path().join("vault/check")).unwrap();
    std::fs::remove_file(dir.path().join("vault/keys/embedded.provider.1.sealed")).unwrap();
    drop(open(dir.path()));
    drop(open(dir.path()));
}

#[tokio::test]
async fn only_the_owner_reads_and_nothing_shows_a_private_key() {
    let dir = tempfile::tempdir().unwrap();
    let vault = open(dir.path());
    let key = PrivateKey::generate(KeyBits::Rsa2048).unwrap();
    let before: BTreeSet<PathBuf> = files(&dir.path().join("vault")).into_keys().collect();
    vault.import(&name("a"), &key).await.unwrap();
    vault.unwrap(&name("a"), &key.public_key().wrap(SECRET, b"").unwrap()).await.unwrap();

    let vault_dir = dir.path().join("vault");
    for part in ["", "keys", "sealing"] {
        let mode = std::fs::metadata(vault_dir.join(part)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700, "{part}");
    }
    let traces = Traces::of(key.pkcs8_der());
    for (path, content) in files(&vault_dir) {
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600, "{}", path.display());
        assert_eq!(traces.found_in(&content), None, "{}", path.display());
    }

    vault.remove(&name("a")).await.unwrap();
    let after: BTreeSet<PathBuf> = files(&vault_dir).into_keys().collect();
    assert_eq!(after, before);
}

#[test]
fn the_search_for_traces_finds_what_it_looks_for() {
    let key = PrivateKey::generate(KeyBits::Rsa2048).unwrap();
    let der = key.pkcs8_der().to_vec();
    let traces = Traces::of(&der);
    let base64 = STANDARD.encode(&der);
    let lines: Vec<&str> = base64.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    let hex: String = der.iter().map(|byte| format!("{byte:02x}")).collect();
    let prefixed = [b"xy".as_slice(), &der].concat();
    for content in [
        der.clone(),
        lines.join("\n").into_bytes(),
        hex.to_uppercase().into_bytes(),
        hex.into_bytes(),
        URL_SAFE_NO_PAD.encode(&prefixed).into_bytes(),
        integers(&der)[3].clone(),
        integers(&der)[4].clone(),
        integers(&der)[5].clone(),
    ] {
        assert!(traces.found_in(&content).is_some());
    }
    assert!(traces.found_in(key.public_key().spki_der()).is_none());
}

/// How a private key could show: pieces of its DER and of d, p and q, as bytes, hexadecimal and base64.
struct Traces(Vec<Vec<u8>>);

impl Traces {
    fn of(pkcs8: &[u8]) -> Self {
        let integers = integers(pkcs8);
        // From d on; what stands before, the modulus and the exponent, is public.
        let secret_from = pkcs8.len() - integers[3..].iter().map(|number| number.len() + 4).sum::<usize>();
        let mut pieces = Vec::new();
        for secret in [&pkcs8[secret_from + 16..], &integers[3], &integers[4], &integers[5]] {
            for piece in secret.windows(18).step_by(5) {
                let hex: String = piece.iter().map(|byte| format!("{byte:02x}")).collect();
                pieces.push(STANDARD.encode(piece).into_bytes());
                pieces.push(URL_SAFE_NO_PAD.encode(piece).into_bytes());
                pieces.push(hex.to_uppercase().into_bytes());
                pieces.push(hex.into_bytes());
                pieces.push(piece.to_vec());
            }
        }
        Self(pieces)
    }

    fn found_in(&self, content: &[u8]) -> Option<&[u8]> {
        let found = self.0.iter().find(|piece| content.windows(piece.len()).any(|part| part == piece.as_slice()));
        found.map(Vec::as_slice)
    }
}

/// The integers of the RSA key in a PKCS#8: version, n, e, d, p, q, and the rest.
fn integers(pkcs8: &[u8]) -> Vec<Vec<u8>> {
    let outer = elements(&elements(pkcs8)[0]);
    let key = elements(&outer[2]);
    elements(&key[0])
}

/// The contents of the DER elements that stand one after the other.
fn elements(mut der: &[u8]) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    while let [_, first, rest @ ..] = der {
        let octets = if *first < 0x80 { 0 } else { usize::from(*first & 0x7f) };
        let long = rest[..octets].iter().fold(0_usize, |length, octet| length * 256 + usize::from(*octet));
        let length = if octets == 0 { usize::from(*first) } else { long };
        found.push(rest[octets..octets + length].to_vec());
        der = &rest[octets + length..];
    }
    found
}

/// What the killed process is known to have done with a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Known {
    Imported,
    Removed,
    Interrupted,
}

const DIR: &str = "KEYWARD_TEST_KILLED_DIR";
const ROUNDS: u32 = 12;

#[tokio::test]
async fn a_killed_process_leaves_whole_keys_or_none() {
    let dir = tempfile::tempdir().unwrap();
    let key = PrivateKey::generate(KeyBits::Rsa2048).unwrap();
    std::fs::write(dir.path().join("key.p8"), key.pkcs8_der()).unwrap();
    let wrapped = key.public_key().wrap(SECRET, b"").unwrap();
    drop(open(dir.path()));
    let untouched: BTreeSet<PathBuf> = files(&dir.path().join("vault")).into_keys().collect();

    let mut interrupted = 0;
    for round in 0..ROUNDS {
        let known = run_and_kill(dir.path(), round);
        assert!(!known.is_empty(), "the process did nothing");
        interrupted += known.values().filter(|state| **state == Known::Interrupted).count();
        let vault = open(dir.path());
        for (key_name, state) in known {
            let unwrapped = vault.unwrap(&name(&key_name), &wrapped).await;
            match (state, unwrapped) {
                (Known::Imported | Known::Interrupted, Ok(secret)) => assert_eq!(secret.as_slice(), SECRET),
                (Known::Removed | Known::Interrupted, Err(VaultError::NotFound)) => {}
                (state, unwrapped) => panic!("round {round}, {key_name} {state:?}: {unwrapped:?}"),
            }
            if state == Known::Interrupted {
                vault.import(&name(&key_name), &key).await.unwrap();
                assert_eq!(vault.unwrap(&name(&key_name), &wrapped).await.unwrap().as_slice(), SECRET);
            }
            vault.remove(&name(&key_name)).await.unwrap();
            assert_eq!(vault.unwrap(&name(&key_name), &wrapped).await, Err(VaultError::NotFound));
        }
        let left: BTreeSet<PathBuf> = files(&dir.path().join("vault")).into_keys().collect();
        assert_eq!(left, untouched, "round {round}");
    }
    assert!(interrupted > 0, "no change was ever cut short");
}

/// Lets a process of its own change keys, kills it at an instant that differs from round to round, and tells what it did.
fn run_and_kill(dir: &Path, round: u32) -> BTreeMap<String, Known> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "changes_keys_until_killed", "--ignored", "--nocapture"])
        .env(DIR, dir)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut known = BTreeMap::new();
    let mut seen = 0;
    for line in BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok) {
        let words: Vec<&str> = line.split(' ').collect();
        let state = match words.as_slice() {
            ["begin", _, _] => Known::Interrupted,
            ["done", "import", _] => Known::Imported,
            ["done", "remove", _] => Known::Removed,
            _ => continue,
        };
        known.insert(words[2].to_owned(), state);
        seen += 1;
        if seen == 3 + 5 * round {
            let instant = Instant::now() + Duration::from_micros(u64::from(round) * 150);
            while Instant::now() < instant {
                std::hint::spin_loop();
            }
            child.kill().unwrap();
        }
    }
    child.wait().unwrap();
    known
}

#[tokio::test]
#[ignore = "run, and killed, by a_killed_process_leaves_whole_keys_or_none"]
async fn changes_keys_until_killed() {
    let Some(dir) = std::env::var_os(DIR).map(PathBuf::from) else { return };
    let pkcs8 = std::fs::read(dir.join("key.p8")).unwrap();
    let key = PrivateKey::from_pkcs8(&pkcs8, &Limits::default()).unwrap();
    let vault = open(&dir);
    let say = |line: String| writeln!(std::io::stdout(), "\n{line}").unwrap();
    for turn in 0..10_000_u32 {
        let imported = format!("key-{}", turn % 6);
        say(format!("begin import {imported}"));
        vault.import(&name(&imported), &key).await.unwrap();
        say(format!("done import {imported}"));
        let removed = format!("key-{}", (turn + 3) % 6);
        say(format!("begin remove {removed}"));
        vault.remove(&name(&removed)).await.unwrap();
        say(format!("done remove {removed}"));
    }
}
