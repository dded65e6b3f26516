//! `keyward administrator`: the list is read, changed here, and sent as a whole, for the tenant as it was read.

use keyward_api::requests::{AdministratorRole, NewAdministrator, SetAdministratorsRequest};
use keyward_api::views::{AdministratorView, TenantView};
use keyward_domain::{OperationName, PersonId, Role};
use serde_json::json;

use super::tenant;
use crate::client::{Call, Session};
use crate::confirmation::confirm;
use crate::failure::{Exit, Failure};
use crate::grammar::{AdministratorCommand, AppointedAs, Destructive, WholeList};
use crate::output::{Clock, Listing};

/// Runs a command about the tenant's administrators.
pub(crate) fn run(session: &Session, command: &AdministratorCommand) -> Result<(), Failure> {
    match command {
        AdministratorCommand::List => list(session),
        AdministratorCommand::Add { administrator, role, destructive } => {
            let role = match role {
                AppointedAs::Global => AdministratorRole::GlobalAdministrator,
                AppointedAs::Service => AdministratorRole::ServiceAdministrator,
            };
            let new = parse(administrator, role)?;
            change(session, destructive, |listed| with(listed, new))
        }
        AdministratorCommand::Remove { person, destructive } => {
            change(session, destructive, |listed| without(listed, person))
        }
        AdministratorCommand::Set(WholeList { global_administrators, service_administrators, destructive }) => {
            let wanted = parse_all(global_administrators, service_administrators)?;
            change(session, destructive, |_| Ok(wanted))
        }
    }
}

fn list(session: &Session) -> Result<(), Failure> {
    let answer = tenant::read(session)?;
    let tenant: TenantView = answer.view()?;
    let shown =
        json!({ "administrators": tenant.administrators, "formerAdministrators": tenant.former_administrators });
    session.output().result(&shown, || list_text(&tenant, answer.clock()))
}

/// Sends another list in place of the one that is read, after its plan was shown and confirmed.
fn change(
    session: &Session,
    destructive: &Destructive,
    wanted: impl FnOnce(Vec<NewAdministrator>) -> Result<Vec<NewAdministrator>, Failure>,
) -> Result<(), Failure> {
    let read = tenant::read(session)?;
    let tenant: TenantView = read.view()?;
    let listed = tenant.administrators.iter().map(as_listed).collect::<Result<Vec<_>, _>>()?;
    let mut request = SetAdministratorsRequest { administrators: wanted(listed)?, plan: None };
    let call = || Call::of(&tenant.id, OperationName::SetAdministrators).unless_changed_since(&read);
    let plan = session.call(&call().query("dryRun", true).body(&request)?)?;
    request.plan = confirm(session.output(), &plan, tenant.name.as_str(), destructive, false)?;
    if request.plan.is_none() {
        return Ok(());
    }
    let answer = session.call(&call().body(&request)?)?;
    let tenant: TenantView = answer.view()?;
    session.output().result(&answer.json()?, || list_text(&tenant, answer.clock()))
}

fn as_listed(listed: &AdministratorView) -> Result<NewAdministrator, Failure> {
    let not_understood = || Failure::unexpected(format!("the server's entry of {} is not understood", listed.person));
    let role = match listed.role {
        Role::GlobalAdministrator => AdministratorRole::GlobalAdministrator,
        Role::ServiceAdministrator => AdministratorRole::ServiceAdministrator,
        _ => return Err(not_understood()),
    };
    let email = listed.email.clone().try_into().map_err(|_| not_understood())?;
    Ok(NewAdministrator { person: listed.person.clone(), name: listed.name.clone(), email, role })
}

fn with(mut listed: Vec<NewAdministrator>, new: NewAdministrator) -> Result<Vec<NewAdministrator>, Failure> {
    if listed.iter().any(|one| one.person == new.person) {
        let detail = format!("{} is an administrator already", new.person);
        return Err(Failure::new(Exit::Refused, "administrator_listed", detail)
            .next("To change name, address or role, give the whole list: keyward administrator set"));
    }
    listed.push(new);
    Ok(listed)
}

fn without(mut listed: Vec<NewAdministrator>, person: &PersonId) -> Result<Vec<NewAdministrator>, Failure> {
    let before = listed.len();
    listed.retain(|one| one.person != *person);
    if listed.len() == before {
        return Err(Failure::new(Exit::NotFound, "not_found", format!("{person} is not an administrator"))
            .next("See who is: keyward administrator list"));
    }
    Ok(listed)
}

/// Administrators of both roles, each as `person,name,email`.
pub(super) fn parse_all(global: &[String], service: &[String]) -> Result<Vec<NewAdministrator>, Failure> {
    let global = global.iter().map(|text| parse(text, AdministratorRole::GlobalAdministrator));
    global.chain(service.iter().map(|text| parse(text, AdministratorRole::ServiceAdministrator))).collect()
}

