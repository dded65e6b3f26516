//! Somebody has a copy of the data directory, master key included, and a sealed file: everything in the copy is tried on everything.

use std::{collections::BTreeSet, fs, os::unix::fs::DirBuilderExt as _, path::Path};

use aws_lc_rs::{
    aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey},
    hkdf::{HKDF_SHA256, Salt},
};
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, STANDARD_NO_PAD},
};
use keyward_adapters::{
    table::{DynamoTable, EmbeddedTable},
    vault::{EXCHANGE_KID, EmbeddedVault, MasterKey},
};
use keyward_service::ports::{
    table::{Item, Query, Span, Table},
    vault::{Vault as _, VaultKeyName},
};
use serde_json::Value;
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::{cloud::Cloud, local::Local};

/// Length of what RSA-2048 wraps, in base64.
const WRAP_CHARACTERS: usize = 344;

/// A copied data directory.
pub struct Theft {
    copy: TempDir,
    /// The table, where it is not a file of the directory.
    table: Option<DynamoTable>,
    vault: EmbeddedVault,
    names: Vec<VaultKeyName>,
    runtime: Runtime,
}

/// A wrapped data key of the copy.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Wrap {
    /// Sort key of the item in the table; `bytes of <file>` where it was found in a file's bytes only.
    pub place: String,
    pub wrapped: Vec<u8>,
}

/// What came of it.
#[derive(Debug, Default)]
pub struct Loot {
    /// How often a private key was tried on a wrap.
    pub tries: usize,
    /// Places of the wraps that opened, each with what opened it.
    pub opened: BTreeSet<(String, String)>,
    /// What was in them.
    pub plain: Vec<Vec<u8>>,
}

pub fn copy_of(from: &Path, to: &Path) {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_of(&entry.path(), &target);
        } else {
            match fs::copy(entry.path(), target) {
                // A file that is being replaced is there under another name for a moment.
                Err(gone) if gone.kind() == std::io::ErrorKind::NotFound => {}
                copied => drop(copied.unwrap()),
            }
        }
    }
}

impl Theft {
    /// Of a process and its data directory; of a local cloud the table is stolen with it.
    pub fn of(local: &Local, data: &Path) -> Self {
        let copy = tempfile::tempdir().unwrap();
        copy_of(data, copy.path());
        let master_key = MasterKey::load_or_create(&copy.path().join("master.key")).unwrap();
        let vault = EmbeddedVault::open(copy.path().join("vault"), master_key).unwrap();
        let names = fs::read_dir(copy.path().join("vault/keys"))
            .unwrap()
            .filter_map(|entry| {
                let name = entry.unwrap().file_name().into_string().unwrap();
                VaultKeyName::new(name.strip_suffix(".sealed")?).ok()
            })
            .collect();
        let table = local.cloud().map(Cloud::table);
        Self { copy, table, vault, names, runtime: Runtime::new().unwrap() }
    }

    /// Private keys of tenants in the copied vault.
    pub fn tenant_keys(&self) -> usize {
        self.names.len()
    }

    /// Every wrapped data key that the copied table holds of a tenant, backups included.
    pub fn wraps(&self, tenant: &str) -> Vec<Wrap> {
        let items = self.runtime.block_on(async {
            let table: Box<dyn Table> = match &self.table {
                Some(table) => Box::new(table.clone()),
                None => Box::new(EmbeddedTable::open(self.copy.path().join("table")).await.unwrap()),
            };
            let mut items: Vec<Item> = Vec::new();
            let span = Span::Between { from: " ".to_owned(), to: "~".to_owned() };
            let partition = format!("TENANT#{tenant}");
            let mut query = Query { partition, span, descending: false, limit: 1000, after: None };
            loop {
                let page = table.query(&query).await.unwrap();
                items.extend(page.items);
                query.after = page.next;
                if query.after.is_none() {
                    return items;
                }
            }
        });
        let mut wraps = Vec::new();
        for item in items {
            collect(&serde_json::from_str(&item.body).unwrap(), &item.key.sort, &mut wraps);
        }
        wraps
    }

