//! The bags of a PFX file, and the keys among them.

use p12::EncryptedPrivateKeyInfo;
use yasna::models::ObjectIdentifier;
use yasna::{ASN1Result, BERReader, Tag};
use zeroize::Zeroizing;

use super::{container, encryption, oids};
use crate::budget::Budget;
use crate::{KeyFileError, Limits, Password, der};

/// A private key as it lies in the file, still encrypted.
pub(super) struct ShroudedKey {
    pub(super) encrypted: Vec<u8>,
    /// Its friendly name, made safe to show.
    pub(super) name: Option<String>,
}

const BAGS: &str = "list of bags";

/// Finds the private keys in an AuthenticatedSafe whose MAC was checked.
///
/// # Errors
/// `unencrypted_key`, `too_many_bags`, `unsupported_algorithm`, `too_many_iterations`, `damaged`,
/// `not_der`, `nested_too_deep`.
pub(super) fn find_keys(
    content: &[u8],
    password: &Password,
    limits: &Limits,
    budget: &mut Budget,
) -> Result<Vec<ShroudedKey>, KeyFileError> {
    let mut keys = Vec::new();
    let mut seen = 0;
    for group in container::groups(content, limits)? {
        let safe = match group {
            container::Group::Plain(safe) => safe,
            container::Group::Encrypted { algorithm, content } => {
                encryption::decrypt(&algorithm, &content, password, budget, "group of bags")?
            }
            container::Group::Other(oid) => {
                return Err(KeyFileError::UnsupportedAlgorithm { part: "group of bags", algorithm: oids::name(&oid) });
            }
        };
        der::scan(&safe, limits.depth, BAGS)?;
        take_keys(safe, limits, &mut seen, &mut keys)?;
    }
    Ok(keys)
}

/// Decrypts one key.
///
/// # Errors
/// `unsupported_algorithm`, `too_many_iterations`, `damaged`.
pub(super) fn open(
    key: &ShroudedKey,
    password: &Password,
    budget: &mut Budget,
) -> Result<Zeroizing<Vec<u8>>, KeyFileError> {
    const PART: &str = "encrypted private key";
    let info = yasna::parse_ber(&key.encrypted, EncryptedPrivateKeyInfo::parse)
        .map_err(|_| KeyFileError::Damaged { part: PART })?;
    encryption::decrypt(&info.encryption_algorithm, &info.encrypted_data, password, budget, PART)
}

/// Goes through a list of bags and the lists within it. How deep those go was bounded by the scan.
fn take_keys(
    safe: Zeroizing<Vec<u8>>,
    limits: &Limits,
    seen: &mut usize,
    keys: &mut Vec<ShroudedKey>,
) -> Result<(), KeyFileError> {
    let mut lists = vec![safe];
    while let Some(list) = lists.pop() {
        let bags = yasna::parse_ber(&list, |r| r.collect_sequence_of(read_bag))
            .map_err(|_| KeyFileError::Damaged { part: BAGS })?;
        *seen += bags.len();
        if *seen > limits.bags {
            return Err(KeyFileError::TooManyBags { limit: limits.bags });
        }
        for bag in bags {
            if oids::is(&bag.kind, oids::KEY_BAG) {
                return Err(KeyFileError::UnencryptedKey);
            } else if oids::is(&bag.kind, oids::SAFE_CONTENTS_BAG) {
                lists.push(bag.value);
            } else if oids::is(&bag.kind, oids::SHROUDED_KEY_BAG) {
                keys.push(ShroudedKey { encrypted: bag.value.to_vec(), name: bag.name });
            }
        }
    }
    Ok(())
}

struct Bag {
    kind: ObjectIdentifier,
    value: Zeroizing<Vec<u8>>,
    name: Option<String>,
}

fn read_bag(reader: BERReader<'_, '_>) -> ASN1Result<Bag> {
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
        Ok(Bag { kind, value: Zeroizing::new(value), name })
    })
}

/// A friendly name, cut and without control characters. One that can't be read is no reason to
/// refuse the file.
fn read_name(values: &[u8]) -> Option<String> {
    const MAX_CHARACTERS: usize = 64;
    let mut names = yasna::parse_ber(values, |r| r.collect_set_of(|name| name.read_bmp_string())).ok()?;
    let name: String = names.pop()?.chars().filter(|c| !c.is_control()).take(MAX_CHARACTERS).collect();
    (!name.is_empty()).then_some(name)
}
