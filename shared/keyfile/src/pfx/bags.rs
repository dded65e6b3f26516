//! The bags of a PFX file, and the keys among them.

use p12::EncryptedPrivateKeyInfo;
use yasna::models::ObjectIdentifier;
use yasna::{ASN1Result, BERReader, Tag};
use zeroize::Zeroizing;

use super::encryption::Scheme;
use super::oids;
use crate::budget::Budget;
use crate::{KeyFileError, Limits, Password, PrivateKey, ber};

const BAGS: &str = "list of bags";
const KEY: &str = "encrypted private key";

/// A bag that isn't a list of bags.
pub(super) struct Bag {
    pub(super) kind: Kind,
    /// Its friendly name, made safe to show.
    pub(super) name: Option<String>,
}

/// What lies in a bag.
pub(super) enum Kind {
    /// A private key as PKCS#8, not encrypted.
    Key(Zeroizing<Vec<u8>>),
    /// A private key as EncryptedPrivateKeyInfo.
    ShroudedKey(Vec<u8>),
    /// A CertBag.
    Certificate(Vec<u8>),
    Other,
}

/// An encrypted private key taken apart.
pub(crate) struct ShroudedKey {
    pub(super) scheme: Scheme,
    encrypted: Vec<u8>,
}

/// Takes an encrypted private key apart.
///
/// # Errors
/// `unsupported_algorithm`, `damaged`.
pub(crate) fn shrouded_key(encoded: &[u8]) -> Result<ShroudedKey, KeyFileError> {
    let info =
        yasna::parse_ber(encoded, EncryptedPrivateKeyInfo::parse).map_err(|_| KeyFileError::Damaged { part: KEY })?;
    Ok(ShroudedKey { scheme: Scheme::parse(&info.encryption_algorithm, KEY)?, encrypted: info.encrypted_data })
}

impl ShroudedKey {
    /// Decrypts the key and checks it.
    ///
    /// # Errors
    /// `too_many_iterations`, `too_much_memory`, `damaged`, and those of [`PrivateKey::from_pkcs8`].
    pub(super) fn open(
        &self,
        password: &Password,
        limits: &Limits,
        budget: &mut Budget,
    ) -> Result<PrivateKey, KeyFileError> {
        parse_key(&self.decrypt(password, budget)?, limits)
    }

    /// Decrypts the key, which is then PKCS#8.
    ///
    /// # Errors
    /// `too_many_iterations`, `too_much_memory`, `damaged`.
    pub(crate) fn decrypt(&self, password: &Password, budget: &mut Budget) -> Result<Zeroizing<Vec<u8>>, KeyFileError> {
        self.scheme.decrypt(&self.encrypted, password, budget, KEY)
    }

    /// Charges what [`open`](Self::open) would cost.
    ///
    /// # Errors
    /// `too_many_iterations`, `too_much_memory`, `damaged`.
    pub(crate) fn charge(&self, budget: &mut Budget) -> Result<(), KeyFileError> {
        self.scheme.charge(budget, KEY)
    }
}

/// Reads a key in PKCS#8 as it lies in a bag.
///
/// # Errors
/// Those of [`PrivateKey::from_pkcs8`].
pub(super) fn parse_key(pkcs8: &[u8], limits: &Limits) -> Result<PrivateKey, KeyFileError> {
    PrivateKey::from_pkcs8(&ber::normalise(pkcs8, limits.depth, "private key")?, limits)
}

/// Lists the bags of a group and of the lists within it. How deep those go is bounded by the depth
/// of the encoding. `seen` counts the bags of the whole file, those that are lists included.
///
/// # Errors
/// `too_many_bags`, `damaged`, `nested_too_deep`, `not_der`.
pub(super) fn list(safe: Zeroizing<Vec<u8>>, limits: &Limits, seen: &mut usize) -> Result<Vec<Bag>, KeyFileError> {
    let mut found = Vec::new();
    let mut lists = vec![Zeroizing::new(ber::normalise(&safe, limits.depth, BAGS)?.to_vec())];
    while let Some(list) = lists.pop() {
        let bags = yasna::parse_ber(&list, |r| r.collect_sequence_of(read_bag))
            .map_err(|_| KeyFileError::Damaged { part: BAGS })?;
        *seen += bags.len();
        if *seen > limits.bags {
            return Err(KeyFileError::TooManyBags { limit: limits.bags });
        }
        for (oid, mut value, name) in bags {
            let kind = if oids::is(&oid, oids::KEY_BAG) {
                Kind::Key(value)
            } else if oids::is(&oid, oids::SAFE_CONTENTS_BAG) {
                lists.push(value);
                continue;
            } else if oids::is(&oid, oids::SHROUDED_KEY_BAG) {
                Kind::ShroudedKey(std::mem::take(&mut *value))
            } else if oids::is(&oid, oids::CERTIFICATE_BAG) {
                Kind::Certificate(std::mem::take(&mut *value))
            } else {
                Kind::Other
            };
            found.push(Bag { kind, name });
        }
    }
    Ok(found)
}

type RawBag = (ObjectIdentifier, Zeroizing<Vec<u8>>, Option<String>);

fn read_bag(reader: BERReader<'_, '_>) -> ASN1Result<RawBag> {
    reader.read_sequence(|bag| {
        let kind = bag.next().read_oid()?;
        let value = bag.next().read_tagged(Tag::context(0), |r| r.read_der())?;
        let mut name = None;
        bag.read_optional(|r| {
            r.read_set_of(|attribute| {
                attribute.read_sequence(|attribute| {
                    let oid = attribute.next().read_oid()?;
                    let values = attribute.next().read_der()?;
                    if oids::is(&oid, oids::FRIENDLY_NAME) {
                        name = read_name(&values);
                    }
                    Ok(())
                })
            })
        })?;
        Ok((kind, Zeroizing::new(value), name))
    })
}

/// A friendly name. One that can't be read is no reason to refuse the file.
fn read_name(values: &[u8]) -> Option<String> {
    let mut names = yasna::parse_ber(values, |r| r.collect_set_of(|name| name.read_bmp_string())).ok()?;
    shown(&names.pop()?)
}

/// A name made safe to show: cut, and without control characters.
pub(super) fn shown(name: &str) -> Option<String> {
    const MAX_CHARACTERS: usize = 64;
    let name: String = name.chars().filter(|c| !c.is_control()).take(MAX_CHARACTERS).collect();
    (!name.is_empty()).then_some(name)
}