    /// Everything in the bytes of the copied files that could be a wrapped data key: what the database has not overwritten yet is there too.
    /// A local cloud's table has no files.
    pub fn raw_wraps(&self) -> Vec<Wrap> {
        let mut found = BTreeSet::new();
        if self.table.is_some() {
            return Vec::new();
        }
        for entry in fs::read_dir(self.copy.path().join("table")).unwrap() {
            let entry = entry.unwrap();
            let place = format!("bytes of {}", entry.file_name().display());
            let bytes = fs::read(entry.path()).unwrap();
            let is_base64 = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/=".contains(byte);
            for run in bytes.split(|byte| !is_base64(byte)).filter(|run| run.len() == WRAP_CHARACTERS) {
                if let Ok(wrapped) = STANDARD.decode(run) {
                    found.insert(Wrap { place: place.clone(), wrapped });
                }
            }
        }
        found.into_iter().collect()
    }

    /// Tries every private key of the copied vault on every wrap.
    pub fn try_all(&self, wraps: &[Wrap]) -> Loot {
        let mut loot = Loot::default();
        for wrap in wraps {
            let mut take = |by: String, plain: Option<Vec<u8>>| {
                loot.tries += 1;
                if let Some(plain) = plain {
                    loot.opened.insert((wrap.place.clone(), by));
                    loot.plain.push(plain);
                }
            };
            let (vault, runtime) = (&self.vault, &self.runtime);
            take("provider".to_owned(), plain(runtime.block_on(vault.unwrap_provider(&wrap.wrapped))));
            take("exchange".to_owned(), plain(runtime.block_on(vault.open_exchange(EXCHANGE_KID, &wrap.wrapped))));
            for name in &self.names {
                take(name.as_str().to_owned(), plain(runtime.block_on(vault.unwrap(name, &wrap.wrapped))));
            }
        }
        loot
    }
}

impl Loot {
    /// The files' places of the wraps that opened.
    pub fn places(&self) -> Vec<&str> {
        self.opened.iter().map(|(place, _)| place.as_str()).collect()
    }

    /// Whether any part of what was found opens the sealed file.
    pub fn opens(&self, sealed_file: &[u8]) -> bool {
        self.plain.iter().any(|plain| plain.windows(32).any(|key| opens(sealed_file, key)))
    }
}

fn plain<T: std::ops::Deref<Target = Vec<u8>>, E>(opened: Result<T, E>) -> Option<Vec<u8>> {
    opened.ok().map(|bytes| bytes.to_vec())
}

fn collect(value: &Value, place: &str, wraps: &mut Vec<Wrap>) {
    match value {
        Value::Object(members) => {
            if let Some(wrapped) = members.get("wrapped").and_then(Value::as_str) {
                wraps.push(Wrap { place: place.to_owned(), wrapped: STANDARD.decode(wrapped).unwrap() });
            }
            members.values().for_each(|value| collect(value, place, wraps));
        }
        Value::Array(values) => values.iter().for_each(|value| collect(value, place, wraps)),
        _ => {}
    }
}

/// Whether these 32 bytes are the data key of a sealed file: its stanza opens under them.
pub fn opens(sealed_file: &[u8], key: &[u8]) -> bool {
    let end = sealed_file.windows(5).position(|window| window == b"\n--- ").expect("a sealed file has a header");
    let header = std::str::from_utf8(&sealed_file[..end]).unwrap();
    let mut lines = header.lines().skip_while(|line| !line.starts_with("-> keyward.v1 "));
    let stanza = lines.next().expect("a stanza of Keyward").trim_start_matches("-> ");
    let body = STANDARD_NO_PAD.decode(lines.next().unwrap()).unwrap();
    let (info, salt) = stanza.rsplit_once(' ').unwrap();
    let salt = Salt::new(HKDF_SHA256, &STANDARD_NO_PAD.decode(salt).unwrap());
    let derived = salt.extract(key);
    let info = [info.as_bytes()];
    let wrapping = LessSafeKey::new(UnboundKey::from(derived.expand(&info, &CHACHA20_POLY1305).unwrap()));
    let mut body = body;
    wrapping.open_in_place(Nonce::assume_unique_for_key([0; 12]), Aad::empty(), &mut body).is_ok()
}
