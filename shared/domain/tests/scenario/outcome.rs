//! What a decision gave, as the facts that a scenario line states.

use std::collections::BTreeMap;

use keyward_domain::{Event, Instant, Rejection};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::{instants, words};

/// One fact of an outcome or of a state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fact {
    At(Instant),
    Text(String),
}

pub(crate) type Facts = BTreeMap<String, Fact>;

/// A decision in the words of a scenario line.
#[derive(Clone, Debug)]
pub(crate) struct Outcome {
    /// `ok`, `nothing` or the code of the rejection.
    pub(crate) word: &'static str,
    pub(crate) facts: Facts,
}

fn fact(value: &Value) -> Fact {
    match value {
        Value::Null => Fact::Text("none".to_owned()),
        Value::String(text) => match text.parse::<Instant>() {
            Ok(at) => Fact::At(at),
            Err(_) => Fact::Text(text.clone()),
        },
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(|item| show(&fact(item))).collect();
            Fact::Text(if items.is_empty() { "none".to_owned() } else { items.join(",") })
        }
        // An object stands by what names it: a key by its identifier, a wrapping key by the key or as `provider`, an administrator
        // by person and address.
        Value::Object(members) => match ["id", "key", "kind", "state"].iter().find_map(|name| members.get(*name)) {
            Some(name) => fact(name),
            None => named_otherwise(members),
        },
        other => Fact::Text(other.to_string()),
    }
}

fn named_otherwise(members: &Map<String, Value>) -> Fact {
    if let Some(administrator) = members.get("administrator") {
        return fact(administrator);
    }
    match (members.get("person"), members.get("email")) {
        (Some(Value::String(person)), Some(Value::String(email))) => Fact::Text(words::with_address(person, email)),
        // What is kept by identifier stands by the identifiers.
        _ if members.is_empty() => Fact::Text("none".to_owned()),
        _ => Fact::Text(members.keys().cloned().collect::<Vec<_>>().join(",")),
    }
}

/// A fact as a scenario line writes it.
pub(crate) fn show(fact: &Fact) -> String {
    match fact {
        Fact::At(at) => instants::write(*at),
        Fact::Text(text) => text.clone(),
    }
}

/// The members of a state or an event as facts, by their stored names.
pub(crate) fn facts_of(state: &impl Serialize) -> Result<Facts, String> {
    match serde_json::to_value(state).map_err(|error| error.to_string())? {
        Value::Object(members) => Ok(members.iter().map(|(name, value)| (name.clone(), fact(value))).collect()),
        other => Err(format!("not an object: {other}")),
    }
}

/// Events give their members; where several do, the first one's stand.
pub(crate) fn of_events(events: &[Event]) -> Result<Outcome, String> {
    let mut facts = Facts::new();
    for event in events {
        for (name, value) in facts_of(event)? {
            facts.entry(name).or_insert(value);
        }
    }
    Ok(Outcome { word: if events.is_empty() { "nothing" } else { "ok" }, facts })
}

