//! `keyward tenant`.

use keyward_api::requests::{EmptyRequest, RegisterTenantRequest};
use keyward_api::views::{AdministratorView, NotReachedView, NoticeView, NoticesView, TenantView};
use keyward_domain::OperationName;

use super::{administrator, quorum};
use crate::client::{Answer, Call, Session};
use crate::failure::Failure;
use crate::grammar::{NewTenantArguments, TenantCommand};
use crate::output::{Clock, Sheet};

/// Runs a command about the tenant.
pub(crate) fn run(session: &Session, command: &TenantCommand) -> Result<(), Failure> {
    let answer = match command {
        TenantCommand::Register(new) => {
            session.call(&Call::new(OperationName::RegisterTenant).body(&registration(new)?)?)?
        }
        TenantCommand::OptIn => {
            session.call(&Call::of(session.tenant()?, OperationName::OptInTenant).body(&EmptyRequest {})?)?
        }
        TenantCommand::Show => read(session)?,
    };
    let tenant: TenantView = answer.view()?;
    session.output().result(&answer.json()?, || tenant_text(&tenant, answer.clock()))
}

/// Reads the tenant that the command is about.
pub(crate) fn read(session: &Session) -> Result<Answer, Failure> {
    session.call(&Call::of(session.tenant()?, OperationName::ReadTenant))
}

fn registration(new: &NewTenantArguments) -> Result<RegisterTenantRequest, Failure> {
    Ok(RegisterTenantRequest {
        id: new.id.clone(),
        name: new.name.clone(),
        regions: new.regions.clone(),
        licensed_seats: new.seats,
        administrators: administrator::parse_all(&new.global_administrators, &new.service_administrators)?,
    })
}

fn tenant_text(tenant: &TenantView, clock: Clock) -> String {
    let change = tenant.last_change.as_ref();
    let mut sheet = Sheet::new()
        .fact("tenant", &tenant.id)
        .fact("name", &tenant.name)
        .fact("regions", joined(&tenant.regions))
        .fact("licensed seats", tenant.licensed_seats)
        .fact("opted in", tenant.opted_in_at.map_or_else(no_opt_in, |at| clock.instant(at)))
        .fact("active key", tenant.active_key.as_ref().map_or("- (the provider's key)".to_owned(), ToString::to_string))
        .maybe("last key change", change.map(|c| format!("{} by {}", clock.instant(c.changed_at), c.changed_by)))
        .maybe("can be rolled back until", change.and_then(|c| c.rollback_until).map(|at| clock.instant(at)))
        .maybe("next key change from", change.map(|c| clock.instant(c.next_change_at)))
        .maybe("can be locked from", tenant.lock_opens_at.map(|at| clock.instant(at)))
        .fact("environments", tenant.environments)
        .fact("of these protected", tenant.protected_environments)
        .fact("of these locked", tenant.locked_environments)
        .maybe("present this key to unlock", tenant.key_to_present.as_ref())
        .maybe("running operation", tenant.running_operation.as_ref())
        .fact("quorum", quorum::on_or_off(tenant.quorum));
    for lock in &tenant.locks {
        let deletion = clock.instant(lock.deletion_at);
        let text = format!(
            "{} by {}, key {}, holds {}, deletion {deletion}",
            clock.instant(lock.locked_at),
            lock.locked_by,
            lock.key,
            lock.remaining
        );
        sheet = sheet.fact("lock", text);
    }
    if let Some(notices) = &tenant.notices {
        sheet = with_notices(sheet, notices, clock);
    }
    for listed in &tenant.administrators {
        sheet = sheet.fact(listed.role.as_str(), administrator_line(listed, clock));
    }
    for former in &tenant.former_administrators {
        sheet = sheet.fact("former administrator", administrator_line(former, clock));
    }
    sheet.text()
}

/// A6: one administrator, and until when somebody is new or still gets the notices.
fn administrator_line(one: &AdministratorView, clock: Clock) -> String {
    let until = match (one.new_until, one.former_until) {
        (_, Some(until)) => format!(", gets the notices until {}", clock.instant(until)),
        (Some(until), None) => format!(", new until {}", clock.instant(until)),
        (None, None) => String::new(),
    };
    format!("{} ({}, {}){until}", one.name, one.person, one.email)
}

/// A3: whom the notices reached.
fn with_notices(sheet: Sheet, notices: &NoticesView, clock: Clock) -> Sheet {
    let NoticesView { latest, looked_at, incomplete } = notices;
    let others = (*looked_at > 1 && *incomplete > 0)
        .then(|| format!("{incomplete} of the newest {looked_at} did not reach every administrator"));
    sheet
        .fact("last notice", format!("{}, {}", clock.instant(latest.at), reached(latest)))
        .maybe("about", latest.subject.as_ref())
        .maybe("notices", others)
}

/// For example `1 of 2 administrators reached (bob@example.org bounced: 550 user unknown)`.
fn reached(notice: &NoticeView) -> String {
    let counts = format!("{} of {} administrators reached", notice.reached, notice.of);
    let not_reached: Vec<String> = notice.not_reached.iter().map(why_not).collect();
    if not_reached.is_empty() { counts } else { format!("{counts} ({})", not_reached.join("; ")) }
}

fn why_not(recipient: &NotReachedView) -> String {
    let NotReachedView { email, status, reason, .. } = recipient;
    let reason = reason.as_ref().map_or_else(String::new, |reason| format!(": {reason}"));
    format!("{email} {}{reason}", status.as_str())
}

fn no_opt_in() -> String {
    "no (keyward tenant opt-in)".to_owned()
}

/// Identifiers in a row.
pub(crate) fn joined<T: ToString>(ids: &[T]) -> String {
    match ids {
        [] => "-".to_owned(),
        ids => ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
    }
}

#[cfg(test)]
mod tests {
    use keyward_api::views::NotReached;

    use super::*;

    #[test]
    fn it_is_said_who_was_not_reached_and_why() {
        let not_reached = |email: &str, status, reason: Option<&str>| NotReachedView {
            name: "Bob".to_owned(),
            email: email.to_owned(),
            status,
            reason: reason.map(str::to_owned),
            at: None,
        };
        let notice = |reached, not_reached| NoticeView {
            sequence: 3,
            at: chrono::DateTime::UNIX_EPOCH,
            subject: None,
            reached,
            of: 3,
            not_reached,
        };
        assert_eq!(reached(&notice(3, vec![])), "3 of 3 administrators reached");
        let bounced = not_reached("bob@example.org", NotReached::Bounced, Some("550 unknown"));
        let waiting = not_reached("eve@example.org", NotReached::Waiting, None);
        assert_eq!(
            reached(&notice(1, vec![bounced, waiting])),
            "1 of 3 administrators reached (bob@example.org bounced: 550 unknown; eve@example.org waiting)"
        );
    }
}
