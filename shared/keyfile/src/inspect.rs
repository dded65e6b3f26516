//! What a key file is and holds, and everything for which it would be refused.

use serde::Serialize;

use crate::{Fingerprint, KeyFileError, Limits, Password, pfx};

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum FileKind {
    /// A PFX (PKCS#12) file.
    Pfx,
    /// A PEM file.
    Pem,
    /// A key store in Java's own old format.
    JavaKeyStore,
    /// Something else, or damaged beyond recognition.
    Unknown,
}

/// What is known of the password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PasswordCheck {
    /// None was given, so what is encrypted was not looked at.
    NotGiven,
    /// The MAC fits it.
    Fits,
    /// The MAC does not fit it.
    DoesNotFit,
    /// There is no MAC, or one that can't be computed.
    NotCheckable,
}

/// How a part of a file is encrypted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Encryption {
    /// `PBES2` or `PKCS#12 PBE`.
    pub scheme: &'static str,
    /// Cipher and mode.
    pub cipher: &'static str,
    /// The derivation of the key.
    pub derivation: &'static str,
    /// The hash within the derivation.
    pub hash: &'static str,
    /// Iterations of the derivation; for scrypt its cost in iterations (see [`Limits::iterations`]).
    pub iterations: u64,
}

/// The MAC of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MacInspection {
    /// Its algorithm.
    pub algorithm: &'static str,
    /// Iterations of the derivation of its key.
    pub iterations: u64,
}

/// A group of bags, which is encrypted as a whole or not at all.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct GroupInspection {
    /// How it is encrypted, if it is and the algorithm is known.
    pub encryption: Option<Encryption>,
    /// Bags in it, those in lists within it included; `None` when it could not be looked into.
    pub bags: Option<usize>,
}

/// A private key in a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct KeyInspection {
    /// Its friendly name, at most 64 characters, without control characters.
    pub name: Option<String>,
    /// How it is encrypted by itself, if it is and the algorithm is known.
    pub encryption: Option<Encryption>,
    /// Length of the modulus in bits, if the key could be read.
    pub bits: Option<u32>,
    /// Its public key's fingerprint, if the key could be read.
    pub fingerprint: Option<Fingerprint>,
}

/// A certificate in a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CertificateInspection {
    /// Its friendly name, at most 64 characters, without control characters.
    pub name: Option<String>,
    /// The common name of its subject, cut in the same way.
    pub subject: Option<String>,
}

/// One reason for which a file is refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Refusal {
    /// The reason as a stable word; see [`KeyFileError::code`].
    pub code: &'static str,
    /// What is wrong.
    pub sentence: String,
    /// What to do about it, with the command that mends the file.
    pub next_step: &'static str,
}

impl From<KeyFileError> for Refusal {
    fn from(error: KeyFileError) -> Self {
        Self { code: error.code(), sentence: error.to_string(), next_step: error.next_step() }
    }
}

/// What a key file is and holds. None of it is secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Inspection {
    /// What the file is.
    pub kind: FileKind,
    /// Its length.
    pub bytes: usize,
    /// `DER` or `BER`, for a PFX file.
    pub encoding: Option<&'static str>,
    /// What protects it against change, if anything known does.
    pub mac: Option<MacInspection>,
    /// What is known of the password.
    pub password: PasswordCheck,
    /// Groups of bags, in the order of the file.
    pub groups: Vec<GroupInspection>,
    /// Bags of all groups that could be looked into.
    pub bags: usize,
    /// Private keys that were found.
    pub keys: Vec<KeyInspection>,
    /// Certificates that were found.
    pub certificates: Vec<CertificateInspection>,
    /// Iterations of key derivation that reading it takes, as far as that could be seen.
    pub iterations: u64,
    /// Whether [`pfx::read`] takes it. Never without a password.
    pub accepted: bool,
    /// Every reason against it that could be found, in the order of the file.
    pub refusals: Vec<Refusal>,
}

impl Inspection {
    fn new(kind: FileKind, bytes: usize) -> Self {
        Self {
            kind,
            bytes,
            encoding: None,
            mac: None,
            password: PasswordCheck::NotGiven,
            groups: Vec::new(),
            bags: 0,
            keys: Vec::new(),
            certificates: Vec::new(),
            iterations: 0,
            accepted: false,
            refusals: Vec::new(),
        }
    }

    /// Adds a refusal, once.
    pub(crate) fn refuse(&mut self, error: KeyFileError) {
        let refusal = Refusal::from(error);
        if !self.refusals.contains(&refusal) {
            self.refusals.push(refusal);
        }
    }
}

/// Looks at a key file as [`pfx::read`] would, but goes on after the first reason to refuse it.
///
/// The work is bounded as in reading. Without a password it sees what is not encrypted; under
/// a password that doesn't fit, nothing is decrypted.
#[must_use]
pub fn inspect(file: &[u8], password: Option<&Password>, limits: &Limits) -> Inspection {
    let mut inspection = Inspection::new(kind(file), file.len());
    pfx::inspect(file, password, limits, &mut inspection);
    inspection
}

fn kind(file: &[u8]) -> FileKind {
    if file.trim_ascii_start().starts_with(b"-----BEGIN") {
        FileKind::Pem
    } else if file.starts_with(&pfx::JAVA_KEY_STORE) {
        FileKind::JavaKeyStore
    } else {
        FileKind::Unknown
    }
}