/// A rejection gives its code and its members.
pub(crate) fn of_rejection(rejection: &Rejection) -> Outcome {
    let mut facts = Facts::new();
    let mut put = |name: &str, value: Fact| {
        facts.insert(name.to_owned(), value);
    };
    let text = |value: &dyn ToString| Fact::Text(value.to_string());
    match rejection {
        Rejection::TenantNotFound => put("what", text(&"tenant")),
        Rejection::EnvironmentNotFound => put("what", text(&"environment")),
        Rejection::KeyNotFound => put("what", text(&"key")),
        Rejection::BackupNotFound => put("what", text(&"backup")),
        Rejection::OperationNotFound => put("what", text(&"operation")),
        Rejection::ApprovalNotFound => put("what", text(&"approval")),
        Rejection::TooManyAdministrators { most } | Rejection::TooManyApprovals { most } => put("most", text(most)),
        Rejection::TooFewAdministrators { needed } => put("needed", text(needed)),
        Rejection::ApprovalNotNeeded { operation } => put("operation", text(operation)),
        Rejection::ApprovalOfOwnRequest { approval } | Rejection::ApprovalOfOtherPlan { approval } => {
            put("approval", text(approval));
        }
        Rejection::ApprovalRequired { approval } => put("approval", fact(&serde_json::json!(approval))),
        Rejection::KeyExists { key }
        | Rejection::WrongKey { key }
        | Rejection::KeyFileRequired { key }
        | Rejection::KeyNotPresented { key }
        | Rejection::KeyGone { key } => put("key", text(key)),
        Rejection::TooFewSeats { seats, needed_more_than, contact } => {
            put("seats", text(seats));
            put("neededMoreThan", text(needed_more_than));
            put("contact", text(contact));
        }
        Rejection::RegionNotEnabled { regions, contact } => {
            put("regions", fact(&serde_json::json!(regions)));
            put("contact", text(contact));
        }
        Rejection::RegionNotOfTenant { region, regions } => {
            put("region", text(region));
            put("regions", fact(&serde_json::json!(regions)));
        }
        Rejection::KeySizeNotAllowed { bits, allowed } => {
            put("bits", text(bits));
            put("allowed", fact(&serde_json::json!(allowed)));
        }
        Rejection::TooManyKeys { most } => put("most", text(most)),
        Rejection::OperationRunning { operation } => put("operation", text(operation)),
        Rejection::EnvironmentsLocked { locked } | Rejection::AlreadyLocked { locked } => put("locked", text(locked)),
        Rejection::KeyChangeTooSoon { changed_at, .. } | Rejection::LockNotOpen { changed_at, .. } => {
            put("changedAt", Fact::At(*changed_at));
        }
        Rejection::RollbackClosed { until }
        | Rejection::SameAdministrator { until }
        | Rejection::BackupExpired { until } => put("until", Fact::At(*until)),
        Rejection::KeyInUse { environments, dependents, .. } => {
            put("environments", text(environments));
            let backups = dependents.backups.iter().map(|(environment, backup)| format!("{environment}/{backup}"));
            put("backups", fact(&backups.collect()));
        }
        Rejection::TooManyOpenLocks { open } => put("open", text(open)),
        Rejection::EnvironmentDeleted { deleted_at } => put("deletedAt", Fact::At(*deleted_at)),
        Rejection::EnvironmentLocked { locked_at, deletion_at } => {
            put("lockedAt", Fact::At(*locked_at));
            put("deletionAt", Fact::At(*deletion_at));
        }
        Rejection::TooManyGenerations { most } => put("most", text(most)),
        Rejection::NoSuchGeneration { asked, newest } => {
            put("asked", text(asked));
            put("newest", text(newest));
        }
        Rejection::RetentionOutOfRange { most_days } => put("mostDays", text(most_days)),
        _ => {}
    }
    put("retryAt", rejection.retry_at().map_or_else(|| Fact::Text("none".to_owned()), Fact::At));
    Outcome { word: rejection.code(), facts }
}

/// Holds facts that a line states to those that are; what the line does not state is not compared.
pub(crate) fn compare(stated: &[(String, String)], actual: &Facts, before: Instant) -> Result<(), String> {
    for (name, value) in stated {
        let actual = actual.get(name).ok_or_else(|| format!("there is no `{name}` in {}", list(actual)))?;
        let holds = match actual {
            Fact::At(at) => instants::read(value, before)? == *at,
            Fact::Text(text) => text == value,
        };
        if !holds {
            return Err(format!("{name} is {}, not {value}", show(actual)));
        }
    }
    Ok(())
}

/// Facts on one line.
pub(crate) fn list(facts: &Facts) -> String {
    facts.iter().map(|(name, fact)| format!("{name}={}", show(fact))).collect::<Vec<_>>().join(" ")
}
