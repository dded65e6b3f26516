//! One example of every event, and of every state.

use std::{collections::BTreeMap, fmt::Debug, str::FromStr};

use chrono::{TimeDelta, TimeZone, Utc};
use keyward_domain::{
    Administrator, Approval, Approved, Backup, ChangeKind, DeletionCause, Dependents, Environment, EnvironmentKind,
    EnvironmentStatus, Event, FormerAdministrator, Instant, KeyChange, KeySource, KeyState, Lock, ManagedBy,
    NewEnvironment, NewKey, NewTenant, Operation, OperationKind, OperationStatus, Plan, PlanHash, ProtectionKey,
    Recorded, Role, Stage, Tenant, WrappingKey,
};

fn id<T: FromStr<Err: Debug>>(text: &str) -> T {
    text.parse().unwrap()
}

fn at(hours: i64) -> Instant {
    Utc.timestamp_opt(1_767_225_600, 0).unwrap() + TimeDelta::hours(hours)
}

fn administrator() -> Administrator {
    Administrator {
        person: id("alice@contoso.example"),
        name: id("Alice Müller"),
        email: "alice@contoso.example".to_owned(),
        role: Role::GlobalAdministrator,
    }
}

fn former_administrator() -> Administrator {
    Administrator {
        person: id("dora@contoso.example"),
        name: id("Dora"),
        email: "dora@contoso.example".to_owned(),
        role: Role::ServiceAdministrator,
    }
}

fn approved(operation: &str, environment: Option<&str>, key: Option<&str>) -> Approved {
    let plan = PlanHash("00ff".to_owned());
    let reach = u64::from(operation == "lock-tenant") * 2;
    Approved { operation: operation.to_owned(), environment: environment.map(id), key: key.map(id), plan, reach }
}

fn approval(name: &str, approved: Approved, given: bool) -> Approval {
    Approval {
        id: id(name),
        approved,
        requested_by: id("alice@contoso.example"),
        requested_at: at(72),
        expires_at: at(96),
        given_by: given.then(|| id("bob@contoso.example")),
        given_at: given.then(|| at(73)),
    }
}

fn new_key() -> NewKey {
    NewKey {
        id: id("k1"),
        name: id("First key"),
        region: id("europe"),
        source: KeySource::Uploaded,
        bits: 2048,
        public_key: "MIIBIjANBg==".to_owned(),
        fingerprint: id(&"0123456789abcdef".repeat(4)),
        vault_key: "contoso-k1-1".to_owned(),
    }
}

fn new_environment() -> NewEnvironment {
    NewEnvironment {
        id: id("prod"),
        name: id("Zürich"),
        kind: EnvironmentKind::Production,
        region: id("europe"),
        system_administrators: vec![id("bob@contoso.example")],
        workloads: vec![id("billing")],
    }
}

fn wrapped() -> WrappingKey {
    WrappingKey::Protection { key: id("k1") }
}

macro_rules! every_event {
    ($($name:ident),* $(,)?) => {
        /// The names of all events.
        pub(crate) const EVENTS: &[&str] = &[$(stringify!($name)),*];

        /// The name of an event. It does not compile until every variant stands in the list below.
        pub(crate) fn name(event: &Event) -> &'static str {
            match event {
                $(Event::$name { .. } => stringify!($name),)*
            }
        }
    };
}

every_event![
    TenantRegistered,
    TenantOptedIn,
    AdministratorsSet,
    QuorumSet,
    ApprovalRequested,
    ApprovalGiven,
    ApprovalUsed,
    KeyAdded,
    KeyPresented,
    KeyActivated,
    KeyRolledBack,
    KeyReactivated,
    KeyDestroyed,
    LockOpened,
    TenantLocked,
    DeletionReminded,
    OperationFinished,
    EnvironmentRegistered,
    EnvironmentProtected,
    EnvironmentReverted,
    EnvironmentRewrapped,
    EnvironmentUnlocked,
    EnvironmentDeleted,
    BackupRegistered,
    BackupRestored,
    DataKeyLeased,
    PossessionNotProven,
    RequestRefused,
];

