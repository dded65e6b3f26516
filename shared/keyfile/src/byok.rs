//! Transfer blobs: how a private key is brought into a vault without leaving it in the clear (BYOK).
//!
//! The form is the one of Azure Key Vault, schema 1.0.0: JSON around one ciphertext. The ciphertext is
//! that of PKCS#11's `CKM_RSA_AES_KEY_WRAP`: an AES-256 key made for this blob, wrapped for the exchange
//! key with RSA-OAEP (SHA-1, MGF1 with SHA-1), then the PKCS#8 of the brought key under that AES key with
//! AES Key Wrap with Padding (RFC 5649).
//!
//! Nothing binds the header to the ciphertext: `kid` and `generator` are what the sender says. Nor does a
//! blob say who made it, since the exchange key is public.

use std::fmt;
use std::marker::PhantomData;

use aws_lc_rs::key_wrap::{AES_256, AesKek, KeyWrapPadded as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use zeroize::Zeroizing;

use crate::{DataKey, KeyBits, KeyFileError, Limits, PrivateKey, PublicKey};

const SCHEMA_VERSION: &str = "1.0.0";
const ALG: &str = "dir";
const ENC: &str = "CKM_RSA_AES_KEY_WRAP";
const GENERATOR: &str = concat!("keyward ", env!("CARGO_PKG_VERSION"), "; software");
/// Longest name of an exchange key, in bytes.
const MAX_KID: usize = 2048;
/// Longest name of the tool that made the blob, in bytes.
const MAX_GENERATOR: usize = 256;
/// AES key wrap works on blocks of 8 bytes and adds one.
const WRAP_BLOCK: usize = 8;
/// Shortest ciphertext: an exchange key of 2048 bits, and the least that is wrapped in several blocks.
const MIN_CIPHERTEXT: usize = 256 + MIN_WRAPPED_KEY;
const MIN_WRAPPED_KEY: usize = 3 * WRAP_BLOCK;
/// Longest ciphertext: an exchange key of 4096 bits, and a key; one of 4096 bits has about 2,400 bytes.
const MAX_CIPHERTEXT: usize = 512 + 4096;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    schema_version: String,
    #[serde(deserialize_with = "object")]
    header: Header,
    ciphertext: String,
    generator: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    kid: String,
    alg: String,
    enc: String,
}

/// Reads an object as one. A derived reader takes an array too, which then has no names to check.
fn object<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    struct Object<T>(PhantomData<T>);

    impl<'de, T: Deserialize<'de>> Visitor<'de> for Object<T> {
        type Value = T;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
            T::deserialize(MapAccessDeserializer::new(map))
        }
    }

    deserializer.deserialize_map(Object(PhantomData))
}

/// A transfer blob, read but not opened.
#[derive(Clone, PartialEq, Eq)]
pub struct Blob {
    kid: String,
    generator: String,
    /// The AES key for the exchange key, then the key under the AES key. Where the one ends is known from
    /// the exchange key only.
    ciphertext: Vec<u8>,
}

/// Reads a transfer blob. Taken is exactly the agreed form: no members are missing, added or twice there.
///
/// # Errors
/// `byok_too_large`, `byok_malformed`, `byok_unsupported`.
pub fn parse(file: &[u8], limits: &Limits) -> Result<Blob, KeyFileError> {
    if file.len() > limits.file_bytes {
        return Err(KeyFileError::ByokTooLarge { bytes: file.len(), limit: limits.file_bytes });
    }
    let document = read_document(file)?;
    let unsupported = |what| Err(KeyFileError::ByokUnsupported { what });
    if document.schema_version != SCHEMA_VERSION {
        return unsupported("another schema_version");
    }
    if document.header.alg != ALG {
        return unsupported("another alg");
    }
    if document.header.enc != ENC {
        return unsupported("another enc");
    }
    check_kid(&document.header.kid)?;
    if document.generator.len() > MAX_GENERATOR || has_control(&document.generator) {
        return Err(malformed("generator"));
    }
    let ciphertext = URL_SAFE_NO_PAD.decode(&document.ciphertext).map_err(|_| malformed("ciphertext"))?;
    let in_bounds = (MIN_CIPHERTEXT..=MAX_CIPHERTEXT).contains(&ciphertext.len());
    // The exchange key's part has whole blocks too, so all of it has.
    if !in_bounds || !ciphertext.len().is_multiple_of(WRAP_BLOCK) {
        return Err(malformed("ciphertext"));
    }
    Ok(Blob { kid: document.header.kid, generator: document.generator, ciphertext })
}

fn read_document(file: &[u8]) -> Result<Document, KeyFileError> {
    let mut json = serde_json::Deserializer::from_slice(file);
    let read = object(&mut json).and_then(|document| json.end().map(|()| document));
    read.map_err(|error| malformed(if error.is_data() { "list of members" } else { "JSON" }))
}

fn malformed(part: &'static str) -> KeyFileError {
    KeyFileError::ByokMalformed { part }
}

fn check_kid(kid: &str) -> Result<(), KeyFileError> {
    if kid.is_empty() || kid.len() > MAX_KID || has_control(kid) { Err(malformed("kid")) } else { Ok(()) }
}

