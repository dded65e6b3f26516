//! `keyward lock`.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use keyward_api::requests::{ApprovableOperation, ChallengeAnswer, EmptyRequest, LockTenantRequest};
use keyward_api::views::{ChallengeView, KeyView, LockView, PlanView, TenantView};
use keyward_domain::{OperationName, TenantId};
use keyward_keyfile::possession;

use super::key_files::OpenedKeyFile;
use super::{approval_needed, operation, tenant};
use crate::client::{Answer, Call, Session};
use crate::confirmation::{confirm, plan_text};
use crate::failure::{Exit, Failure};
use crate::grammar::{LockCommand, LockNow};
use crate::key_files::{self, NewFile};
use crate::output::{Clock, Sheet};

/// Runs a command about locking.
pub(crate) fn run(session: &Session, command: &LockCommand) -> Result<(), Failure> {
    match command {
        LockCommand::Plan => {
            let answer = plan(session)?;
            let plan: PlanView = answer.view()?;
            session.output().result(&answer.json()?, || plan_text(&plan, answer.clock()))
        }
        LockCommand::Challenge { out } => show_challenge(session, out.as_deref()),
        LockCommand::Now(lock) => now(session, lock),
    }
}

/// What locking would do now.
pub(super) fn plan(session: &Session) -> Result<Answer, Failure> {
    session.call(&Call::of(session.tenant()?, OperationName::PlanLock))
}

fn show_challenge(session: &Session, out: Option<&Path>) -> Result<(), Failure> {
    let file = out.map(NewFile::create).transpose()?;
    let answer = challenge(session)?;
    let challenge: ChallengeView = answer.view()?;
    let message = checked_message(session.tenant()?, &challenge)?;
    if let Some(file) = file {
        file.fill(&message)?;
    }
    session.output().result(&answer.json()?, || {
        Sheet::new()
            .fact("challenge", &challenge.challenge)
            .fact("key to sign with", &challenge.key)
            .fact("answer before", answer.clock().instant(challenge.expires_at))
            .fact("bytes to sign", out.map_or_else(|| challenge.message.clone(), |path| path.display().to_string()))
            .text()
    })?;
    let id = &challenge.challenge;
    session.output().remark(&format!(
        "Sign with RSA-PSS, SHA-256, salt of 32 bytes. Then: keyward lock now --challenge {id} --signature FILE"
    ));
    Ok(())
}

fn challenge(session: &Session) -> Result<Answer, Failure> {
    session.call(&Call::of(session.tenant()?, OperationName::ChallengePossession).body(&EmptyRequest {})?)
}

/// The bytes to sign, computed here: nothing is signed only because a server sent it.
fn checked_message(tenant: &TenantId, challenge: &ChallengeView) -> Result<Vec<u8>, Failure> {
    let purpose = OperationName::LockTenant.as_str();
    let message = possession::message(tenant.as_str(), purpose, &challenge.challenge);
    match STANDARD.decode(&challenge.message) {
        Ok(sent) if sent == message => Ok(message),
        _ => Err(Failure::unexpected("the server's challenge is not one for locking this tenant; nothing was signed")),
    }
}

fn now(session: &Session, lock: &LockNow) -> Result<(), Failure> {
    let tenant: TenantView = tenant::read(session)?.view()?;
    let plan = plan(session)?;
    let stdin_is_taken = lock.password.password_stdin;
    let confirmed = confirm(session.output(), &plan, tenant.name.as_str(), &lock.destructive, stdin_is_taken)?;
    let Some(hash) = confirmed else { return Ok(()) };
    let mut request = LockTenantRequest {
        stated_name: tenant.name.clone(),
        sealed_key_file: None,
        answer: None,
        plan: Some(hash.clone()),
    };
    match (&lock.key_file, &lock.signature, &lock.challenge) {
        (Some(path), _, _) => {
            let opened = OpenedKeyFile::open(path, &lock.password)?;
            check_is_active(session, &tenant, &opened, path)?;
            if lock.send_key_file {
                request.sealed_key_file = Some(opened.sealed(session)?);
            } else {
                request.answer = Some(signed(session, &opened)?);
            }
        }
        (None, Some(path), Some(challenge)) => {
            let signature = STANDARD.encode(&*key_files::read(path)?);
            request.answer = Some(ChallengeAnswer { challenge: challenge.clone(), signature });
        }
        _ => {
            return Err(
                Failure::usage("a proof is needed").next("Give --key-file FILE, or --signature and --challenge.")
            );
        }
    }
    let wanted = approval_needed::wanted(ApprovableOperation::LockTenant, hash);
    let call = Call::of(&tenant.id, OperationName::LockTenant).body(&request)?;
    let answer = approval_needed::or_ask(session, session.call(&call), &wanted)?;
    let view: LockView = answer.view()?;
    session.output().result(&answer.json()?, || lock_text(&view, answer.clock()))?;
    let key = &view.key_to_present;
    session.output().remark(&format!(
        "To unlock: keyward key activate {key} --key-file FILE, then keyward environment unlock ID for each one."
    ));
    operation::wait(session, &answer, lock.waiting)
}

/// Said here, before anything is sent, where the file is a wrong one.
fn check_is_active(session: &Session, tenant: &TenantView, opened: &OpenedKeyFile, path: &Path) -> Result<(), Failure> {
    let Some(active) = &tenant.active_key else { return Ok(()) };
    let key: KeyView = session.call(&Call::of(&tenant.id, OperationName::ReadKey).with("key", active))?.view()?;
    if opened.key.public_key().fingerprint().to_string() == key.fingerprint.as_str() {
        return Ok(());
    }
    Err(Failure::new(Exit::Refused, "wrong_key", format!("{} does not hold the active key {active}", path.display()))
        .next(format!("Give the key file with the fingerprint {}.", key.fingerprint)))
}

fn signed(session: &Session, opened: &OpenedKeyFile) -> Result<ChallengeAnswer, Failure> {
    let challenge: ChallengeView = challenge(session)?.view()?;
    let message = checked_message(session.tenant()?, &challenge)?;
    let signature = STANDARD.encode(opened.key.sign_pss(&message)?);
    Ok(ChallengeAnswer { challenge: challenge.challenge, signature })
}

fn lock_text(lock: &LockView, clock: Clock) -> String {
    Sheet::new()
        .fact("locked", clock.instant(lock.locked_at))
        .fact("environments", lock.environments)
        .fact("last leases end", clock.instant(lock.leases_end_at))
        .fact("deletion", clock.instant(lock.deletion_at))
        .fact("present this key to unlock", &lock.key_to_present)
        .fact("operation", &lock.operation)
        .text()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    #[test]
    fn only_a_message_for_this_lock_is_signed() {
        let tenant: TenantId = "contoso".parse().unwrap();
        let with = |message: &[u8]| ChallengeView {
            challenge: "abc".to_owned(),
            message: STANDARD.encode(message),
            key: "k1".parse().unwrap(),
            expires_at: chrono::DateTime::UNIX_EPOCH,
        };
        assert!(checked_message(&tenant, &with(&possession::message("contoso", "lock-tenant", "abc"))).is_ok());
        for other in [
            possession::message("fabrikam", "lock-tenant", "abc"),
            possession::message("contoso", "destroy-key", "abc"),
            possession::message("contoso", "lock-tenant", "abd"),
            b"anything".to_vec(),
        ] {
            assert!(checked_message(&tenant, &with(&other)).is_err());
        }
    }
}
