//! Object identifiers of PKCS#12 and of what it is built from.

use yasna::models::ObjectIdentifier;

pub(super) const DATA: &[u64] = &[1, 2, 840, 113_549, 1, 7, 1];
pub(super) const SIGNED_DATA: &[u64] = &[1, 2, 840, 113_549, 1, 7, 2];
pub(super) const ENCRYPTED_DATA: &[u64] = &[1, 2, 840, 113_549, 1, 7, 6];

pub(super) const KEY_BAG: &[u64] = &[1, 2, 840, 113_549, 1, 12, 10, 1, 1];
pub(super) const SHROUDED_KEY_BAG: &[u64] = &[1, 2, 840, 113_549, 1, 12, 10, 1, 2];
pub(super) const SAFE_CONTENTS_BAG: &[u64] = &[1, 2, 840, 113_549, 1, 12, 10, 1, 6];
pub(super) const FRIENDLY_NAME: &[u64] = &[1, 2, 840, 113_549, 1, 9, 20];

pub(super) const PBE_SHA1_RC2_128: &[u64] = &[1, 2, 840, 113_549, 1, 12, 1, 5];
pub(super) const PBES2: &[u64] = &[1, 2, 840, 113_549, 1, 5, 13];
pub(super) const PBKDF2: &[u64] = &[1, 2, 840, 113_549, 1, 5, 12];
pub(super) const PBMAC1: &[u64] = &[1, 2, 840, 113_549, 1, 5, 14];
pub(super) const SCRYPT: &[u64] = &[1, 3, 6, 1, 4, 1, 11_591, 4, 11];

pub(super) const HMAC_SHA1: &[u64] = &[1, 2, 840, 113_549, 2, 7];
pub(super) const HMAC_SHA256: &[u64] = &[1, 2, 840, 113_549, 2, 9];
pub(super) const HMAC_SHA384: &[u64] = &[1, 2, 840, 113_549, 2, 10];
pub(super) const HMAC_SHA512: &[u64] = &[1, 2, 840, 113_549, 2, 11];

pub(super) const AES_128_CBC: &[u64] = &[2, 16, 840, 1, 101, 3, 4, 1, 2];
pub(super) const AES_192_CBC: &[u64] = &[2, 16, 840, 1, 101, 3, 4, 1, 22];
pub(super) const AES_256_CBC: &[u64] = &[2, 16, 840, 1, 101, 3, 4, 1, 42];

pub(super) const SHA256: &[u64] = &[2, 16, 840, 1, 101, 3, 4, 2, 1];
pub(super) const SHA384: &[u64] = &[2, 16, 840, 1, 101, 3, 4, 2, 2];
pub(super) const SHA512: &[u64] = &[2, 16, 840, 1, 101, 3, 4, 2, 3];
pub(super) const SHA224: &[u64] = &[2, 16, 840, 1, 101, 3, 4, 2, 4];

pub(super) fn oid(components: &[u64]) -> ObjectIdentifier {
    ObjectIdentifier::from_slice(components)
}

pub(super) fn is(oid: &ObjectIdentifier, components: &[u64]) -> bool {
    oid.components().as_slice() == components
}

/// What to call an algorithm in an error: its name where it is well known, else its number.
pub(super) fn name(oid: &ObjectIdentifier) -> String {
    /// Longest number that is shown; an identifier may have thousands of parts.
    const MAX_SHOWN: usize = 64;
    if is(oid, SCRYPT) {
        return "scrypt".to_owned();
    }
    if is(oid, PBMAC1) {
        return "PBMAC1".to_owned();
    }
    oid.to_string().chars().take(MAX_SHOWN).collect()
}
