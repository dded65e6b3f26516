//! The stored form of events and states. The log is kept for years and hashed as it was written: what stands in `tests/golden` must be read
//! by every later version, and written alike. Where a member is added on purpose, write the files anew and look at the difference:
//! `cargo test -p keyward-domain --test stored_format -- --ignored`.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod examples;

use std::{collections::BTreeSet, fmt::Debug, fs, path::Path};

use keyward_domain::{
    ChangeKind, EnvironmentKind, KeySource, KeyState, ManagedBy, OperationKind, OperationName, OperationStatus,
    Recorded, Role, Settings, Stage, Tenant, WrappingKey,
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

fn golden(file: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(file)
}

fn read(file: &str) -> Value {
    serde_json::from_str(&fs::read_to_string(golden(file)).unwrap()).unwrap()
}

fn states() -> Value {
    json!({
        "tenant": examples::tenant(),
        "environments": examples::environments(),
        "backup": examples::backup(),
        "operation": examples::operation(),
        "plan": examples::plan(),
        "dependents": examples::dependents(),
        "settings": Settings::default(),
        "words": {
            "changeKind": [ChangeKind::Activation, ChangeKind::Rollback],
            "environmentKind": [
                EnvironmentKind::Production, EnvironmentKind::Sandbox, EnvironmentKind::Trial, EnvironmentKind::Teams
            ],
            "keySource": [KeySource::Generated, KeySource::Uploaded, KeySource::Imported],
            "keyState": [KeyState::Available, KeyState::Active, KeyState::Retired, KeyState::Destroyed],
            "managedBy": [ManagedBy::Provider, ManagedBy::Tenant],
            "operationKind": [
                OperationKind::ChangeKey, OperationKind::RollBackKey, OperationKind::LockTenant,
                OperationKind::DestroyKey
            ],
            "operationStatus": [
                OperationStatus::NotStarted, OperationStatus::Running, OperationStatus::Succeeded,
                OperationStatus::Failed
            ],
            "role": [
                Role::GlobalAdministrator, Role::ServiceAdministrator, Role::SystemAdministrator, Role::Auditor,
                Role::Workload, Role::Operator
            ],
            "stage": [Stage::Validate, Stage::Prepare, Stage::Run, Stage::Finalize],
            "wrappingKey": [WrappingKey::Provider, WrappingKey::Protection { key: "k1".parse().unwrap() }],
        },
    })
}

/// What is stored is read as the same value, and a value is stored as it was.
fn is_stored_as<T: Serialize + DeserializeOwned + PartialEq + Debug>(value: &T, stored: &Value) {
    assert_eq!(&serde_json::to_value(value).unwrap(), stored);
    assert_eq!(&serde_json::from_value::<T>(stored.clone()).unwrap(), value);
    let text = serde_json::to_string(value).unwrap();
    assert_eq!(&serde_json::from_str::<T>(&text).unwrap(), value, "{text}");
}

#[test]
fn every_event_has_an_example() {
    let shown: BTreeSet<&str> = examples::events().iter().map(|recorded| examples::name(&recorded.event)).collect();
    assert_eq!(shown, examples::EVENTS.iter().copied().collect());
}

#[test]
fn events_are_stored_as_they_were() {
    let stored = read("events.json");
    let stored = stored.as_array().unwrap();
    let events = examples::events();
    assert_eq!(stored.len(), events.len());
    for (event, stored) in events.iter().zip(stored) {
        is_stored_as(event, stored);
    }
}

#[test]
fn states_are_stored_as_they_were() {
    let stored = read("states.json");
    is_stored_as(&examples::tenant(), &stored["tenant"]);
    is_stored_as(&examples::environments(), &stored["environments"]);
    is_stored_as(&examples::backup(), &stored["backup"]);
    is_stored_as(&examples::operation(), &stored["operation"]);
    is_stored_as(&examples::plan(), &stored["plan"]);
    is_stored_as(&examples::dependents(), &stored["dependents"]);
    is_stored_as(&Settings::default(), &stored["settings"]);
    assert_eq!(states(), stored);
}

/// A stored text is checked again when it is read, and what is not known is not guessed.
#[test]
fn what_is_malformed_is_not_read() {
    let event = |event: Value| json!({"at": "2026-01-01T00:00:00Z", "by": "alice", "event": event});
    for wrong in [
        event(json!({"type": "tenant_forgotten"})),
        event(json!({"type": "key_reactivated"})),
        event(json!({"type": "key_reactivated", "key": "../k1"})),
        event(json!({"type": "environment_deleted", "environment": "prod", "managedBy": "provider",
                     "wrappedBy": {"kind": "provider"}, "heldBy": null, "cause": "whim"})),
        event(json!({"type": "quorum_set", "required": "yes"})),
        event(json!({"type": "approval_used", "approval": "AP 1", "givenBy": "bob"})),
        json!({"at": "yesterday", "by": "alice", "event": {"type": "tenant_opted_in"}}),
        json!({"at": "2026-01-01T00:00:00Z", "by": "a b", "event": {"type": "tenant_opted_in"}}),
    ] {
        assert!(serde_json::from_value::<Recorded>(wrong.clone()).is_err(), "{wrong}");
    }
    let mut tenant = serde_json::to_value(examples::tenant()).unwrap();
    tenant["lockEpoch"] = Value::Null;
    assert!(serde_json::from_value::<Tenant>(tenant).is_err());
    assert!(serde_json::from_value::<Settings>(json!({"key_change_intervall": 0})).is_err());
}

/// The audit log names operations, and refusals of destructive ones are in it (A4).
#[test]
fn operations_have_one_name_each() {
    let names: BTreeSet<&str> = OperationName::ALL.iter().map(|operation| operation.as_str()).collect();
    assert_eq!(names.len(), OperationName::ALL.len());
    let destructive: Vec<&str> =
        OperationName::ALL.iter().filter(|name| name.is_destructive()).map(|name| name.as_str()).collect();
    let expected = [
        "set-administrators",
        "set-quorum",
        "give-approval",
        "activate-key",
        "roll-back-key",
        "destroy-key",
        "revert-environment",
        "delete-environment",
        "restore-backup",
        "lock-tenant",
    ];
    assert_eq!(destructive, expected);
}

/// A tenant that was stored before it knew new and former administrators, and approvals, is read as one that has none.
#[test]
fn a_tenant_from_before_is_read() {
    let mut tenant = serde_json::to_value(examples::tenant()).unwrap();
    for member in ["newAdministrators", "formerAdministrators", "quorum", "approvals"] {
        tenant.as_object_mut().unwrap().remove(member).unwrap();
    }
    let read: Tenant = serde_json::from_value(tenant).unwrap();
    assert!(read.new_administrators.is_empty() && read.former_administrators.is_empty());
    assert!(!read.quorum && read.approvals.is_empty());
}

#[test]
#[ignore = "writes the golden files anew"]
fn write_the_golden_files() {
    let write = |file: &str, value: &Value| {
        fs::write(golden(file), serde_json::to_string_pretty(value).unwrap() + "\n").unwrap();
    };
    write("events.json", &serde_json::to_value(examples::events()).unwrap());
    write("states.json", &states());
}
