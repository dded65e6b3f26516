//! `keyward key check`: what the server would find in a key file, without any server.

use std::path::Path;

use keyward_keyfile::{Inspection, Limits, inspect};

use crate::failure::{Exit, Failure};
use crate::grammar::PasswordSource;
use crate::output::{Output, Sheet};
use crate::{key_files, passwords};

/// Says what is in the file, whether it would be accepted, and for each refusal what mends it.
pub(crate) fn run(output: &Output, path: &Path, password: &PasswordSource) -> Result<(), Failure> {
    let content = key_files::read(path)?;
    let typed = passwords::existing(password, &path.display().to_string())?;
    // The sizes that a deployment takes unless it says otherwise (K3).
    let found = inspect(&content, Some(&typed.password), &Limits::default());
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
