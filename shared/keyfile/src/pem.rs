//! Keys in PEM files (RFC 7468): what the openssl program and the tools of HSMs write.
//!
//! A private key is taken as PKCS#8 (`PRIVATE KEY`), PKCS#1 (`RSA PRIVATE KEY`) or under a password
//! (`ENCRYPTED PRIVATE KEY`, with what is supported in PFX files). The encryption of traditional PEM files derives
//! its key with one MD5 and is not taken. Other blocks of the file, such as certificates, and text between them are passed over.

use std::fmt;

use pem_rfc7468::Decoder;
use rsa::pkcs8::der::asn1::AnyRef;
use rsa::pkcs8::der::{Decode as _, Encode as _};
use rsa::pkcs8::spki::AlgorithmIdentifierRef;
use rsa::pkcs8::{ObjectIdentifier, PrivateKeyInfo};
use zeroize::Zeroizing;

use crate::budget::Budget;
use crate::pfx::{ShroudedKey, shrouded_key};
use crate::{KeyFileError, Limits, Password, PrivateKey, PublicKey, der};

const BEGIN: &[u8] = b"-----BEGIN ";
const END: &[u8] = b"-----END ";
const DASHES: &[u8] = b"-----";
/// What some editors put before a text in UTF-8.
const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";
/// Most keys of one file that an error names.
const MOST_NAMED: usize = 8;

const TEXT: KeyFileError = KeyFileError::Damaged { part: "PEM text" };

/// `rsaEncryption` (RFC 8017, appendix A.1).
const RSA_ENCRYPTION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");

/// The private key of a PEM file.
#[derive(Debug)]
pub enum Found {
    /// It lay there in the clear, and is checked.
    Clear(PrivateKey),
    /// It is under a password.
    Encrypted(EncryptedKey),
}

/// A private key under a password, not opened yet.
pub struct EncryptedKey(ShroudedKey);

/// Whether a file looks like a PEM file. A binary file begins with the tag of a SEQUENCE instead.
#[must_use]
pub fn is_pem(file: &[u8]) -> bool {
    !der::is_sequence(file) && file.windows(BEGIN.len()).any(|window| window == BEGIN)
}

/// Reads the one private key of a PEM file. One in the clear is checked as [`PrivateKey::from_pkcs8`] does; of one under a
/// password the parameters are read and nothing is derived.
///
/// # Errors
/// `file_too_large`, `not_pem`, `pem_unsupported`, `no_key`, `several_keys`, `not_rsa`, `not_der`, `damaged`,
/// `nested_too_deep`; and for a key in the clear `key_size_not_allowed`, `weak_key`.
pub fn read_private_key(file: &[u8], limits: &Limits) -> Result<Found, KeyFileError> {
    let mut keys = blocks(file, limits)?;
    keys.retain(|block| block.label.ends_with(b"PRIVATE KEY"));
    let block = match keys.as_slice() {
        [] => return Err(KeyFileError::NoKey),
        [block] => block,
        several => return Err(several_keys(several)),
    };
    match block.label {
        b"PRIVATE KEY" => Ok(Found::Clear(PrivateKey::from_pkcs8(&block.decode()?, limits)?)),
        b"RSA PRIVATE KEY" => Ok(Found::Clear(PrivateKey::from_pkcs8(&pkcs8_of_pkcs1(&block.decode()?)?, limits)?)),
        b"ENCRYPTED PRIVATE KEY" => {
            let encoded = block.decode()?;
            der::scan(&encoded, limits.depth, "encrypted private key")?;
            let key = shrouded_key(&encoded).map_err(|error| match error {
                KeyFileError::UnsupportedAlgorithm { algorithm, .. } => {
                    unsupported(&format!("encryption by {algorithm}"))
                }
                other => other,
            })?;
            Ok(Found::Encrypted(EncryptedKey(key)))
        }
        b"EC PRIVATE KEY" | b"DSA PRIVATE KEY" => Err(KeyFileError::NotRsa),
        b"OPENSSH PRIVATE KEY" => Err(unsupported("the form of OpenSSH")),
        _ => Err(unsupported("a private key of a kind of its own")),
    }
}

/// Reads the one public key (`PUBLIC KEY`, a SubjectPublicKeyInfo) of a PEM file.
///
/// # Errors
/// `file_too_large`, `not_pem`, and those of [`PublicKey::from_spki_der`].
pub fn read_public_key(file: &[u8], limits: &Limits) -> Result<PublicKey, KeyFileError> {
    let mut keys = blocks(file, limits)?;
    keys.retain(|block| block.label == b"PUBLIC KEY");
    match keys.as_slice() {
        [block] => PublicKey::from_spki_der(&block.decode()?),
        [] => Err(KeyFileError::NotPem { found: "it has no block PUBLIC KEY" }),
        _ => Err(KeyFileError::NotPem { found: "it has several public keys" }),
    }
}

