//! What a change is answered with. The same answer is stored for a repetition of the request, so nothing that is handed out once is in it.

use keyward_api::views::{
    ActivationOutcome, ActivationView, ApprovalView, BackupView, EnvironmentView, GeneratedKeyView, KeyView, LockView,
    OperationView, TenantView,
};
use keyward_domain::{Event, KeyId, OperationId, OperationName, ProtectionKey, Recorded, Settings};
use keyward_service::{Answer, Outcome};
use serde::Serialize;

/// Said with a generated key when its file is not in the answer.
const HANDED_OUT: &str = "The key file was handed out with the first answer and is kept nowhere. If it is lost, destroy this key before it \
                          is activated and generate another.";

fn json<T: Serialize>(status: u16, view: &T) -> Answer {
    match serde_json::to_string(view) {
        Ok(body) => Answer { status, body },
        Err(error) => {
            tracing::error!(%error, "an answer does not encode");
            Answer { status: 500, body: "{}".to_owned() }
        }
    }
}

/// The answer to a change.
pub(super) fn of_outcome(operation: OperationName, outcome: &Outcome, settings: &Settings) -> Answer {
    match operation {
        OperationName::RegisterTenant => json(201, &tenant(outcome, settings)),
        OperationName::RequestApproval => json(201, &outcome.approval.as_ref().map(ApprovalView::from)),
        OperationName::GiveApproval => json(200, &outcome.approval.as_ref().map(ApprovalView::from)),
        OperationName::GenerateKey => match key(outcome) {
            Some(key) => json(201, &GeneratedKeyView { key: key.into(), pfx: None, note: HANDED_OUT.to_owned() }),
            None => json(201, &tenant(outcome, settings)),
        },
        OperationName::UploadKey | OperationName::ImportKey => {
            let is_new = outcome.events.iter().any(|event| matches!(event, Event::KeyAdded { .. }));
            json(if is_new { 201 } else { 200 }, &key(outcome).map(KeyView::from))
        }
        OperationName::ActivateKey => {
            let view = ActivationView::of(&outcome.events, &outcome.tenant, settings);
            json(if view.outcome == ActivationOutcome::Changed { 202 } else { 200 }, &view)
        }
        OperationName::RollBackKey | OperationName::DestroyKey => {
            json(202, &outcome.operation.as_ref().map(OperationView::from))
        }
        OperationName::LockTenant => json(202, &lock(outcome)),
        OperationName::RegisterBackup => json(201, &outcome.backup.as_ref().map(BackupView::from)),
        OperationName::RestoreBackup => json(200, &outcome.backup.as_ref().map(BackupView::from)),
        OperationName::RegisterEnvironment => json(201, &environment(outcome)),
        OperationName::ProtectEnvironment
        | OperationName::RevertEnvironment
        | OperationName::UnlockEnvironment
        | OperationName::DeleteEnvironment => json(200, &environment(outcome)),
        _ => json(200, &tenant(outcome, settings)),
    }
}

fn tenant(outcome: &Outcome, settings: &Settings) -> TenantView {
    TenantView::new(&outcome.tenant, outcome.decided_at, settings)
}

fn environment(outcome: &Outcome) -> Option<EnvironmentView> {
    outcome
        .environment
        .as_ref()
        .map(|environment| EnvironmentView::new(environment, &outcome.tenant, outcome.decided_at))
}

fn lock(outcome: &Outcome) -> Option<LockView> {
    outcome.events.iter().find_map(|event| {
        LockView::of(&Recorded { at: outcome.decided_at, by: outcome.decided_by.clone(), event: event.clone() })
    })
}

/// The key that the change added or brought back.
fn key(outcome: &Outcome) -> Option<&ProtectionKey> {
    let id: &KeyId = outcome.events.iter().find_map(|event| match event {
        Event::KeyAdded { key } => Some(&key.id),
        Event::KeyPresented { key, .. } => Some(key),
        _ => None,
    })?;
    outcome.tenant.key(id)
}

/// The operation that an answer of this body started: an operation itself, or a view that names one.
pub(super) fn started_operation(body: &str) -> Option<OperationId> {
    let body: serde_json::Value = serde_json::from_str(body).ok()?;
    let id = body.get("operation").or_else(|| body.get("id"))?.as_str()?;
    OperationId::new(id).ok()
}

/// The answer to a generated key, with its file: given once.
pub(super) fn of_generated_key(outcome: &Outcome, pfx: String) -> Option<Answer> {
    let note = "Keep this file and its password safe, each with a copy: without them a locked tenant cannot be unlocked. It is not given again.";
    let view = GeneratedKeyView { key: key(outcome)?.into(), pfx: Some(pfx.into()), note: note.to_owned() };
    Some(json(201, &view))
}

/// The answer to a question.
pub(super) fn of_view<T: Serialize>(view: &T) -> Answer {
    json(200, view)
}
