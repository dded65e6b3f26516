//! `keyward exchange-key`: the keys by which secrets and private keys reach the vault.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use keyward_api::views::{ExchangeKeyView, TransferKeyView};
use keyward_domain::OperationName;
use keyward_keyfile::{KeyFileError, Limits, PublicKey, pem};

use crate::client::{Answer, Call, Session};
use crate::failure::Failure;
use crate::grammar::ExchangeKeyArguments;
use crate::key_files::{self, Form, NewFile};
use crate::output::{Sheet, plain};

/// Shows the keys, or writes them to a file.
pub(crate) fn run(session: &Session, arguments: &ExchangeKeyArguments) -> Result<(), Failure> {
    let file = arguments.out.as_deref().map(NewFile::create).transpose()?;
    let answer = read(session)?;
    let view: ExchangeKeyView = answer.view()?;
    if !arguments.pem && file.is_none() {
        let transfer = view.transfer.as_ref().map(TransferKey::of).transpose()?;
        return session.output().result(&answer.json()?, || text(&view, transfer.as_ref()));
    }
    let shown = offered(&view)?;
    let transfer = TransferKey::of(shown)?;
    let Some(file) = file else { return session.output().raw(plain(&shown.pem).as_bytes()) };
    file.fill(if arguments.pem { shown.pem.as_bytes() } else { &answer.body })?;
    let TransferKey { kid, key } = transfer;
    session.output().remark(&format!("The transfer key is {kid}, fingerprint {}.", key.fingerprint()));
    Ok(())
}

/// The key for transfer blobs, where there is one.
fn offered(view: &ExchangeKeyView) -> Result<&TransferKeyView, Failure> {
    view.transfer.as_ref().ok_or_else(|| Failure::from(KeyFileError::ByokNotOffered))
}

/// read-exchange-key.
pub(super) fn read(session: &Session) -> Result<Answer, Failure> {
    session.call(&Call::of(session.tenant()?, OperationName::ReadExchangeKey))
}

fn text(view: &ExchangeKeyView, transfer: Option<&TransferKey>) -> String {
    let sheet = Sheet::new()
        .fact("for sealing", "passwords and PFX files, as this command sends them")
        .fact("kid", &view.kid)
        .fact("algorithm", format!("{} with A256GCM (compact JWE)", view.jwk.alg))
        .fact("spki", &view.spki);
    let (Some(shown), Some(transfer)) = (&view.transfer, transfer) else {
        return sheet.fact("for transfer blobs", "this vault takes none").text();
    };
    let sheet = sheet
        .fact("for transfer blobs", "private keys from an HSM (BYOK), or wrapped by keyward key wrap")
        .fact("kid", &shown.kid)
        .fact("bits", shown.bits)
        .fact("algorithm", "CKM_RSA_AES_KEY_WRAP (RSA-OAEP with SHA-1, AES-256 key wrap with padding)")
        .fact("fingerprint", transfer.key.fingerprint());
    format!("{}{}", sheet.text(), plain(&shown.pem))
}

/// The key for which transfer blobs are wrapped.
pub(super) struct TransferKey {
    /// By which the vault knows it.
    pub(super) kid: String,
    /// The key.
    pub(super) key: PublicKey,
}

impl TransferKey {
    /// What the server offers.
    pub(super) fn offered(view: &ExchangeKeyView) -> Result<Self, Failure> {
        Self::of(offered(view)?)
    }

    fn of(view: &TransferKeyView) -> Result<Self, Failure> {
        let spki = STANDARD.decode(&view.spki).map_err(|_| Failure::unexpected("the transfer key is not base64"))?;
        Ok(Self { kid: view.kid.clone(), key: PublicKey::from_spki_der(&spki)? })
    }

    /// From a file: what `keyward exchange-key --out` wrote, or a PEM whose name is given.
    pub(super) fn from_file(path: &Path, kid: Option<&str>) -> Result<Self, Failure> {
        let content = key_files::read(path)?;
        if key_files::form(&content) != Form::Json {
            return Self::from_pem(path, &content, kid);
        }
        let found = Self::from_json(path, &content)?;
        if kid.is_some_and(|kid| kid != found.kid) {
            let detail = format!("{} holds the key {}, not the one of --kid", path.display(), found.kid);
            return Err(Failure::usage(detail).next("Leave --kid out, or give the file of that key."));
        }
        Ok(found)
    }

    /// From what `keyward exchange-key --out` wrote, which has the name of the key in it.
    pub(super) fn from_answer(path: &Path) -> Result<Self, Failure> {
        Self::from_json(path, &key_files::read(path)?)
    }

    fn from_json(path: &Path, content: &[u8]) -> Result<Self, Failure> {
        let view: ExchangeKeyView = serde_json::from_slice(content).map_err(|_| {
            Failure::usage(format!("{} is not the answer of read-exchange-key", path.display()))
                .next("Write it where the server is reached: keyward exchange-key --out FILE")
        })?;
        Self::offered(&view)
    }

    fn from_pem(path: &Path, content: &[u8], kid: Option<&str>) -> Result<Self, Failure> {
        let key = pem::read_public_key(content, &Limits::default())
            .map_err(|error| Failure::from(error).next("Give what was written by: keyward exchange-key --out FILE"))?;
        let kid = kid.ok_or_else(|| {
            Failure::usage(format!("{} is a PEM, which does not say the name of the key", path.display()))
                .next("Give --kid KID, as keyward exchange-key shows it.")
        })?;
        Ok(Self { kid: kid.to_owned(), key })
    }
}
