//! Object identifiers of PKCS#12 and of what it is built from.

use yasna::models::ObjectIdentifier;

pub(super) const DATA: &[u64] = &[1, 2, 840, 113_549, 1, 7, 1];
pub(super) const SIGNED_DATA: &[u64] = &[1, 2, 840, 113_549, 1, 7, 2];
pub(super) const ENCRYPTED_DATA: &[u64] = &[1, 2, 840, 113_549, 1, 7, 6];

pub(super) const KEY_BAG: &[u64] = &[1, 2, 840, 113_549, 1, 12, 10, 1, 1];
pub(super) const SHROUDED_KEY_BAG: &[u64] = &[1, 2, 840, 113_549, 1, 12, 10, 1, 2];
pub(super) const CERTIFICATE_BAG: &[u64] = &[1, 2, 840, 113_549, 1, 12, 10, 1, 3];
pub(super) const SAFE_CONTENTS_BAG: &[u64] = &[1, 2, 840, 113_549, 1, 12, 10, 1, 6];
pub(super) const FRIENDLY_NAME: &[u64] = &[1, 2, 840, 113_549, 1, 9, 20];
pub(super) const X509_CERTIFICATE: &[u64] = &[1, 2, 840, 113_549, 1, 9, 22, 1];
pub(super) const COMMON_NAME: &[u64] = &[2, 5, 4, 3];

pub(super) const PBE_SHA1_2DES: &[u64] = &[1, 2, 840, 113_549, 1, 12, 1, 4];
pub(super) const PBE_SHA1_RC2_128: &[u64] = &[1, 2, 840, 113_549, 1, 12, 1, 5];
pub(super) const PBES2: &[u64] = &[1, 2, 840, 113_549, 1, 5, 13];
pub(super) const PBKDF2: &[u64] = &[1, 2, 840, 113_549, 1, 5, 12];
pub(super) const PBMAC1: &[u64] = &[1, 2, 840, 113_549, 1, 5, 14];
pub(super) const SCRYPT: &[u64] = &[1, 3, 6, 1, 4, 1, 11_591, 4, 11];

pub(super) const HMAC_SHA1: &[u64] = &[1, 2, 840, 113_549, 2, 7];
pub(super) const HMAC_SHA224: &[u64] = &[1, 2, 840, 113_549, 2, 8];
pub(super) const HMAC_SHA256: &[u64] = &[1, 2, 840, 113_549, 2, 9];
pub(super) const HMAC_SHA384: &[u64] = &[1, 2, 840, 113_549, 2, 10];
pub(super) const HMAC_SHA512: &[u64] = &[1, 2, 840, 113_549, 2, 11];

pub(super) const AES_128_CBC: &[u64] = &[2, 16, 840, 1, 101, 3, 4, 1, 2];
pub(super) const AES_192_CBC: &[u64] = &[2, 16, 840, 1, 101, 3, 4, 1, 22];
pub(super) const AES_256_CBC: &[u64] = &[2, 16, 840, 1, 101, 3, 4, 1, 42];
pub(super) const DES_EDE3_CBC: &[u64] = &[1, 2, 840, 113_549, 3, 7];

pub(super) const SHA256: &[u64] = &[2, 16, 840, 1, 101, 3, 4, 2, 1];
pub(super) const SHA384: &[u64] = &[2, 16, 840, 1, 101, 3, 4, 2, 2];
pub(super) const SHA512: &[u64] = &[2, 16, 840, 1, 101, 3, 4, 2, 3];
pub(super) const SHA224: &[u64] = &[2, 16, 840, 1, 101, 3, 4, 2, 4];

/// Names of what is not taken, so that an error can say what it is.
const NAMES: [(&[u64], &str); 17] = [
    (SCRYPT, "scrypt"),
    (PBMAC1, "PBMAC1"),
    (PBKDF2, "PBKDF2"),
    (HMAC_SHA1, "HMAC-SHA1"),
    (HMAC_SHA224, "HMAC-SHA224"),
    (&[1, 2, 840, 113_549, 2, 12], "HMAC-SHA512/224"),
    (&[1, 2, 840, 113_549, 2, 13], "HMAC-SHA512/256"),
    (&[1, 2, 840, 113_549, 1, 12, 1, 1], "PBE-SHA1-RC4-128"),
    (&[1, 2, 840, 113_549, 1, 12, 1, 2], "PBE-SHA1-RC4-40"),
    (&[1, 2, 840, 113_549, 1, 5, 1], "PBE-MD2-DES"),
    (&[1, 2, 840, 113_549, 1, 5, 3], "PBE-MD5-DES"),
    (&[1, 2, 840, 113_549, 1, 5, 10], "PBE-SHA1-DES"),
    (&[1, 2, 840, 113_549, 1, 5, 11], "PBE-SHA1-RC2-64"),
    (&[1, 2, 840, 113_549, 3, 2], "RC2-CBC"),
    (&[1, 3, 14, 3, 2, 7], "DES-CBC"),
    (&[1, 2, 840, 113_549, 2, 5], "MD5"),
    (&[1, 2, 840, 113_549, 1, 7, 3], "encryption to a certificate (public-key privacy mode)"),
];

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
    match NAMES.iter().find(|(components, _)| is(oid, components)) {
        Some((_, name)) => (*name).to_owned(),
        None => oid.to_string().chars().take(MAX_SHOWN).collect(),
    }
}
