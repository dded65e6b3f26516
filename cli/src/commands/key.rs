//! `keyward key`.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use keyward_api::requests::{
    ApprovableOperation, DestroyKeyRequest, EmptyRequest, GenerateKeyRequest, ImportKeyRequest, RequestApprovalRequest,
    RollBackKeyRequest, UploadKeyRequest,
};
use keyward_api::views::{ActivationView, GeneratedKeyView, KeyView, OperationView, PageView, PlanView, TenantView};
use keyward_domain::{KeyId, Name, OperationName, Region};
use serde_json::Value;
use zeroize::Zeroizing;

use super::key_files::{OpenedKeyFile, seal_to_vault, verify_handed_out};
use super::{approval_needed, key_check, key_table, operation, tenant, transfer_blob};
use crate::client::{Answer, Call, Session};
use crate::confirmation::{confirm, plan_text};
use crate::failure::{Exit, Failure};
use crate::grammar::{Destructive, KeyCommand, PasswordSource, Waiting};
use crate::key_files::{self, Form, NewFile};
use crate::passwords;

/// Runs a command about keys.
pub(crate) fn run(session: &Session, command: &KeyCommand) -> Result<(), Failure> {
    match command {
        KeyCommand::Generate { id, region, name, out, password } => {
            generate(session, id, region, name.as_ref(), out, password)
        }
        KeyCommand::Upload { file, id, region, name, password } => {
            let request = |sealed_key_file| UploadKeyRequest {
                id: id.clone(),
                name: name.clone(),
                region: region.clone(),
                sealed_key_file,
            };
            upload(session, file, password, request)
        }
        KeyCommand::Import { file, id, region, name } => {
            let request = |transfer_blob| ImportKeyRequest {
                id: id.clone(),
                name: name.clone(),
                region: region.clone(),
                transfer_blob,
            };
            transfer_blob::import(session, file, request)
        }
        KeyCommand::Wrap(arguments) => transfer_blob::wrap(session, arguments),
        KeyCommand::List => {
            let answer = session.list(&Call::of(session.tenant()?, OperationName::ListKeys))?;
            let page: PageView<KeyView> = answer.view()?;
            session.output().result(&answer.json()?, || key_table::list_text(&page.value, answer.clock()))
        }
        KeyCommand::Show { id } => show(session, &read(session, id)?),
        KeyCommand::Activate { id, dry_run: true, .. } => plan_activation(session, id),
        KeyCommand::Activate { id, key_file, password, waiting, .. } => {
            if let Some(file) = key_file {
                present(session, id, file, password)?;
            }
            activate(session, id, *waiting)
        }
        KeyCommand::RollBack { destructive, waiting } => roll_back(session, destructive, *waiting),
        KeyCommand::Destroy { id, destructive, waiting } => destroy(session, id, destructive, *waiting),
        KeyCommand::Check { file, exchange_key, password } => {
            key_check::run(session.output(), file, exchange_key.as_deref(), password)
        }
    }
}

fn generate(
    session: &Session,
    id: &KeyId,
    region: &Region,
    name: Option<&Name>,
    out: &Path,
    password: &PasswordSource,
) -> Result<(), Failure> {
    let tenant = session.tenant()?;
    let file = NewFile::create(out)?;
    let typed = passwords::new(password, &out.display().to_string())?;
    let request = GenerateKeyRequest {
        id: id.clone(),
        name: name.cloned(),
        region: region.clone(),
        sealed_password: seal_to_vault(session, typed.text.as_bytes())?,
    };
    let answer = session.call(&Call::of(tenant, OperationName::GenerateKey).body(&request)?)?;
    let generated: GeneratedKeyView = answer.view()?;
    let pfx = generated.pfx.as_ref().ok_or_else(lost_file)?;
    let content = STANDARD.decode(pfx.expose()).map(Zeroizing::new);
    let content = content.map_err(|_| Failure::unexpected("the PFX that the server handed out is not base64"))?;
    // Kept first, checked then: there is no second copy.
    file.fill(&content)?;
    verify_handed_out(&content, &typed, generated.key.fingerprint.as_str())?;
    let mut shown: Value = serde_json::to_value(&generated.key).map_err(|e| Failure::unexpected(e.to_string()))?;
    shown["file"] = out.display().to_string().into();
    session.output().result(&shown, || key_table::key_text(&generated.key, answer.clock()))?;
    let path = out.display();
    session.output().remark(&format!(
        "{path} is the only copy of this file, and it opens with your password. Keep both safe, apart from each other \
         and not on this machine: without them a locked tenant can't be unlocked, and is deleted."
    ));
    session.output().remark(&format!("Next: keyward key activate {id}"));
    Ok(())
}

/// The answer was lost on the way and repeated without the file.
fn lost_file() -> Failure {
    Failure::new(
        Exit::Unexpected,
        "key_file_lost",
        "the key was made, but its file was lost on the way; it is handed out once",
    )
    .next("Generate another key under another identifier, and don't activate this one.")
}

