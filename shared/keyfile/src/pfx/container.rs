//! The outer structure of a PFX file: what is authenticated, and the MAC over it.

use p12::AlgorithmIdentifier;
use yasna::{ASN1Error, ASN1ErrorKind, ASN1Result, BERReader, Tag};
use zeroize::Zeroizing;

use super::encryption::Scheme;
use super::oids;
use crate::budget::Budget;
use crate::{KeyFileError, Limits, Password, ber, der};

const DAMAGED: KeyFileError = KeyFileError::Damaged { part: "outer structure of the file" };

/// How a key store in Java's own old format begins.
pub(crate) const JAVA_KEY_STORE: [u8; 4] = [0xFE, 0xED, 0xFE, 0xED];

/// A file taken apart, nothing of it checked yet.
pub(super) struct Container {
    /// The AuthenticatedSafe's encoding: what the MAC is over.
    pub(super) content: Vec<u8>,
    /// The MacData's encoding.
    mac: Option<Vec<u8>>,
    /// Whether the outer structure is in BER.
    pub(super) ber: bool,
}

impl Container {
    /// The MAC as the file states it.
    ///
    /// # Errors
    /// `no_mac`, `damaged`.
    pub(super) fn mac(&self) -> Result<Mac, KeyFileError> {
        let mac = self.mac.as_deref().ok_or(KeyFileError::NoMac)?;
        yasna::parse_ber(mac, read_mac).map_err(|_| KeyFileError::Damaged { part: "MAC" })
    }
}

/// The MAC as the file states it.
pub(super) struct Mac {
    pub(super) algorithm: AlgorithmIdentifier,
    pub(super) digest: Vec<u8>,
    pub(super) salt: Vec<u8>,
    pub(super) iterations: u64,
}

/// Takes a file apart.
///
/// # Errors
/// `file_too_large`, `not_pfx`, `not_der`, `nested_too_deep`, `damaged`, `unsupported_algorithm`.
pub(super) fn parse(file: &[u8], limits: &Limits) -> Result<Container, KeyFileError> {
    if file.len() > limits.file_bytes {
        return Err(KeyFileError::FileTooLarge { bytes: file.len(), limit: limits.file_bytes });
    }
    look_at_beginning(file)?;
    let file = ber::normalise(file, limits.depth, "file")?;
    // What BER adds is gone except the order of sets, in which some writers err.
    let outer =
        yasna::parse_ber(&file, read_pfx).map_err(|_| KeyFileError::NotPfx { found: "some other DER structure" })?;
    if outer.version != 3 {
        return Err(KeyFileError::NotPfx { found: "its version is not 3" });
    }
    if oids::is(&outer.content_type, oids::SIGNED_DATA) {
        return Err(KeyFileError::UnsupportedAlgorithm {
            part: "integrity protection",
            algorithm: "a signature (public-key integrity mode)".to_owned(),
        });
    }
    Ok(Container { content: outer.content.ok_or(DAMAGED)?, mac: outer.mac, ber: file.was_ber() })
}

fn look_at_beginning(file: &[u8]) -> Result<(), KeyFileError> {
    let found = if file.is_empty() {
        "it is empty"
    } else if file.trim_ascii_start().starts_with(b"-----BEGIN") {
        "it is a PEM file"
    } else if file.starts_with(&JAVA_KEY_STORE) {
        "it is a Java key store (JKS)"
    } else if !der::is_sequence(file) {
        "it does not begin like one"
    } else {
        return Ok(());
    };
    Err(KeyFileError::NotPfx { found })
}

struct Outer {
    version: u64,
    content_type: yasna::models::ObjectIdentifier,
    content: Option<Vec<u8>>,
    mac: Option<Vec<u8>>,
}

fn read_pfx(reader: BERReader<'_, '_>) -> ASN1Result<Outer> {
    reader.read_sequence(|pfx| {
        let version = pfx.next().read_u64()?;
        let (content_type, content) = pfx.next().read_sequence(|info| {
            let content_type = info.next().read_oid()?;
            let content = info.next().read_tagged(Tag::context(0), |r| r.read_der())?;
            let bytes = if oids::is(&content_type, oids::DATA) {
                Some(yasna::parse_ber(&content, |r| r.read_bytes())?)
            } else if oids::is(&content_type, oids::SIGNED_DATA) {
                None
            } else {
                return Err(ASN1Error::new(ASN1ErrorKind::Invalid));
            };
            Ok((content_type, bytes))
        })?;
        Ok(Outer { version, content_type, content, mac: pfx.read_optional(|r| r.read_der())? })
    })
}

