//! Sealed messages: compact JWE (RFC 7516) with RSA-OAEP-256 and A256GCM, and nothing else.
//!
//! Who opens one may not hold the private key: the vault does. So an [`Envelope`] hands out the
//! encrypted content key, the vault unwraps it (RSA-OAEP-256, empty context), and
//! [`Envelope::open`] takes the result.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer, Serialize};
use zeroize::Zeroizing;

use crate::{DataKey, KeyFileError, PublicKey};

const ALG: &str = "RSA-OAEP-256";
const ENC: &str = "A256GCM";
const TAG_BYTES: usize = 16;
const NONCE_BYTES: usize = 12;
/// Longest header, in characters of base64url.
const MAX_HEADER: usize = 2048;
/// Longest encrypted content key: RSA with 4096 bits.
const MAX_ENCRYPTED_KEY: usize = 512;

/// Why a message can't be sealed or opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JweError {
    /// It is longer than the caller takes.
    #[error("the sealed message has {bytes} bytes; at most {limit} are read")]
    TooLong {
        /// Its length.
        bytes: usize,
        /// Longest message, in bytes.
        limit: usize,
    },
    /// It isn't a compact JWE.
    #[error("the sealed message is not a compact JWE: its {part} is malformed")]
    Malformed {
        /// The part.
        part: &'static str,
    },
    /// It uses another algorithm or an extension.
    #[error("the sealed message uses {what}; only RSA-OAEP-256 with A256GCM is taken")]
    Unsupported {
        /// What it uses.
        what: &'static str,
    },
    /// It doesn't open: another content key, or it was changed.
    #[error("the sealed message does not open")]
    NotOpened,
    /// Sealing failed.
    #[error("sealing failed: {0}")]
    NotSealed(#[from] KeyFileError),
}

impl JweError {
    /// The reason as a stable word.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::TooLong { .. } => "sealed_too_long",
            Self::Malformed { .. } => "sealed_malformed",
            Self::Unsupported { .. } => "sealed_unsupported",
            Self::NotOpened => "not_opened",
            Self::NotSealed(_) => "not_sealed",
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn next_step(&self) -> &'static str {
        match self {
            Self::TooLong { .. } => "Send less at once.",
            Self::Malformed { .. } | Self::Unsupported { .. } => {
                "Seal it as a compact JWE with alg RSA-OAEP-256, enc A256GCM and the kid of the \
                 exchange key."
            }
            Self::NotOpened => "Read the exchange key again and seal the message anew.",
            Self::NotSealed(_) => "Try again with the exchange key as it was read.",
        }
    }
}

#[derive(Serialize)]
struct NewHeader<'a> {
    alg: &'a str,
    enc: &'a str,
    kid: &'a str,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    enc: String,
    kid: String,
    // Their presence counts, whatever they hold (RFC 7516, sections 4.1.3 and 4.1.13).
    #[serde(default, deserialize_with = "present")]
    zip: bool,
    #[serde(default, deserialize_with = "present")]
    crit: bool,
}

fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    IgnoredAny::deserialize(deserializer).map(|_| true)
}

/// Seals `plaintext` to `recipient`; `kid` tells the recipient which of its keys that is.
///
/// # Errors
/// [`JweError::NotSealed`] when the system has no randomness to give; [`JweError::Malformed`] when
/// `kid` is too long.
pub fn seal(plaintext: &[u8], recipient: &PublicKey, kid: &str) -> Result<String, JweError> {
    let content_key = DataKey::generate()?;
    let encrypted_key = recipient.wrap(content_key.as_bytes(), b"")?;
    let header = serde_json::to_vec(&NewHeader { alg: ALG, enc: ENC, kid })
        .map_err(|_| JweError::Malformed { part: "header" })?;
    let header = URL_SAFE_NO_PAD.encode(header);
    if header.len() > MAX_HEADER {
        return Err(JweError::Malformed { part: "header" });
    }
    let failed = |_| JweError::NotSealed(KeyFileError::CryptographyFailed);
    let mut iv = [0; NONCE_BYTES];
    aws_lc_rs::rand::fill(&mut iv).map_err(failed)?;
    // Encrypted in place, so the plaintext's copy is gone when this succeeds; zeroised if it doesn't.
    let mut content = Zeroizing::new(plaintext.to_vec());
    let tag = cipher(content_key.as_bytes())?
        .seal_in_place_separate_tag(
            Nonce::assume_unique_for_key(iv),
            Aad::from(header.as_bytes()),
            content.as_mut_slice(),
        )
        .map_err(failed)?;
    let encode = |part: &[u8]| URL_SAFE_NO_PAD.encode(part);
    Ok(format!("{header}.{}.{}.{}.{}", encode(&encrypted_key), encode(&iv), encode(&content), encode(tag.as_ref())))
}