fn of_its_people() -> Vec<Event> {
    let set = |added, removed| Event::AdministratorsSet {
        administrators: vec![administrator()],
        added,
        removed,
        settled_at: at(96),
    };
    vec![
        set(vec![id("alice@contoso.example")], Vec::new()),
        set(Vec::new(), vec![former_administrator()]),
        Event::QuorumSet { required: true },
        Event::ApprovalRequested {
            approval: id("ap1"),
            approved: approved("destroy-key", None, Some("k1")),
            expires_at: at(96),
        },
        Event::ApprovalRequested {
            approval: id("ap2"),
            approved: approved("lock-tenant", None, None),
            expires_at: at(96),
        },
        Event::ApprovalGiven {
            approval: id("ap3"),
            approved: approved("delete-environment", Some("prod"), None),
            requested_by: id("alice@contoso.example"),
        },
        Event::ApprovalUsed { approval: id("ap3"), given_by: id("bob@contoso.example") },
    ]
}

fn of_the_tenant() -> Vec<Event> {
    let tenant = NewTenant {
        id: id("contoso"),
        name: id("Contoso AG"),
        regions: vec![id("europe"), id("america")],
        licensed_seats: 5000,
        administrators: vec![administrator()],
    };
    vec![
        Event::TenantRegistered { tenant },
        Event::TenantOptedIn,
        Event::KeyAdded { key: new_key() },
        Event::KeyPresented { key: id("k1"), vault_key: "contoso-k1-2".to_owned() },
        Event::KeyActivated { key: id("k1"), from: None, operation: id("op1"), environments: 0 },
        Event::KeyActivated { key: id("k2"), from: Some(id("k1")), operation: id("op2"), environments: 2 },
        Event::KeyRolledBack {
            away: id("k2"),
            to: Some(id("k1")),
            operation: id("op3"),
            environments: 2,
            barred_until: at(97),
        },
        Event::KeyRolledBack { away: id("k1"), to: None, operation: id("op3"), environments: 0, barred_until: at(97) },
        Event::KeyReactivated { key: id("k1") },
        Event::KeyDestroyed { key: id("k2"), operation: id("op4") },
        Event::LockOpened { changed_at: at(24) },
        Event::TenantLocked {
            epoch: 1,
            key: id("k1"),
            locked: 2,
            already_locked: 0,
            deletion_at: at(744),
            leases_end_at: at(72) + TimeDelta::minutes(5),
            operation: id("op5"),
        },
        Event::DeletionReminded { epoch: 1, days: 21, deletion_at: at(744), remaining: 2 },
        Event::OperationFinished { operation: id("op5") },
        Event::PossessionNotProven { operation: "lock-tenant".to_owned(), code: "wrong_key".to_owned() },
        Event::RequestRefused {
            operation: "delete-environment".to_owned(),
            environment: Some(id("prod")),
            key: None,
            approval: None,
            code: "name_not_confirmed".to_owned(),
            not_logged_until: None,
        },
        Event::RequestRefused {
            operation: "lock-tenant".to_owned(),
            environment: None,
            key: None,
            approval: None,
            code: "forbidden".to_owned(),
            not_logged_until: Some(at(72) + TimeDelta::minutes(15)),
        },
    ]
}

fn of_an_environment() -> Vec<Event> {
    let deleted = |held_by, managed_by, wrapped_by, cause| Event::EnvironmentDeleted {
        environment: id("prod"),
        managed_by,
        wrapped_by,
        held_by,
        cause,
    };
    vec![
        Event::EnvironmentRegistered { environment: new_environment(), unlocked_epoch: 0 },
        Event::EnvironmentProtected { environment: id("prod"), key: id("k1"), generation: 2 },
        Event::EnvironmentReverted { environment: id("prod"), from: id("k1"), generation: 3, operation: None },
        Event::EnvironmentReverted {
            environment: id("prod"),
            from: id("k1"),
            generation: 3,
            operation: Some(id("op3")),
        },
        Event::EnvironmentRewrapped { environment: id("prod"), from: id("k1"), to: id("k2"), operation: id("op2") },
        Event::EnvironmentUnlocked { environment: id("prod"), held_by: 1, epoch: 2 },
        deleted(None, ManagedBy::Provider, WrappingKey::Provider, DeletionCause::Requested),
        deleted(Some(1), ManagedBy::Tenant, wrapped(), DeletionCause::StillLocked { epoch: 1 }),
        Event::BackupRegistered {
            environment: id("prod"),
            backup: id("b1"),
            retained_until: at(2400),
            newest_generation: 2,
            wrapped_by: wrapped(),
        },
        Event::BackupRestored { environment: id("prod"), backup: id("b1") },
        Event::DataKeyLeased {
            environment: id("prod"),
            generation: 2,
            until: at(0) + TimeDelta::milliseconds(300_250),
        },
    ]
}

