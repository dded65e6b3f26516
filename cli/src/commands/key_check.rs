//! `keyward key check`: what the server would find in a key file, without any server.

use std::path::Path;

use keyward_keyfile::{Inspection, KeyBits, Limits, byok, inspect};
use serde_json::json;

use super::exchange_key::TransferKey;
use super::key_files::{not_as_pem, read_pem};
use crate::failure::{Exit, Failure};
use crate::grammar::PasswordSource;
use crate::key_files::Form;
use crate::output::{Output, Sheet};
use crate::{key_files, passwords};

/// Says what is in the file, whether it would be accepted, and for each refusal what mends it.
pub(crate) fn run(
    output: &Output,
    path: &Path,
    exchange_key: Option<&Path>,
    password: &PasswordSource,
) -> Result<(), Failure> {
    let content = key_files::read(path)?;
    match key_files::form(&content) {
        Form::Json => check_blob(output, path, &content, exchange_key),
        Form::Pem => check_pem(output, path, &content, password),
        Form::Pfx => check_pfx(output, path, &content, password),
    }
}

/// What can be said of a blob that stays closed.
fn check_blob(output: &Output, path: &Path, content: &[u8], exchange_key: Option<&Path>) -> Result<(), Failure> {
    let blob = byok::parse(content, &Limits::default())?;
    // Every blob is long enough for the smallest exchange key; how long its own is, is not said in it.
    let (encrypted, wrapped) = blob.split(KeyBits::Rsa2048.bits())?;
    let bytes = encrypted.len() + wrapped.len();
    let fits = exchange_key.map(TransferKey::from_answer).transpose()?.map(|transfer| {
        blob.check_kid([transfer.kid.as_str()])?;
        blob.split(transfer.key.bits()).map(|_| ())
    });
    let for_key = match &fits {
        None => "not compared; give --exchange-key FILE",
        Some(Ok(())) => "the one of --exchange-key",
        Some(Err(_)) => "another one than that of --exchange-key",
    };
    let file = path.display().to_string();
    let shown = json!({
        "file": file, "kind": "transfer_blob", "bytes": content.len(), "schemaVersion": "1.0.0", "kid": blob.kid(),
        "generator": blob.generator(), "ciphertextBytes": bytes, "fitsExchangeKey": fits.as_ref().map(Result::is_ok),
    });
    output.result(&shown, || {
        Sheet::new()
            .fact("file", &file)
            .fact("form", "transfer blob (BYOK), schema 1.0.0")
            .fact("kid", blob.kid())
            .fact("transfer key", for_key)
            .fact("generator", blob.generator())
            .fact("ciphertext", format!("{bytes} bytes"))
            .fact("accepted", "in form; what is in it is known once the vault has opened it")
            .text()
    })?;
    fits.transpose()?;
    output.remark("Bring it: keyward key import FILE --id ID --region REGION");
    Ok(())
}

/// A PEM file is not sent as it is, whatever is in it.
fn check_pem(output: &Output, path: &Path, content: &[u8], password: &PasswordSource) -> Result<(), Failure> {
    let read = read_pem(path, content, password)?;
    let (public, file) = (read.key.public_key(), path.display().to_string());
    let encryption = if read.clear { "none: the private key is in the clear" } else { "under the password" };
    let shown = json!({
        "file": file, "kind": "pem", "bytes": content.len(), "encrypted": !read.clear, "keyBits": public.bits(),
        "fingerprint": public.fingerprint().to_string(), "accepted": false,
    });
    output.result(&shown, || {
        Sheet::new()
            .fact("file", &file)
            .fact("form", "PEM")
            .fact("encryption", encryption)
            .fact("bits", public.bits())
            .fact("fingerprint", public.fingerprint())
            .fact("accepted", "no: it has to be wrapped or made a PFX first")
            .text()
    })?;
    Err(not_as_pem(path))
}

fn check_pfx(output: &Output, path: &Path, content: &[u8], password: &PasswordSource) -> Result<(), Failure> {
    let typed = passwords::existing(password, &path.display().to_string())?;
    // The sizes that a deployment takes unless it says otherwise (K3).
    let found = inspect(content, Some(&typed.password), &Limits::default());
    let mut shown = serde_json::to_value(&found).map_err(|e| Failure::unexpected(e.to_string()))?;
    shown["file"] = path.display().to_string().into();
    output.result(&shown, || sheet(path, &found).text())?;
    match found.refusals.first() {
        None => {
            output.remark("Bring it: keyward key upload FILE --id ID --region REGION");
            Ok(())
        }
        Some(first) => Err(Failure::new(Exit::Refused, first.code, first.sentence.as_str()).next(first.next_step)),
    }
}

fn sheet(path: &Path, found: &Inspection) -> Sheet {
    let mac = found
        .mac
        .as_ref()
        .map_or_else(|| "none".to_owned(), |mac| format!("{}, {} iterations", mac.algorithm, mac.iterations));
    let mut sheet = Sheet::new()
        .fact("file", path.display())
        .fact("size", format!("{} bytes", found.bytes))
        .maybe("encoding", found.encoding)
        .fact("MAC", mac);
    for key in &found.keys {
        let encryption = key.encryption.as_ref().map_or_else(
            || "not encrypted".to_owned(),
            |with| format!("{} ({}, {}, {} iterations)", with.cipher, with.derivation, with.hash, with.iterations),
        );
        sheet = sheet
            .fact("private key", key.name.as_deref().unwrap_or("without a name"))
            .fact("encryption", encryption)
            .maybe("bits", key.bits)
            .maybe("fingerprint", key.fingerprint);
    }
    for certificate in &found.certificates {
        let subject = certificate.subject.as_deref().or(certificate.name.as_deref());
        sheet = sheet.fact("certificate", subject.unwrap_or("without a name"));
    }
    sheet = sheet.fact("iterations in all", found.iterations);
    sheet = sheet.fact("accepted", if found.accepted { "yes" } else { "no" });
    for refusal in &found.refusals {
        sheet = sheet.fact(refusal.code, format!("{} {}", refusal.sentence, refusal.next_step));
    }
    sheet
}