impl EncryptedKey {
    /// Decrypts the key and checks it as [`PrivateKey::from_pkcs8`] does.
    ///
    /// # Errors
    /// `too_many_iterations`, `too_much_memory`; `wrong_password` whatever keeps it closed, since nothing but the form of
    /// the key tells; and, once it is open, those of [`PrivateKey::from_pkcs8`].
    pub fn open(&self, password: &Password, limits: &Limits) -> Result<PrivateKey, KeyFileError> {
        // Charged by itself first, so that what fails after it can only be the password or the content.
        self.0.charge(&mut Budget::new(limits))?;
        let wrong = |_| KeyFileError::WrongPassword;
        let pkcs8 = self.0.decrypt(password, &mut Budget::new(limits)).map_err(wrong)?;
        der::scan(&pkcs8, limits.depth, "private key").map_err(wrong)?;
        PrivateKeyInfo::from_der(&pkcs8).map_err(|_| KeyFileError::WrongPassword)?;
        PrivateKey::from_pkcs8(&pkcs8, limits)
    }
}

impl fmt::Debug for EncryptedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EncryptedKey(redacted)")
    }
}

/// From one line with its label to another.
struct Block<'a> {
    label: &'a [u8],
    /// The lines between them.
    body: &'a [u8],
    /// All of it.
    whole: &'a [u8],
}

impl Block<'_> {
    /// # Errors
    /// `pem_unsupported` for headers, which only the traditional encryption has; `damaged`.
    fn decode(&self) -> Result<Zeroizing<Vec<u8>>, KeyFileError> {
        // No character of base64.
        if self.body.contains(&b':') {
            return Err(unsupported("the encryption of traditional PEM files (Proc-Type)"));
        }
        let mut decoder = Decoder::new_detect_wrap(self.whole).map_err(|_| TEXT)?;
        let mut decoded = Zeroizing::new(vec![0; decoder.remaining_len()]);
        decoder.decode(&mut decoded).map_err(|_| TEXT)?;
        if decoder.is_finished() { Ok(decoded) } else { Err(TEXT) }
    }
}

/// Takes a file apart. A key that isn't wanted may be damaged; boundaries that don't fit each other are refused.
fn blocks<'a>(file: &'a [u8], limits: &Limits) -> Result<Vec<Block<'a>>, KeyFileError> {
    if file.len() > limits.file_bytes {
        return Err(KeyFileError::FileTooLarge { bytes: file.len(), limit: limits.file_bytes });
    }
    let text = file.strip_prefix(BYTE_ORDER_MARK).unwrap_or(file);
    let (mut found, mut open, mut at) = (Vec::new(), None, 0);
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        let (start, next) = (at, at + line.len());
        at = next;
        let line = line.trim_ascii_end();
        if let Some(label) = label_after(BEGIN, line) {
            if open.replace((label, start, next)).is_some() {
                return Err(TEXT);
            }
        } else if let Some(ended) = label_after(END, line) {
            let (label, begin, body) = open.take().filter(|(label, ..)| *label == ended).ok_or(TEXT)?;
            found.push(Block { label, body: &text[body..start], whole: &text[begin..start + line.len()] });
        }
    }
    match (open, found.is_empty()) {
        (None, false) => Ok(found),
        (Some(_), _) => Err(TEXT),
        (None, true) => Err(KeyFileError::NotPem { found: look(file) }),
    }
}

fn label_after<'a>(boundary: &[u8], line: &'a [u8]) -> Option<&'a [u8]> {
    line.strip_prefix(boundary)?.strip_suffix(DASHES)
}

fn look(file: &[u8]) -> &'static str {
    if file.is_empty() {
        "it is empty"
    } else if der::is_sequence(file) {
        "it is binary (DER)"
    } else if file.starts_with(b"\xFF\xFE") || file.starts_with(b"\xFE\xFF") {
        "it is text in UTF-16, not in ASCII"
    } else {
        "it has no line that begins with -----BEGIN"
    }
}

fn unsupported(what: &str) -> KeyFileError {
    KeyFileError::PemUnsupported { what: what.to_owned() }
}

/// The labels are those of the file: shown without what could steer a terminal.
fn several_keys(blocks: &[Block<'_>]) -> KeyFileError {
    let shown = |block: &Block<'_>| block.label.escape_ascii().to_string().chars().take(64).collect();
    KeyFileError::SeveralKeys { names: blocks.iter().take(MOST_NAMED).map(shown).collect() }
}

/// PKCS#8 around a key in PKCS#1, whose content isn't looked at here.
fn pkcs8_of_pkcs1(pkcs1: &[u8]) -> Result<Zeroizing<Vec<u8>>, KeyFileError> {
    let algorithm = AlgorithmIdentifierRef { oid: RSA_ENCRYPTION, parameters: Some(AnyRef::NULL) };
    let encoded = PrivateKeyInfo::new(algorithm, pkcs1).to_der();
    encoded.map(Zeroizing::new).map_err(|_| KeyFileError::Damaged { part: "private key" })
}
