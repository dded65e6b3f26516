//! The words of a request line as a command.

use std::str::FromStr;

use keyward_domain::{
    Administrator, Approved, Command, Dependents, EnvironmentKind, Fingerprint, Instant, KeyId, KeySource, Name,
    NewEnvironment, NewKey, NewTenant, OperationId, PersonId, PlanHash, Region, Role,
};

use crate::{
    instants,
    line::{Pairs, Request},
    world::{self, World},
};

/// The value of an option.
pub(crate) fn option<'a>(options: &'a Pairs, name: &str) -> Option<&'a str> {
    options.iter().find(|(option, _)| option == name).map(|(_, value)| value.as_str())
}

/// A text as an identifier, a name or a number.
pub(crate) fn id<T: FromStr>(text: &str) -> Result<T, String> {
    text.parse().map_err(|_| format!("`{text}` has not the form that it needs here"))
}

fn ids<T: FromStr>(text: &str) -> Result<Vec<T>, String> {
    text.split(',').map(id).collect()
}

/// An identity that follows from the name of the key.
pub(crate) fn fingerprint(key: &str) -> Result<Fingerprint, String> {
    let hex: String = key.bytes().map(|byte| format!("{byte:02x}")).collect();
    id(&format!("{hex:0<64}"))
}

fn usual_address(person: &str) -> String {
    format!("{person}@contoso.example")
}

/// Somebody as `alice`, or as `alice:home@example.org` where the address is not the usual one.
pub(crate) fn with_address(person: &str, address: &str) -> String {
    if address == usual_address(person) { person.to_owned() } else { format!("{person}:{address}") }
}

/// `alice,bob:home@example.org`, or `none`.
fn administrators(people: &str) -> Result<Vec<Administrator>, String> {
    let people = people.split(',').filter(|person| *person != "none");
    let read = |written: &str| {
        let (person, address) = written.split_once(':').unwrap_or((written, ""));
        let email = if address.is_empty() { usual_address(person) } else { address.to_owned() };
        Ok(Administrator { person: id(person)?, name: id(person)?, email, role: Role::GlobalAdministrator })
    };
    people.map(read).collect()
}

/// What approval is asked for, by name of the operation.
fn approved(operation: &str, options: &Pairs) -> Result<Approved, String> {
    Ok(Approved {
        operation: operation.to_owned(),
        environment: option(options, "environment").map(id).transpose()?,
        key: option(options, "key").map(id).transpose()?,
        plan: plan(options),
        reach: 0,
    })
}

/// The plan that is asked about or approved: `p1` where the line names none.
fn plan(options: &Pairs) -> PlanHash {
    PlanHash(option(options, "plan").unwrap_or("p1").to_owned())
}

fn is_on(word: &str) -> Result<bool, String> {
    match word {
        "on" => Ok(true),
        "off" => Ok(false),
        other => Err(format!("`{other}` is neither on nor off")),
    }
}

/// The tenant that a line describes.
pub(crate) fn tenant(name: &str, options: &Pairs) -> Result<NewTenant, String> {
    Ok(NewTenant {
        id: id(name)?,
        name: id(name)?,
        regions: ids(option(options, "regions").unwrap_or("europe"))?,
        licensed_seats: id(option(options, "seats").unwrap_or("5000"))?,
        administrators: administrators(option(options, "admins").unwrap_or("alice,bob,carol"))?,
    })
}

/// The environment that a line describes.
pub(crate) fn environment(name: &str, options: &Pairs) -> Result<NewEnvironment, String> {
    let kind = match option(options, "kind").unwrap_or("sandbox") {
        "production" => EnvironmentKind::Production,
        "sandbox" => EnvironmentKind::Sandbox,
        other => return Err(format!("there is no kind `{other}` in scenarios")),
    };
    Ok(NewEnvironment {
        id: id(name)?,
        name: id(name)?,
        kind,
        region: id(option(options, "region").unwrap_or("europe"))?,
        system_administrators: Vec::new(),
        workloads: Vec::new(),
    })
}

fn key(name: &str, options: &Pairs) -> Result<NewKey, String> {
    let region: Region = id(option(options, "region").unwrap_or("europe"))?;
    Ok(NewKey {
        id: id(name)?,
        name: id(name)?,
        region,
        source: KeySource::Generated,
        bits: id(option(options, "bits").unwrap_or("2048"))?,
        public_key: String::new(),
        fingerprint: fingerprint(option(options, "same-as").unwrap_or(name))?,
        vault_key: format!("{name}-1"),
    })
}