/// Both texts are shown to people and written to logs.
fn has_control(text: &str) -> bool {
    text.chars().any(char::is_control)
}

impl Blob {
    /// Which exchange key it says it was wrapped for: in Azure, the key's address with its version.
    #[must_use]
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// Which tool says it made the blob, and where the key came from.
    #[must_use]
    pub fn generator(&self) -> &str {
        &self.generator
    }

    /// The blob as JSON, as a vault takes it. What is equal is written equally.
    ///
    /// # Errors
    /// None that is known of; `cryptography_failed` where it can't be written.
    pub fn to_json(&self) -> Result<Vec<u8>, KeyFileError> {
        let document = Document {
            schema_version: SCHEMA_VERSION.to_owned(),
            header: Header { kid: self.kid.clone(), alg: ALG.to_owned(), enc: ENC.to_owned() },
            ciphertext: URL_SAFE_NO_PAD.encode(&self.ciphertext),
            generator: self.generator.clone(),
        };
        serde_json::to_vec(&document).map_err(|_| KeyFileError::CryptographyFailed)
    }

    /// Whether it names one of the `known` exchange keys. Their names end in the version, after the last slash, as
    /// those of Azure Key Vault do.
    ///
    /// # Errors
    /// `byok_unknown_version` for another version of a known key, else `byok_other_vault`.
    pub fn check_kid<'a>(&self, known: impl IntoIterator<Item = &'a str>) -> Result<(), KeyFileError> {
        let mut error = KeyFileError::ByokOtherVault;
        for kid in known {
            if kid == self.kid {
                return Ok(());
            }
            if let (Some((key, _)), Some((named, _))) = (kid.rsplit_once('/'), self.kid.rsplit_once('/'))
                && key == named
            {
                error = KeyFileError::ByokUnknownVersion;
            }
        }
        Err(error)
    }

    /// The wrapped AES key (RSA-OAEP, SHA-1) and the wrapped key (AES key wrap with padding of its PKCS#8),
    /// for an exchange key of `exchange_key_bits` bits.
    ///
    /// # Errors
    /// `key_size_not_allowed` for a size that no exchange key has; `byok_malformed` when the ciphertext is
    /// too short for this one.
    pub fn split(&self, exchange_key_bits: u32) -> Result<(&[u8], &[u8]), KeyFileError> {
        let bytes = KeyBits::try_from(exchange_key_bits)?.bits() as usize / 8;
        self.ciphertext
            .split_at_checked(bytes)
            .filter(|(_, wrapped_key)| wrapped_key.len() >= MIN_WRAPPED_KEY)
            .ok_or(malformed("ciphertext"))
    }

    /// Opens the blob and checks the key in it, as [`PrivateKey::from_pkcs8`] does.
    ///
    /// # Errors
    /// `byok_not_for_this_vault`, whatever keeps it closed; `byok_malformed`; and, once it is open,
    /// `damaged`, `not_rsa`, `key_size_not_allowed`, `weak_key`, `nested_too_deep`.
    pub fn open(&self, exchange_key: &PrivateKey, limits: &Limits) -> Result<PrivateKey, KeyFileError> {
        let (encrypted_key, wrapped_key) = self.split(exchange_key.public_key().bits())?;
        let aes_key = exchange_key.unwrap_with_sha1(encrypted_key).map_err(|_| KeyFileError::ByokNotForThisVault)?;
        let mut pkcs8 = Zeroizing::new(vec![0; wrapped_key.len()]);
        let length = AesKek::new(&AES_256, &aes_key)
            .and_then(|kek| kek.unwrap_with_padding(wrapped_key, &mut pkcs8).map(|plain| plain.len()))
            .map_err(|_| KeyFileError::ByokNotForThisVault)?;
        pkcs8.truncate(length);
        PrivateKey::from_pkcs8(&pkcs8, limits)
    }
}

impl fmt::Debug for Blob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Blob(for {:?}, by {:?}, {} bytes)", self.kid, self.generator, self.ciphertext.len())
    }
}

/// Wraps `key` for `exchange_key`; `kid` is the name by which the vault knows that key. Gives the blob as JSON.
///
/// # Errors
/// `byok_malformed` when `kid` is empty, longer than 2,048 bytes or has control characters;
/// `cryptography_failed` when the system has no randomness to give.
pub fn wrap(key: &PrivateKey, exchange_key: &PublicKey, kid: &str) -> Result<Vec<u8>, KeyFileError> {
    const FAILED: KeyFileError = KeyFileError::CryptographyFailed;
    check_kid(kid)?;
    let aes_key = DataKey::generate()?;
    let mut ciphertext = exchange_key.wrap_with_sha1(&aes_key)?;
    // Filled up to whole blocks, and one more.
    let mut wrapped_key = vec![0; key.pkcs8_der().len() + 2 * WRAP_BLOCK];
    let wrapped_key = AesKek::new(&AES_256, aes_key.as_bytes())
        .and_then(|kek| kek.wrap_with_padding(key.pkcs8_der(), &mut wrapped_key))
        .map_err(|_| FAILED)?;
    ciphertext.extend_from_slice(wrapped_key);
    Blob { kid: kid.to_owned(), generator: GENERATOR.to_owned(), ciphertext }.to_json()
}
