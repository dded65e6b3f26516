//! The file format of `seal` and `open`: age v1 (age-encryption.org/v1) with one stanza of our own.
//!
//! ```text
//! -> keyward.v1 TENANT ENVIRONMENT GENERATION SALT
//! BODY
//! ```
//! SALT is 16 random bytes in base64 without padding. BODY is the age file key, sealed with ChaCha20-Poly1305
//! (zero nonce) under HKDF-SHA256(salt = SALT, info = the line's other words, key = data key). The key is
//! used once, since the salt is random. Everything after the header is age's own stream: 64 KiB chunks, each
//! authenticated, the last one marked, so that what was cut off or changed is found.

mod header;
mod output_file;
mod stanza;

use std::io::{BufRead, Read, Write};

use age::{DecryptError, Decryptor, Encryptor};
use zeroize::Zeroizing;

pub(crate) use output_file::OutputFile;
pub(crate) use stanza::{DataKeyIdentity, DataKeyRecipient, SealedBy};

use crate::failure::{Exit, Failure};

/// Bytes that are moved at once.
const BLOCK: usize = 64 * 1024;

/// An AES-256 data key.
pub(crate) type DataKeyBytes = Zeroizing<[u8; 32]>;

/// Encrypts everything from `from` to `to` under a data key.
pub(crate) fn seal(
    by: SealedBy,
    data_key: &DataKeyBytes,
    from: &mut dyn Read,
    to: &mut dyn Write,
) -> Result<u64, Failure> {
    let recipient = DataKeyRecipient { by, data_key };
    let failed = |e: &dyn std::fmt::Display| Failure::unexpected(format!("sealing failed: {e}"));
    let encryptor = Encryptor::with_recipients(std::iter::once(&recipient as _)).map_err(|e| failed(&e))?;
    let mut stream = encryptor.wrap_output(to).map_err(|e| failed(&e))?;
    let bytes = pump(from, &mut stream).map_err(|broken| match broken {
        Broken::Read(e) => Failure::unexpected(format!("reading failed: {e}")),
        Broken::Write(e) => Failure::unexpected(format!("writing failed: {e}")),
    })?;
    stream.finish().and_then(|to| to.flush()).map_err(|e| failed(&e))?;
    Ok(bytes)
}

/// Decrypts everything from `from` to `to`; `lease` gives the data key that the header names.
///
/// What was written is good only when this returns without error: the caller keeps it back until then.
pub(crate) fn open(
    lease: &dyn Fn(&SealedBy) -> Result<DataKeyBytes, Failure>,
    mut from: impl BufRead,
    to: &mut dyn Write,
) -> Result<u64, Failure> {
    let head = header::read(&mut from)?;
    let identity = DataKeyIdentity::new(lease);
    let whole = std::io::Cursor::new(head).chain(from);
    let mut stream = Decryptor::new_buffered(whole)
        .and_then(|d| d.decrypt(std::iter::once(&identity as _)))
        .map_err(|e| identity.refusal().unwrap_or_else(|| not_opened(&e)))?;
    let bytes = pump(&mut stream, to).map_err(|broken| match broken {
        Broken::Read(e) => damaged(format!("it was changed or cut off: {e}")),
        Broken::Write(e) => Failure::unexpected(format!("writing failed: {e}")),
    })?;
    to.flush().map_err(|e| Failure::unexpected(format!("writing failed: {e}")))?;
    Ok(bytes)
}

/// On which side copying broke off.
enum Broken {
    Read(std::io::Error),
    Write(std::io::Error),
}

fn pump(from: &mut dyn Read, to: &mut dyn Write) -> Result<u64, Broken> {
    let mut block = Zeroizing::new(vec![0; BLOCK]);
    let mut total = 0;
    loop {
        let length = match from.read(&mut block) {
            Ok(0) => return Ok(total),
            Ok(length) => length,
            Err(e) if e.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(e) => return Err(Broken::Read(e)),
        };
        to.write_all(&block[..length]).map_err(Broken::Write)?;
        total += length as u64;
    }
}

fn damaged(detail: String) -> Failure {
    Failure::new(Exit::Refused, "sealed_file_damaged", detail).next(
        "Take another copy of the sealed file. No file was written; what went to standard output is not to be used.",
    )
}

fn not_opened(error: &DecryptError) -> Failure {
    match error {
        DecryptError::NoMatchingKeys => Failure::new(
            Exit::Refused,
            "not_sealed_by_keyward",
            "the file is in age's format, but not sealed under a data key",
        )
        .next("Open it with the tool and the key that it was made with."),
        DecryptError::InvalidMac | DecryptError::DecryptionFailed | DecryptError::KeyDecryptionFailed => {
            damaged("the header was changed, or it names another data key than it was sealed under".to_owned())
        }
        other => damaged(format!("it is not a sealed file: {other}")),
    }
}

#[cfg(test)]
mod tests;
