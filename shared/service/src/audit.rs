//! A4: the audit log, chained by hash.

use aws_lc_rs::digest::{SHA256, digest};
use keyward_domain::{Recorded, chain};

use crate::documents::{AuditDocument, ChainHead};

/// Lowercase hex.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// SHA-256 of a text in lowercase hex.
pub(crate) fn sha256_hex(text: &str) -> String {
    hex(digest(&SHA256, text.as_bytes()).as_ref())
}

impl ChainHead {
    /// Appends an event: the entry to store, and the head moves to it.
    pub(crate) fn append(&mut self, recorded: &Recorded) -> AuditDocument {
        let sequence = self.sequence + 1;
        let previous = std::mem::take(&mut self.hash);
        let hash = sha256_hex(&chain::link_text(&previous, sequence, recorded));
        *self = Self { sequence, hash: hash.clone() };
        AuditDocument { sequence, recorded: recorded.clone(), previous, hash }
    }
}

/// One entry of the audit log as it is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditEntry {
    /// Its number in the log.
    pub sequence: u64,
    /// What was recorded.
    pub recorded: Recorded,
    /// Hash of the entry before.
    pub previous: String,
    /// Its own hash.
    pub hash: String,
}

impl From<AuditDocument> for AuditEntry {
    fn from(document: AuditDocument) -> Self {
        let AuditDocument { sequence, recorded, previous, hash } = document;
        Self { sequence, recorded, previous, hash }
    }
}