/// The request that a line makes. An operation that it starts is called `op1`, `op2` and so on.
pub(crate) fn request(world: &World, line: &Request, at: Instant) -> Result<world::Request, String> {
    let first = line.arguments.first().map_or("", String::as_str);
    let second = line.arguments.get(1).map_or("", String::as_str);
    let operation: OperationId = id(&format!("op{}", world.operations.len() + 1))?;
    let stated_name: Option<Name> = option(&line.options, "name").map(id).transpose()?;
    let by: PersonId = id(&line.by)?;
    let (mut environment, mut backup) = (None, None);
    let command = match line.operation.as_str() {
        "register-tenant" => Command::RegisterTenant { tenant: tenant(first, &line.options)? },
        "opt-in-tenant" => Command::OptInTenant,
        "set-administrators" => Command::SetAdministrators { administrators: administrators(first)? },
        "set-quorum" => Command::SetQuorum { required: is_on(first)? },
        "request-approval" => {
            let approved = approved(first, &line.options)?;
            Command::RequestApproval { approval: id(&world.approval(&by, &approved, at))?, approved }
        }
        "give-approval" => Command::GiveApproval { approval: id(first)?, plan: plan(&line.options) },
        "add-key" => Command::AddKey { key: key(first, &line.options)? },
        "present-key" => Command::PresentKey { key: id(first)?, vault_key: format!("{first}-again") },
        "activate-key" => Command::ActivateKey { key: id(first)?, operation },
        "roll-back-key" => Command::RollBackKey { operation },
        "destroy-key" => destroy(world, line, id(first)?, at, operation),
        "open-lock" => Command::OpenLock,
        "remind-of-deletion" => Command::RemindOfDeletion { epoch: id(first)?, days: id(second)? },
        "finish-operation" => Command::FinishOperation { operation: id(first)? },
        "lock-tenant" => Command::LockTenant {
            stated_name: stated_name.map_or_else(|| id("contoso"), Ok)?,
            possessed: if first == "nothing" { None } else { Some(fingerprint(first)?) },
            leases_until: option(&line.options, "leases-until").map(|until| instants::read(until, at)).transpose()?,
            operation,
        },
        named => {
            environment = Some(id(first)?);
            backup = if named.ends_with("backup") { Some(id(second)?) } else { None };
            of_environment(named, line, at, stated_name)?
        }
    };
    let plan = option(&line.options, "plan").map(|plan| PlanHash(plan.to_owned()));
    Ok(world::Request { by, at, environment, backup, plan, command })
}

/// `dependents=none` stands for a look at the backups that has missed them.
fn destroy(world: &World, line: &Request, key: KeyId, at: Instant, operation: OperationId) -> Command {
    let dependents = match option(&line.options, "dependents") {
        Some(_) => Dependents::default(),
        None => world.dependents(&key, at),
    };
    Command::DestroyKey { key, dependents, operation }
}

fn of_environment(operation: &str, line: &Request, at: Instant, stated_name: Option<Name>) -> Result<Command, String> {
    let first = line.arguments.first().map_or("", String::as_str);
    let second = line.arguments.get(1).map_or("", String::as_str);
    Ok(match operation {
        "register-environment" => Command::RegisterEnvironment { environment: environment(first, &line.options)? },
        "protect-environment" => Command::ProtectEnvironment,
        "revert-environment" => Command::RevertEnvironment { stated_name },
        "unlock-environment" => Command::UnlockEnvironment,
        "delete-environment" => Command::DeleteEnvironment { stated_name },
        "enforce-deletion" => Command::EnforceDeletion,
        "restore-backup" => Command::RestoreBackup,
        "rewrap-environment" => Command::RewrapEnvironment { operation: id(second)? },
        "register-backup" => Command::RegisterBackup {
            backup: id(second)?,
            retained_until: instants::read(option(&line.options, "until").unwrap_or("+30d"), at)?,
        },
        "lease-data-key" => {
            Command::LeaseDataKey { generation: option(&line.options, "generation").map(id).transpose()? }
        }
        other => return Err(format!("there is no operation `{other}`")),
    })
}