/// Every event, where a member can be absent twice.
pub(crate) fn events() -> Vec<Recorded> {
    let by = || id("alice@contoso.example");
    let record = |event| Recorded { at: at(72), by: by(), event };
    of_the_tenant().into_iter().chain(of_its_people()).chain(of_an_environment()).map(record).collect()
}

fn key() -> ProtectionKey {
    ProtectionKey {
        id: id("k1"),
        name: id("First key"),
        region: id("europe"),
        source: KeySource::Uploaded,
        state: KeyState::Active,
        bits: 2048,
        public_key: "MIIBIjANBg==".to_owned(),
        fingerprint: id(&"0123456789abcdef".repeat(4)),
        vault_key: "contoso-k1-1".to_owned(),
        in_vault: false,
        created_at: at(0),
        created_by: id("alice@contoso.example"),
        barred_until: Some(at(97)),
        environments: 2,
    }
}

pub(crate) fn tenant() -> Tenant {
    Tenant {
        id: id("contoso"),
        name: id("Contoso AG"),
        regions: vec![id("europe"), id("america")],
        licensed_seats: 5000,
        administrators: vec![administrator()],
        new_administrators: BTreeMap::from([(id("alice@contoso.example"), at(96))]),
        former_administrators: vec![FormerAdministrator { administrator: former_administrator(), until: at(96) }],
        quorum: true,
        quorum_since: Some(at(1)),
        approvals: BTreeMap::from([
            (id("ap1"), approval("ap1", approved("destroy-key", None, Some("k1")), false)),
            (id("ap3"), approval("ap3", approved("delete-environment", Some("prod"), None), true)),
        ]),
        opted_in_at: Some(at(0)),
        keys: BTreeMap::from([(id("k1"), key())]),
        active_key: Some(id("k1")),
        last_change: Some(KeyChange {
            changed_at: at(0),
            changed_by: id("alice@contoso.example"),
            from: None,
            to: Some(id("k1")),
            kind: ChangeKind::Activation,
        }),
        operation: Some(id("op5")),
        lock_epoch: 1,
        locks: vec![Lock {
            epoch: 1,
            locked_at: at(72),
            locked_by: id("alice@contoso.example"),
            key: id("k1"),
            remaining: 2,
            deletion_at: at(744),
        }],
        key_awaited: true,
        environments: 3,
        protected_environments: 2,
        protections: 3,
        census: 5,
        fence: 2,
    }
}

pub(crate) fn environments() -> Vec<Environment> {
    let new = new_environment();
    let present = Environment {
        id: new.id,
        name: new.name,
        kind: new.kind,
        region: new.region,
        system_administrators: new.system_administrators,
        workloads: new.workloads,
        registered_at: at(0),
        status: EnvironmentStatus::Present,
        managed_by: ManagedBy::Tenant,
        wrapped_by: wrapped(),
        newest_generation: 2,
        unlocked_epoch: 0,
    };
    let requested = EnvironmentStatus::Deleted { at: at(73), cause: DeletionCause::Requested };
    let by_deadline = EnvironmentStatus::Deleted { at: at(744), cause: DeletionCause::StillLocked { epoch: 1 } };
    vec![
        Environment { status: requested, ..present.clone() },
        Environment { status: by_deadline, wrapped_by: WrappingKey::Provider, ..present.clone() },
        present,
    ]
}

pub(crate) fn backup() -> Backup {
    Backup { id: id("b1"), taken_at: at(0), retained_until: at(2400), newest_generation: 2, wrapped_by: wrapped() }
}

pub(crate) fn operation() -> Operation {
    Operation {
        id: id("op2"),
        kind: OperationKind::ChangeKey,
        status: OperationStatus::Running,
        stage: Stage::Run,
        total: 2,
        done: 1,
        started_at: at(24),
        started_by: id("alice@contoso.example"),
        updated_at: at(25),
    }
}

pub(crate) fn plan() -> Plan {
    Plan {
        operation: "lock-tenant".to_owned(),
        hash: PlanHash("00ff".to_owned()),
        refused_with: Some("lock_not_open".to_owned()),
        retry_at: Some(at(72)),
        environments: 2,
        first_environments: vec![id("prod"), id("test")],
        keys: vec![id("k1")],
        backups: 1,
        leases_end_at: Some(at(72)),
        deletion_at: Some(at(744)),
        undo_until: Some(at(744)),
        effects: vec!["Every environment is locked.".to_owned()],
    }
}

pub(crate) fn dependents() -> Dependents {
    Dependents { backups: vec![(id("prod"), id("b1"))], backups_until: Some(at(2400)) }
}