fn cipher(content_key: &[u8]) -> Result<LessSafeKey, JweError> {
    UnboundKey::new(&AES_256_GCM, content_key).map(LessSafeKey::new).map_err(|_| JweError::NotOpened)
}

/// A sealed message, taken apart but not opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    kid: String,
    encrypted_key: Vec<u8>,
    iv: [u8; NONCE_BYTES],
    /// Ciphertext, then tag.
    sealed: Vec<u8>,
    /// The header as it was sent; authenticated by the tag.
    aad: String,
}

/// Takes a compact JWE of at most `max_bytes` apart.
///
/// # Errors
/// [`JweError::TooLong`], [`JweError::Malformed`], [`JweError::Unsupported`].
pub fn parse(text: &str, max_bytes: usize) -> Result<Envelope, JweError> {
    if text.len() > max_bytes {
        return Err(JweError::TooLong { bytes: text.len(), limit: max_bytes });
    }
    let mut parts = text.splitn(6, '.');
    let (Some(header), Some(key), Some(iv), Some(content), Some(tag), None) =
        (parts.next(), parts.next(), parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(JweError::Malformed { part: "number of parts" });
    };
    let kid = read_header(header)?;
    let encrypted_key = decode(key, "encrypted key")?;
    if encrypted_key.is_empty() || encrypted_key.len() > MAX_ENCRYPTED_KEY {
        return Err(JweError::Malformed { part: "encrypted key" });
    }
    let malformed = |part| move |_| JweError::Malformed { part };
    let iv = <[u8; NONCE_BYTES]>::try_from(decode(iv, "initialization vector")?)
        .map_err(malformed("initialization vector"))?;
    let tag =
        <[u8; TAG_BYTES]>::try_from(decode(tag, "authentication tag")?).map_err(malformed("authentication tag"))?;
    let mut sealed = decode(content, "ciphertext")?;
    sealed.extend_from_slice(&tag);
    Ok(Envelope { kid, encrypted_key, iv, sealed, aad: header.to_owned() })
}

fn decode(text: &str, part: &'static str) -> Result<Vec<u8>, JweError> {
    URL_SAFE_NO_PAD.decode(text).map_err(|_| JweError::Malformed { part })
}

fn read_header(text: &str) -> Result<String, JweError> {
    const MALFORMED: JweError = JweError::Malformed { part: "header" };
    if text.len() > MAX_HEADER {
        return Err(MALFORMED);
    }
    let header: Header = serde_json::from_slice(&decode(text, "header")?).map_err(|_| MALFORMED)?;
    let unsupported = |what| Err(JweError::Unsupported { what });
    if header.alg != ALG {
        return unsupported("another alg");
    }
    if header.enc != ENC {
        return unsupported("another enc");
    }
    if header.zip {
        return unsupported("compression");
    }
    if header.crit {
        return unsupported("critical extensions");
    }
    Ok(header.kid)
}

impl Envelope {
    /// Which of the recipient's keys it was sealed to. Not authenticated before it is opened.
    #[must_use]
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// The content key, wrapped with RSA-OAEP-256 and an empty context.
    #[must_use]
    pub fn encrypted_key(&self) -> &[u8] {
        &self.encrypted_key
    }

    /// Opens the message with its unwrapped content key.
    ///
    /// # Errors
    /// [`JweError::NotOpened`], whatever the cause.
    pub fn open(self, content_key: &[u8]) -> Result<Zeroizing<Vec<u8>>, JweError> {
        let mut content = Zeroizing::new(self.sealed);
        let length = cipher(content_key)?
            .open_in_place(
                Nonce::assume_unique_for_key(self.iv),
                Aad::from(self.aad.as_bytes()),
                content.as_mut_slice(),
            )
            .map_err(|_| JweError::NotOpened)?
            .len();
        content.truncate(length);
        Ok(content)
    }
}