fn read_mac(reader: BERReader<'_, '_>) -> ASN1Result<Mac> {
    reader.read_sequence(|mac| {
        let (algorithm, digest) = mac.next().read_sequence(|info| {
            let algorithm = AlgorithmIdentifier::parse(info.next())?;
            Ok((algorithm, info.next().read_bytes()?))
        })?;
        let salt = mac.next().read_bytes()?;
        // DEFAULT 1 (RFC 7292, section 4).
        let iterations = mac.read_optional(|r| r.read_u64())?.unwrap_or(1);
        Ok(Mac { algorithm, digest, salt, iterations })
    })
}

const GROUP: &str = "group of bags";

/// One group of bags.
pub(super) enum Group {
    Plain(Zeroizing<Vec<u8>>),
    Encrypted { algorithm: AlgorithmIdentifier, content: Vec<u8> },
    Other(yasna::models::ObjectIdentifier),
}

impl Group {
    /// How it is encrypted; `None` when it isn't.
    ///
    /// # Errors
    /// `unsupported_algorithm`, `damaged`.
    pub(super) fn scheme(&self) -> Result<Option<Scheme>, KeyFileError> {
        match self {
            Self::Plain(_) => Ok(None),
            Self::Encrypted { algorithm, .. } => Scheme::parse(algorithm, GROUP).map(Some),
            Self::Other(oid) => Err(KeyFileError::UnsupportedAlgorithm { part: GROUP, algorithm: oids::name(oid) }),
        }
    }

    /// The list of bags in it, decrypted where that is needed.
    ///
    /// # Errors
    /// `unsupported_algorithm`, `too_many_iterations`, `too_much_memory`, `damaged`.
    pub(super) fn open(self, password: &Password, budget: &mut Budget) -> Result<Zeroizing<Vec<u8>>, KeyFileError> {
        match (self.scheme()?, self) {
            (Some(scheme), Self::Encrypted { content, .. }) => scheme.decrypt(&content, password, budget, GROUP),
            (_, Self::Plain(safe)) => Ok(safe),
            _ => Err(KeyFileError::Damaged { part: GROUP }),
        }
    }

    /// Charges what [`open`](Self::open) would cost.
    ///
    /// # Errors
    /// `unsupported_algorithm`, `too_many_iterations`, `too_much_memory`, `damaged`.
    pub(super) fn charge(&self, budget: &mut Budget) -> Result<(), KeyFileError> {
        self.scheme()?.map_or(Ok(()), |scheme| scheme.charge(budget, GROUP))
    }
}

/// Takes the AuthenticatedSafe apart.
///
/// # Errors
/// `damaged`, `not_der`, `nested_too_deep`, `too_many_bags`.
pub(super) fn groups(content: &[u8], limits: &Limits) -> Result<Vec<Group>, KeyFileError> {
    const PART: &str = "list of bag groups";
    let content = ber::normalise(content, limits.depth, PART)?;
    let groups = yasna::parse_ber(&content, |r| r.collect_sequence_of(read_group))
        .map_err(|_| KeyFileError::Damaged { part: PART })?;
    if groups.len() > limits.bags {
        return Err(KeyFileError::TooManyBags { limit: limits.bags });
    }
    Ok(groups)
}

fn read_group(reader: BERReader<'_, '_>) -> ASN1Result<Group> {
    reader.read_sequence(|info| {
        let content_type = info.next().read_oid()?;
        let tag = Tag::context(0);
        if oids::is(&content_type, oids::DATA) {
            let bytes = info.next().read_tagged(tag, |r| r.read_bytes())?;
            Ok(Group::Plain(Zeroizing::new(bytes)))
        } else if oids::is(&content_type, oids::ENCRYPTED_DATA) {
            info.next().read_tagged(tag, read_encrypted)
        } else {
            info.next().read_tagged(tag, |r| r.read_der())?;
            Ok(Group::Other(content_type))
        }
    })
}

fn read_encrypted(reader: BERReader<'_, '_>) -> ASN1Result<Group> {
    reader.read_sequence(|data| {
        data.next().read_u64()?;
        let group = data.next().read_sequence(|info| {
            if !oids::is(&info.next().read_oid()?, oids::DATA) {
                return Err(ASN1Error::new(ASN1ErrorKind::Invalid));
            }
            Ok(Group::Encrypted {
                algorithm: AlgorithmIdentifier::parse(info.next())?,
                content: info.next().read_tagged_implicit(Tag::context(0), |r| r.read_bytes())?,
            })
        })?;
        data.read_optional(|r| r.read_der())?;
        Ok(group)
    })
}
