//! The facts of a rejection as members of its problem.

use std::collections::BTreeMap;

use keyward_domain::{BackupId, Dependents, EnvironmentId, Rejection};
use serde::Serialize;
use serde_json::{Value, json};

/// The facts, by their camelCase names. `retryAt` is a member of every problem and not repeated here.
pub(super) fn of(rejection: &Rejection) -> BTreeMap<String, Value> {
    match rejection {
        Rejection::KeyExists { key } | Rejection::KeyGone { key } => one("key", key),
        Rejection::WrongKey { key } | Rejection::KeyFileRequired { key } | Rejection::KeyNotPresented { key } => {
            one("keyToPresent", key)
        }
        Rejection::TooFewSeats { seats, needed_more_than, contact } => {
            several(json!({"seats": seats, "neededMoreThan": needed_more_than, "contact": contact}))
        }
        Rejection::RegionNotEnabled { regions, contact } => several(json!({"regions": regions, "contact": contact})),
        Rejection::RegionNotOfTenant { region, regions } => several(json!({"region": region, "regions": regions})),
        Rejection::KeySizeNotAllowed { bits, allowed } => several(json!({"bits": bits, "allowed": allowed})),
        Rejection::TooManyAdministrators { most } | Rejection::TooManyApprovals { most } => one("most", most),
        Rejection::TooFewAdministrators { needed } => one("needed", needed),
        Rejection::ApprovalNotNeeded { operation } => one("operation", operation),
        Rejection::ApprovalOfOwnRequest { approval } | Rejection::ApprovalOfOtherPlan { approval } => {
            one("approval", approval)
        }
        Rejection::ApprovalRequired { approval } => {
            approval.as_ref().map_or_else(BTreeMap::new, |id| one("approval", id))
        }
        Rejection::TooManyKeys { most } => one("most", most),
        Rejection::TooManyGenerations { most } => one("most", most),
        Rejection::OperationRunning { operation } => one("operation", operation),
        Rejection::EnvironmentsLocked { locked } | Rejection::AlreadyLocked { locked } => {
            one("lockedEnvironments", locked)
        }
        Rejection::KeyChangeTooSoon { changed_at, .. } | Rejection::LockNotOpen { changed_at, .. } => {
            one("changedAt", changed_at)
        }
        Rejection::RollbackClosed { until } | Rejection::SameAdministrator { until } => one("rollbackUntil", until),
        Rejection::KeyInUse { environments, dependents, .. } => {
            several(json!({"environments": environments, "dependents": dependents_of(dependents)}))
        }
        Rejection::TooManyOpenLocks { open } => one("openLocks", open),
        Rejection::EnvironmentDeleted { deleted_at } => one("deletedAt", deleted_at),
        Rejection::EnvironmentLocked { locked_at, deletion_at } => {
            several(json!({"lockedAt": locked_at, "deletionAt": deletion_at}))
        }
        Rejection::NoSuchGeneration { asked, newest } => several(json!({"asked": asked, "newest": newest})),
        Rejection::BackupExpired { until } => one("retainedUntil", until),
        Rejection::RetentionOutOfRange { most_days } => one("mostDays", most_days),
        // Each is named, so that a new rejection cannot lose its facts here.
        Rejection::TenantNotFound
        | Rejection::EnvironmentNotFound
        | Rejection::KeyNotFound
        | Rejection::BackupNotFound
        | Rejection::OperationNotFound
        | Rejection::ApprovalNotFound
        | Rejection::AdministratorNotListed
        | Rejection::AdministratorTooNew { retry_at: _ }
        | Rejection::LastAdministrator
        | Rejection::QuorumNotRequired
        | Rejection::TenantExists
        | Rejection::EnvironmentExists
        | Rejection::BackupExists
        | Rejection::NameNotConfirmed
        | Rejection::AlreadyOptedIn
        | Rejection::NotOptedIn
        | Rejection::KeyDestroyed
        | Rejection::KeyBarred { retry_at: _ }
        | Rejection::NothingToRollBack
        | Rejection::RollbackOfRollback
        | Rejection::KeyActive
        | Rejection::NoActiveKey
        | Rejection::NoEnvironments
        | Rejection::PossessionNotProven
        | Rejection::NotLocked
        | Rejection::AlreadyProtected
        | Rejection::NotProtected
        | Rejection::NotDue => BTreeMap::new(),
    }
}

fn one(name: &str, value: &impl Serialize) -> BTreeMap<String, Value> {
    BTreeMap::from([(name.to_owned(), json!(value))])
}

fn several(facts: Value) -> BTreeMap<String, Value> {
    match facts {
        Value::Object(members) => members.into_iter().collect(),
        _ => BTreeMap::new(),
    }
}

fn dependents_of(dependents: &Dependents) -> Value {
    let backup =
        |(environment, backup): &(EnvironmentId, BackupId)| json!({"environment": environment, "backup": backup});
    let backups: Vec<Value> = dependents.backups.iter().map(backup).collect();
    json!({"backups": backups, "backupsUntil": dependents.backups_until})
}
