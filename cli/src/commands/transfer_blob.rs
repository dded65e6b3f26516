//! Transfer blobs (BYOK): made on this machine, sent, and presented again.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use keyward_api::requests::ImportKeyRequest;
use keyward_api::views::{ExchangeKeyView, KeyView};
use keyward_domain::OperationName;
use keyward_keyfile::{Limits, byok};
use serde_json::json;

use super::exchange_key::{self, TransferKey};
use super::key::show_brought;
use super::key_files::read_private_key;
use crate::client::{Answer, Call, Session};
use crate::failure::{Exit, Failure};
use crate::grammar::WrapArguments;
use crate::key_files::{self, NewFile};
use crate::output::{Output, Sheet};

/// `keyward key import`.
pub(super) fn import(
    session: &Session,
    path: &Path,
    request: impl FnOnce(String) -> ImportKeyRequest,
) -> Result<(), Failure> {
    show_brought(session, &send(session, path, request)?)
}

/// Brings the private part of a known key back. The blob is closed: whether it is that key is seen once the vault has opened it.
pub(super) fn present(session: &Session, known: &KeyView, path: &Path) -> Result<(), Failure> {
    let id = &known.id;
    if known.in_vault {
        session.output().remark(&format!("{id} is in the vault; its transfer blob is not needed."));
        return Ok(());
    }
    // With the identifier of a key that is there, a blob of a new key is refused instead of added.
    let request = |transfer_blob| ImportKeyRequest { id: Some(id.clone()), name: None, region: None, transfer_blob };
    let brought: KeyView = send(session, path, request)?.view()?;
    if brought.id != *id {
        let detail = format!("{} holds the key {}, not {id}", path.display(), brought.id);
        return Err(Failure::new(Exit::Refused, "wrong_key", detail)
            .next(format!("Give a transfer blob of the key with the fingerprint {}.", known.fingerprint)));
    }
    session.output().remark(&format!("The transfer blob of {id} was presented."));
    Ok(())
}

/// Reads a blob here first, so that what is wrong with it is said before anything is sent.
fn send(session: &Session, path: &Path, request: impl FnOnce(String) -> ImportKeyRequest) -> Result<Answer, Failure> {
    let tenant = session.tenant()?;
    let content = key_files::read(path)?;
    let blob = byok::parse(&content, &Limits::default())?;
    session.output().remark(&format!("Wrapped for {} by {}.", blob.kid(), blob.generator()));
    let request = request(STANDARD.encode(&*content));
    session.call(&Call::of(tenant, OperationName::ImportKey).body(&request)?)
}

/// `keyward key wrap`, for the transfer key of the server.
pub(super) fn wrap(session: &Session, arguments: &WrapArguments) -> Result<(), Failure> {
    let for_key = || TransferKey::offered(&exchange_key::read(session)?.view::<ExchangeKeyView>()?);
    wrap_for(session.output(), arguments, for_key)
}

/// `keyward key wrap --exchange-key FILE`: no server is asked.
pub(super) fn wrap_offline(output: &Output, arguments: &WrapArguments, exchange_key: &Path) -> Result<(), Failure> {
    wrap_for(output, arguments, || TransferKey::from_file(exchange_key, arguments.kid.as_deref()))
}

fn wrap_for(
    output: &Output,
    arguments: &WrapArguments,
    for_key: impl FnOnce() -> Result<TransferKey, Failure>,
) -> Result<(), Failure> {
    let file = NewFile::create(&arguments.out)?;
    let transfer = for_key()?;
    let read = read_private_key(&arguments.file, &arguments.password)?;
    file.fill(&byok::wrap(&read.key, &transfer.key, &transfer.kid)?)?;
    let (public, out) = (read.key.public_key(), arguments.out.display().to_string());
    let wrapped_for = transfer.key.fingerprint().to_string();
    let shown = json!({
        "file": out, "kid": transfer.kid, "transferKeyFingerprint": wrapped_for,
        "fingerprint": public.fingerprint().to_string(), "bits": public.bits(),
    });
    output.result(&shown, || {
        Sheet::new()
            .fact("file", &out)
            .fact("bits", public.bits())
            .fact("fingerprint", public.fingerprint())
            .fact("wrapped for", &transfer.kid)
            .fact("its fingerprint", &wrapped_for)
            .text()
    })?;
    if read.clear {
        let path = arguments.file.display();
        output
            .remark(&format!("{path} holds the private key in the clear: destroy it, or encrypt it and keep it safe."));
    }
    output.remark(&format!("Next: keyward key import {out} --id ID --region REGION"));
    Ok(())
}
