//! Looks for secrets in everything that was written.

use std::{
    collections::HashMap,
    fs,
    path::{Path, PathBuf},
};

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD},
};

/// A secret and the forms in which it may have been written.
pub struct Secret {
    pub name: String,
    pub forms: Vec<(&'static str, Vec<u8>)>,
}

/// Where a secret was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace {
    pub place: String,
    pub secret: String,
    pub form: &'static str,
}

impl Secret {
    /// A secret of at least 12 bytes: as it is, reversed, as hex and as base64 at each of its three alignments.
    pub fn new(name: &str, bytes: &[u8]) -> Self {
        assert!(bytes.len() >= 12, "{name} is too short to be looked for");
        let hex = |upper: bool| {
            let digit = |byte: &u8| if upper { format!("{byte:02X}") } else { format!("{byte:02x}") };
            bytes.iter().map(digit).collect::<String>().into_bytes()
        };
        let mut forms = vec![
            ("raw", bytes.to_vec()),
            ("raw, little end first", bytes.iter().rev().copied().collect()),
            ("hex", hex(false)),
            ("HEX", hex(true)),
            (
                "hex with colons",
                bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(":").into_bytes(),
            ),
            ("escaped", bytes.escape_ascii().to_string().into_bytes()),
            ("decimal list", bytes.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ").into_bytes()),
        ];
        for alignment in 0..3 {
            let start = (3 - alignment) % 3;
            let whole = &bytes[start..start + (bytes.len() - start) / 3 * 3];
            forms.push(("base64", STANDARD_NO_PAD.encode(whole).into_bytes()));
            forms.push(("base64url", URL_SAFE_NO_PAD.encode(whole).into_bytes()));
        }
        Self { name: name.to_owned(), forms }
    }

    /// Text, also as JSON and percent-encoding would write it, and in UTF-16 as PFX files do.
    pub fn text(name: &str, text: &str) -> Self {
        let mut secret = Self::new(name, text.as_bytes());
        secret.forms.push(("UTF-16", text.encode_utf16().flat_map(u16::to_be_bytes).collect()));
        secret.forms.push(("percent-encoded", text.replace(' ', "%20").into_bytes()));
        secret.forms.push(("form-encoded", text.replace(' ', "+").into_bytes()));
        secret
    }

    /// Each line of a PEM file that is long enough to be told apart.
    pub fn pem_lines(name: &str, pem: &str) -> Vec<Self> {
        let lines = pem.lines().filter(|line| !line.starts_with("-----") && line.len() == 64);
        lines.map(|line| Self { name: name.to_owned(), forms: vec![("PEM line", line.as_bytes().to_vec())] }).collect()
    }
}

/// Looks for many secrets at once.
pub struct Search<'a> {
    secrets: &'a [Secret],
    /// Whether any form begins with these two bytes.
    begins: Vec<bool>,
    /// The forms by their first eight bytes.
    forms: HashMap<[u8; 8], Vec<(usize, usize)>>,
}

impl<'a> Search<'a> {
    pub fn of(secrets: &'a [Secret]) -> Self {
        let mut search = Self { secrets, begins: vec![false; 1 << 16], forms: HashMap::new() };
        for (secret, known) in secrets.iter().enumerate() {
            for (form, (_, needle)) in known.forms.iter().enumerate() {
                search.begins[pair(needle)] = true;
                search.forms.entry(needle[..8].try_into().unwrap()).or_default().push((secret, form));
            }
        }
        search
    }

    /// Every secret in these bytes, each place once.
    pub fn traces(&self, place: &str, bytes: &[u8]) -> Vec<Trace> {
        let mut found: Vec<Trace> = Vec::new();
        for at in 0..bytes.len().saturating_sub(7) {
            let rest = &bytes[at..];
            if !self.begins[pair(rest)] {
                continue;
            }
            for (secret, form) in self.forms.get(&rest[..8]).into_iter().flatten() {
                let (form, needle) = &self.secrets[*secret].forms[*form];
                let trace = Trace { place: place.to_owned(), secret: self.secrets[*secret].name.clone(), form };
                if rest.starts_with(needle) && !found.contains(&trace) {
                    found.push(trace);
                }
            }
        }
        found
    }
}

fn pair(bytes: &[u8]) -> usize {
    usize::from(bytes[0]) << 8 | usize::from(bytes[1])
}

/// Every file below a folder.
pub fn files(folder: &Path) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_dir() {
            all.extend(files(&entry.path()));
        } else {
            all.push(entry.path());
        }
    }
    all.sort();
    all
}