fn upload(
    session: &Session,
    file: &Path,
    password: &PasswordSource,
    request: impl FnOnce(String) -> UploadKeyRequest,
) -> Result<(), Failure> {
    let tenant = session.tenant()?;
    let sealed = OpenedKeyFile::open(file, password)?.sealed(session)?;
    let answer = session.call(&Call::of(tenant, OperationName::UploadKey).body(&request(sealed))?)?;
    show_brought(session, &answer)
}

/// A key that was brought, and what comes next.
pub(super) fn show_brought(session: &Session, answer: &Answer) -> Result<(), Failure> {
    show(session, answer)?;
    let key: KeyView = answer.view()?;
    session.output().remark(&format!("Next: keyward key activate {}", key.id));
    Ok(())
}

/// Brings the private part of a known key back. A PFX is compared with the key here first; a transfer blob is closed.
fn present(session: &Session, id: &KeyId, file: &Path, password: &PasswordSource) -> Result<(), Failure> {
    let known: KeyView = read(session, id)?.view()?;
    if key_files::form(&key_files::read(file)?) == Form::Json {
        return transfer_blob::present(session, &known, file);
    }
    let opened = OpenedKeyFile::open(file, password)?;
    if opened.key.public_key().fingerprint().to_string() != known.fingerprint.as_str() {
        return Err(Failure::new(
            Exit::Refused,
            "wrong_key",
            format!("{} holds another key than {id}", file.display()),
        )
        .next(format!("Give the key file with the fingerprint {}.", known.fingerprint)));
    }
    if known.in_vault {
        session.output().remark(&format!("{id} is in the vault; its key file is not needed."));
        return Ok(());
    }
    let request =
        UploadKeyRequest { id: Some(id.clone()), name: None, region: None, sealed_key_file: opened.sealed(session)? };
    session.call(&Call::of(session.tenant()?, OperationName::UploadKey).body(&request)?)?;
    session.output().remark(&format!("The key file of {id} was presented."));
    Ok(())
}

fn activate(session: &Session, id: &KeyId, waiting: Waiting) -> Result<(), Failure> {
    let call = Call::of(session.tenant()?, OperationName::ActivateKey).with("key", id).body(&EmptyRequest {})?;
    let answer = session.call(&call)?;
    let activation: ActivationView = answer.view()?;
    session.output().result(&answer.json()?, || key_table::activation_text(&activation, answer.clock()))?;
    operation::wait(session, &answer, waiting)
}

/// Shows what activating would do now.
fn plan_activation(session: &Session, id: &KeyId) -> Result<(), Failure> {
    let call = Call::of(session.tenant()?, OperationName::ActivateKey).with("key", id).query("dryRun", true);
    let answer = session.call(&call.body(&EmptyRequest {})?)?;
    let plan: PlanView = answer.view()?;
    session.output().result(&answer.json()?, || plan_text(&plan, answer.clock()))
}

fn roll_back(session: &Session, destructive: &Destructive, waiting: Waiting) -> Result<(), Failure> {
    let tenant: TenantView = tenant::read(session)?.view()?;
    let call = || Call::of(&tenant.id, OperationName::RollBackKey);
    let plan = session.call(&call().query("dryRun", true).body(&RollBackKeyRequest::default())?)?;
    let Some(hash) = confirm(session.output(), &plan, tenant.name.as_str(), destructive, false)? else { return Ok(()) };
    let wanted = approval_needed::wanted(ApprovableOperation::RollBackKey, hash.clone());
    let answer = session.call(&call().body(&RollBackKeyRequest { plan: Some(hash) })?);
    started(session, &approval_needed::or_ask(session, answer, &wanted)?, waiting)
}

fn destroy(session: &Session, id: &KeyId, destructive: &Destructive, waiting: Waiting) -> Result<(), Failure> {
    let key: KeyView = read(session, id)?.view()?;
    let tenant = session.tenant()?;
    let call = || Call::of(tenant, OperationName::DestroyKey).with("key", id);
    let plan = session.call(&call().query("dryRun", true).body(&DestroyKeyRequest::default())?)?;
    let Some(hash) = confirm(session.output(), &plan, key.name.as_str(), destructive, false)? else { return Ok(()) };
    let wanted = approval_needed::wanted(ApprovableOperation::DestroyKey, hash.clone());
    let wanted = RequestApprovalRequest { key: Some(id.clone()), ..wanted };
    let answer = session.call(&call().body(&DestroyKeyRequest { plan: Some(hash) })?);
    started(session, &approval_needed::or_ask(session, answer, &wanted)?, waiting)
}

/// Shows an operation that was started, and stays until it has ended.
fn started(session: &Session, answer: &Answer, waiting: Waiting) -> Result<(), Failure> {
    let view: OperationView = answer.view()?;
    session.output().result(&answer.json()?, || operation::operation_text(&view, answer.clock()))?;
    operation::wait(session, answer, waiting)
}

fn read(session: &Session, id: &KeyId) -> Result<Answer, Failure> {
    session.call(&Call::of(session.tenant()?, OperationName::ReadKey).with("key", id))
}

fn show(session: &Session, answer: &Answer) -> Result<(), Failure> {
    let key: KeyView = answer.view()?;
    session.output().result(&answer.json()?, || key_table::key_text(&key, answer.clock()))
}