/// An administrator as `person,name,email`.
fn parse(text: &str, role: AdministratorRole) -> Result<NewAdministrator, Failure> {
    let malformed = |what: &dyn std::fmt::Display| {
        Failure::usage(format!("{text:?} is not an administrator: {what}"))
            .next("Write person,name,email, for example: alice,Alice Ash,alice@example.org")
    };
    let (person, rest) = text.split_once(',').ok_or_else(|| malformed(&"there is no comma"))?;
    let (name, email) = rest.rsplit_once(',').ok_or_else(|| malformed(&"there is only one comma"))?;
    Ok(NewAdministrator {
        person: person.trim().parse().map_err(|e| malformed(&e))?,
        name: name.trim().parse().map_err(|e| malformed(&e))?,
        email: email.trim().to_owned().try_into().map_err(|e: &str| malformed(&e))?,
        role,
    })
}

/// Those on the list, then those who left it lately.
fn list_text(tenant: &TenantView, clock: Clock) -> String {
    let columns = ["person", "name", "role", "e-mail", "state", "until"];
    let mut list = Listing::new(&columns, "No administrators. The provider's operator registers them with the tenant.");
    for one in tenant.administrators.iter().chain(&tenant.former_administrators) {
        let is_listed = tenant.administrators.iter().any(|listed| listed.person == one.person);
        let (state, until) = match (one.new_until, one.former_until) {
            (_, Some(until)) if is_listed => ("former address, gets the notices", Some(until)),
            (_, Some(until)) => ("removed, gets the notices", Some(until)),
            (Some(until), None) => ("new, can't lock, roll back, destroy, delete or approve", Some(until)),
            (None, None) => ("administrator", None),
        };
        list.row([
            one.person.to_string(),
            one.name.to_string(),
            one.role.as_str().to_owned(),
            one.email.clone(),
            state.to_owned(),
            clock.maybe(until),
        ]);
    }
    list.text()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    fn new(text: &str) -> NewAdministrator {
        parse(text, AdministratorRole::GlobalAdministrator).unwrap()
    }

    #[test]
    fn an_administrator_is_three_parts() {
        let parse = |text| parse(text, AdministratorRole::GlobalAdministrator);
        assert!(parse("alice,Alice Ash,alice@example.org").is_ok());
        // A name may hold a comma.
        assert!(parse("alice,Ash, Alice,alice@example.org").is_ok_and(|a| a.name.as_str() == "Ash, Alice"));
        for text in ["", "alice", "alice,Alice", "alice,Alice,nowhere", "a b,Alice,alice@example.org", ",A,a@b"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn the_others_stay_on_the_list() {
        let listed = || vec![new("alice,A,a@x.example"), new("bob,B,b@x.example")];
        let people =
            |list: Vec<NewAdministrator>| -> Vec<String> { list.iter().map(|one| one.person.to_string()).collect() };
        assert_eq!(people(with(listed(), new("carol,C,c@x.example")).unwrap()), ["alice", "bob", "carol"]);
        assert_eq!(with(listed(), new("bob,B,other@x.example")).unwrap_err().exit, Exit::Refused);
        assert_eq!(people(without(listed(), &"alice".parse().unwrap()).unwrap()), ["bob"]);
        assert_eq!(without(listed(), &"carol".parse().unwrap()).unwrap_err().exit, Exit::NotFound);
    }

    #[test]
    fn it_is_listed_who_is_new_and_who_was_removed() {
        let view = |person: &str, new_until: Option<&str>, former_until: Option<&str>| AdministratorView {
            person: person.parse().unwrap(),
            name: "N".parse().unwrap(),
            email: "n@x.example".to_owned(),
            role: Role::GlobalAdministrator,
            new_until: new_until.map(|at| at.parse().unwrap()),
            former_until: former_until.map(|at| at.parse().unwrap()),
        };
        let until = Some("2026-11-22T00:00:00Z");
        let mut tenant: TenantView = serde_json::from_value(json!({
            "id": "t", "name": "T", "regions": [], "licensedSeats": 1, "administrators": [], "lockedEnvironments": 0,
            "keyAwaited": false, "locks": [], "environments": 0, "protectedEnvironments": 0,
        }))
        .unwrap();
        tenant.administrators = vec![view("alice", None, None), view("bob", until, None)];
        tenant.former_administrators = vec![view("alice", None, until), view("carol", None, until)];
        let text = list_text(&tenant, Clock::default());
        let lines: Vec<&str> = text.lines().collect();
        for (line, words) in [
            (1, "alice"),
            (1, "administrator"),
            (2, "new, can't lock"),
            (2, "2026-11-22 00:00:00 UTC"),
            (3, "former address"),
            (4, "removed, gets the notices"),
        ] {
            assert!(lines[line].contains(words), "{words} in\n{text}");
        }
    }
}
