//! Every step of every change breaks once: the table's and the vault's, before it is done, after it is done with the answer lost, and as
//! if the process had died there. Afterwards the same request is repeated and the sweeps run: the end is that of a run without a fault.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::panic,
    reason = "a test fails by panicking, and says what it measured"
)]

use std::{collections::BTreeSet, sync::Arc};

use chrono::{DateTime, TimeDelta, Utc};
use keyward_adapters::table::Failure;
use keyward_domain::{BackupId, EnvironmentId, EnvironmentKind, Event, NewEnvironment, PersonId, Recorded, Region};
use keyward_service::{Answer, Idempotency, Request, ServiceError, sweeps::Sweep};
use keyward_tests::{
    keys::key,
    picture::{Picture, Rig, names_on_disk},
    stored::{States, audit_log, items, items_of},
    world::{World, environment_id, hours, key_id, name_of, start},
};

/// What is asked for while something breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Change {
    RegisterEnvironment,
    UploadKey,
    ImportKey,
    ActivateKey,
    RollBackToFormerKey,
    RollBackToProvider,
    DestroyKey,
    Protect,
    Revert,
    Lock,
    Present,
    Reactivate,
    Unlock,
    Delete,
    RegisterBackup,
    RestoreBackup,
    EnforceDeletions,
    DeliverNotices,
}

const ENVIRONMENTS: [&str; 5] = ["prod-1", "prod-2", "test-1", "test-2", "test-3"];

fn backup() -> BackupId {
    BackupId::new("backup-1").unwrap()
}

/// Runs the sweeps until nothing is due; a sweep that failed is run again.
async fn settle(world: &World, now: DateTime<Utc>) {
    for _ in 0..10 {
        let mut left = false;
        for sweep in Sweep::ALL {
            let report = world.keyward.sweep(sweep, now).await.unwrap();
            left |= report.failed > 0 || report.more;
        }
        if !left {
            return;
        }
    }
    panic!("the sweeps do not come to an end");
}

/// Five environments under key `k1`, which was activated at the start; `k2` is uploaded. It is as much later.
async fn protected(later: DateTime<Utc>) -> World {
    let world = World::new().await;
    for id in ENVIRONMENTS {
        world.environment(id, start()).await;
    }
    world.upload(&world.alice(start()), "k1", key(0)).await.unwrap();
    world.activate(&world.alice(start()), "k1").await.unwrap();
    for id in ENVIRONMENTS {
        world.protect(&world.alice(start()), id).await.unwrap();
    }
    world.upload(&world.alice(start()), "k2", key(1)).await.unwrap();
    settle(&world, later).await;
    world
}

async fn changed(now: DateTime<Utc>) -> World {
    let world = protected(now - hours(1)).await;
    world.activate(&world.alice(now - hours(1)), "k2").await.unwrap();
    world
}

async fn locked(now: DateTime<Utc>) -> World {
    let world = protected(now - hours(1)).await;
    world.lock(&world.alice(now - hours(1)), key(0)).await.unwrap();
    world
}

impl Change {
    /// When it is asked for.
    fn at(self) -> DateTime<Utc> {
        match self {
            Self::RollBackToProvider => start() + hours(1),
            Self::EnforceDeletions => start() + hours(79) + TimeDelta::days(28),
            Self::DestroyKey => start() + hours(80 + 72),
            _ => start() + hours(80),
        }
    }

    async fn prepare(self) -> Picture {
        let now = self.at();
        let world = match self {
            Self::RollBackToFormerKey => changed(now).await,
            Self::DestroyKey => changed(start() + hours(80)).await,
            Self::Protect => {
                let world = protected(now).await;
                world.environment("test-4", now).await;
                world
            }
            Self::Present => locked(now).await,
            Self::EnforceDeletions => {
                let world = locked(start() + hours(80)).await;
                // One is saved, the others are not.
                world.upload(&world.alice(start() + hours(80)), "k1", key(0)).await.unwrap();
                world.activate(&world.alice(start() + hours(80)), "k1").await.unwrap();
                world.unlock(&world.alice(start() + hours(80)), "test-1").await.unwrap();
                world
            }
            Self::Reactivate | Self::Unlock => {
                let world = locked(now).await;
                world.upload(&world.alice(now), "k1", key(0)).await.unwrap();
                if self == Self::Unlock {
                    world.activate(&world.alice(now), "k1").await.unwrap();
                }
                world
            }
            Self::RestoreBackup => {
                let world = protected(now).await;
                let id = environment_id("prod-1");
                let until = now + TimeDelta::days(90);
                let request = world.operator(now);
                world.keyward.register_backup(&request, &world.tenant, &id, &backup(), until).await.unwrap();
                world
            }
            _ => protected(now).await,
        };
        let settled_at = if self == Self::EnforceDeletions { now - hours(1) } else { now };
        settle(&world, settled_at).await;
        if self == Self::DeliverNotices {
            world.protect(&world.alice(now), "test-1").await.unwrap_err();
            world
                .keyward
                .revert_environment(&world.alice(now), &world.tenant, &environment_id("test-1"), None)
                .await
                .unwrap();
            world.upload(&world.bob(now), "k3", key(2)).await.unwrap();
        }
        Picture::of(&world).await
    }

    /// Asks for it, each time with the same idempotency key.
    async fn ask(self, world: &World) -> Result<(), ServiceError> {
        let (now, tenant) = (self.at(), &world.tenant);
        let alice = repeatable(world.alice(now));
        let keyward = &world.keyward;
        let production = environment_id("prod-1");
        let done = match self {
            Self::RegisterEnvironment => {
                keyward.register_environment(&repeatable(world.operator(now)), tenant, new_environment()).await
            }
            Self::UploadKey => world.upload(&alice, "k3", key(2)).await,
            Self::ImportKey => world.import(&alice, "k3", key(2)).await,
            Self::ActivateKey => world.activate(&alice, "k2").await,
            Self::RollBackToFormerKey | Self::RollBackToProvider => {
                keyward.roll_back_key(&repeatable(world.bob(now)), tenant).await
            }
            Self::DestroyKey => keyward.destroy_key(&alice, tenant, &key_id("k1")).await,
            Self::Protect => world.protect(&alice, "test-4").await,
            Self::Revert => keyward.revert_environment(&alice, tenant, &production, Some(name_of("prod-1"))).await,
            Self::Lock => world.lock(&alice, key(0)).await,
            Self::Present => world.upload(&alice, "k1", key(0)).await,
            Self::Reactivate => world.activate(&alice, "k1").await,
            Self::Unlock => world.unlock(&alice, "prod-1").await,
            Self::Delete => keyward.delete_environment(&alice, tenant, &production, Some(name_of("prod-1"))).await,
            Self::RegisterBackup => {
                let until = now + TimeDelta::days(90);
                keyward.register_backup(&repeatable(world.operator(now)), tenant, &production, &backup(), until).await
            }
            Self::RestoreBackup => keyward.restore_backup(&alice, tenant, &production, &backup()).await,
            Self::EnforceDeletions => return sweep(world, Sweep::EnforceDeletions, now).await,
            Self::DeliverNotices => return sweep(world, Sweep::DeliverNotices, now).await,
        };
        done.map(|_| ())
    }
}

async fn sweep(world: &World, sweep: Sweep, now: DateTime<Utc>) -> Result<(), ServiceError> {
    world.keyward.sweep(sweep, now).await.map(|_| ())
}

fn new_environment() -> NewEnvironment {
    NewEnvironment {
        id: environment_id("test-4"),
        name: name_of("test-4"),
        kind: EnvironmentKind::Sandbox,
        region: Region::new("europe").unwrap(),
        system_administrators: vec![PersonId::new("carol").unwrap()],
        workloads: vec![PersonId::new("orders").unwrap()],
    }
}

fn repeatable(request: Request) -> Request {
    let idempotency = Idempotency {
        key: "the-same".into(),
        request_hash: "0".repeat(64),
        encode: Arc::new(|_| Answer { status: 200, body: "{}".into() }),
    };
    Request { idempotency: Some(idempotency), ..request }
}

/// How it ended, without what is drawn at random and without when a sweep came by.
#[derive(Debug, PartialEq, Eq)]
struct End {
    states: Vec<String>,
    events: Vec<String>,
    /// Where something is stored.
    addresses: BTreeSet<String>,
    answers: BTreeSet<String>,
    /// Subject and recipient of every message; the same message twice, under the same id, is one.
    mails: BTreeSet<(String, String, String)>,
}

/// Puts numbers in the place of random identifiers: those of operations, and names in the vault.
fn numbered(mut text: String, log: &[Recorded]) -> String {
    let vault_key = |event: &Event| match event {
        Event::KeyAdded { key } => Some(key.vault_key.clone()),
        Event::KeyPresented { vault_key, .. } => Some(vault_key.clone()),
        _ => None,
    };
    for (number, recorded) in log.iter().enumerate() {
        if let Some(operation) = recorded.event.operation() {
            text = text.replace(operation.as_str(), &format!("operation-{number}"));
        }
        if let Some(name) = vault_key(&recorded.event) {
            text = text.replace(&name, &format!("name-{number}"));
        }
    }
    text
}

impl End {
    /// Reads how it ended, and checks what must hold at every end.
    async fn of(rig: &Rig) -> Self {
        let world = &rig.world;
        let items_now = items_of(&*world.table, &world.tenant).await;
        let log = audit_log(&items_now);
        let mut states = States::stored(&items_now);
        assert_eq!(states, States::folded(&log), "the log does not say what is stored");
        let tenant = states.tenant.as_ref().unwrap();
        assert_eq!(tenant.operation, None, "an operation does not end");
        let in_vault = tenant.keys.values().filter(|key| key.in_vault).map(|key| key.vault_key.clone());
        assert_eq!(
            names_on_disk(world.directory.path()),
            in_vault.collect(),
            "the vault holds what the table does not know"
        );
        for operation in states.operations.values_mut() {
            operation.updated_at = start();
        }
        let events = log.iter().map(|recorded| format!("{} {:?}", recorded.by, recorded.event));
        let addresses: BTreeSet<String> = items_now.keys().map(|sort| numbered(sort.clone(), &log)).collect();
        assert!(!addresses.iter().any(|sort| sort.starts_with("PENDING#")), "an intent was left: {addresses:?}");
        let mut answers: BTreeSet<String> = BTreeSet::new();
        for scope in [world.tenant.as_str(), "operator"] {
            answers.extend(items(&*world.table, &format!("ANSWERS#{scope}")).await.into_keys());
        }
        let mails = world.outbox.0.lock().unwrap();
        let mut stated = vec![format!("{:?}", states.tenant)];
        stated.extend(states.environments.values().map(|environment| format!("{environment:?}")));
        // In the order in which they were started; their identifiers are drawn.
        let started = log.iter().filter_map(|recorded| recorded.event.operation());
        stated.extend(started.filter_map(|id| states.operations.remove(id)).map(|operation| format!("{operation:?}")));
        Self {
            states: stated.into_iter().map(|state| numbered(state, &log)).collect(),
            events: events.map(|event| numbered(event, &log)).collect(),
            addresses,
            answers,
            mails: mails.iter().map(|mail| (mail.id.clone(), mail.subject.clone(), mail.to_address.clone())).collect(),
        }
    }
}

impl End {
    /// What only one of the two has.
    fn differences(&self, expected: &Self) -> Vec<String> {
        let lines = |end: &Self| -> Vec<String> {
            let mails = end.mails.iter().map(|mail| format!("{mail:?}"));
            let all = end.states.iter().chain(&end.events).chain(&end.addresses).chain(&end.answers).cloned();
            all.chain(mails).collect()
        };
        let (here, there) = (lines(self), lines(expected));
        let mut differences: Vec<_> =
            here.iter().filter(|line| !there.contains(line)).map(|line| format!("+ {line}")).collect();
        differences.extend(there.iter().filter(|line| !here.contains(line)).map(|line| format!("- {line}")));
        if differences.is_empty() {
            differences.extend(here);
        }
        differences
    }
}

/// Data keys of the first generation: of the environment that is changed and of another, where they can be leased.
async fn first_generations(rig: &Rig, now: DateTime<Utc>) -> Vec<(EnvironmentId, [u8; 32])> {
    let world = &rig.world;
    let mut leased = Vec::new();
    for id in ["prod-1", "test-3"].map(environment_id) {
        let request = world.orders(now);
        if let Ok(lease) = world.keyward.lease_data_key(&request, &world.tenant, &id, Some(1)).await {
            leased.push((id, *lease.key.as_bytes()));
        }
    }
    leased
}

#[derive(Clone, Copy, Debug)]
enum Port {
    Table,
    Vault,
}

#[derive(Clone, Copy, Debug)]
enum Fault {
    /// One step is not done.
    Before,
    /// One step is done and its answer lost.
    After,
    /// From this step on nothing is reached: the process died.
    Died,
}

impl Breakable for Rig {
    fn break_at(&self, port: Port, step: u64, fault: Fault) {
        match (port, fault) {
            (Port::Table, Fault::Before) => self.table.fail_at(step, Failure::Before),
            (Port::Table, Fault::After) => self.table.fail_at(step, Failure::After),
            (Port::Table, Fault::Died) => self.table.fail_from(step, Failure::Before),
            (Port::Vault, Fault::Before) => self.vault.fail_at(step, Failure::Before),
            (Port::Vault, Fault::After) => self.vault.fail_at(step, Failure::After),
            (Port::Vault, Fault::Died) => self.vault.fail_from(step),
        }
    }

    fn steps(&self, port: Port) -> u64 {
        match port {
            Port::Table => self.table.steps(),
            Port::Vault => self.vault.steps(),
        }
    }

    fn heal(&self) {
        self.table.heal();
        self.vault.heal();
    }
}

trait Breakable {
    fn break_at(&self, port: Port, step: u64, fault: Fault);
    fn steps(&self, port: Port) -> u64;
    fn heal(&self);
}

/// Sealing a key file asks the test's own vault, not the one that breaks: what is counted are the operation's steps.
async fn drive(change: Change) {
    let picture = change.prepare().await;
    let rig = picture.restore().await;
    let first = first_generations(&rig, change.at()).await;
    let rig = picture.restore().await;
    change.ask(&rig.world).await.unwrap();
    let later = change.at() + TimeDelta::minutes(11);
    settle(&rig.world, later).await;
    let expected = End::of(&rig).await;
    let mut counts = Vec::new();
    for port in [Port::Table, Port::Vault] {
        for fault in [Fault::Before, Fault::After, Fault::Died] {
            let faults = drive_with(change, &picture, port, fault, &expected, &first).await;
            counts.push(format!("{port:?} {fault:?} {faults}"));
        }
    }
    println!("{change:?}: steps that broke: {}", counts.join(", "));
}

async fn drive_with(
    change: Change,
    picture: &Picture,
    port: Port,
    fault: Fault,
    expected: &End,
    first: &[(EnvironmentId, [u8; 32])],
) -> u64 {
    for step in 1.. {
        let rig = picture.restore().await;
        rig.heal();
        rig.break_at(port, step, fault);
        let asked = change.ask(&rig.world).await;
        let broke = rig.steps(port) >= step;
        rig.heal();
        let place = format!("{change:?}, {port:?} step {step}, {fault:?}, answered {asked:?}");
        if !broke {
            assert!(asked.is_ok(), "{place}");
            return step - 1;
        }
        if let Err(error) = &asked {
            assert!(matches!(error, ServiceError::Table(_) | ServiceError::Vault(_)), "{place}");
        }
        let repeated = change.ask(&rig.world).await;
        assert!(matches!(repeated, Ok(()) | Err(ServiceError::AnsweredBefore)), "{place}, repeated {repeated:?}");
        let later = change.at() + TimeDelta::minutes(11);
        settle(&rig.world, later).await;
        let end = End::of(&rig).await;
        assert!(end == *expected, "{place}, repeated {repeated:?}: {:#?}", end.differences(expected));
        for (id, before) in first_generations(&rig, later).await {
            let known = first.iter().find(|(known, _)| *known == id);
            assert!(known.is_none_or(|(_, known)| *known == before), "{place}: the data key of {id} is another one");
        }
    }
    unreachable!("every change ends")
}

macro_rules! drives {
    ($($name:ident: $change:ident,)*) => {$(
        #[tokio::test]
        async fn $name() {
            drive(Change::$change).await;
        }
    )*};
}

drives! {
    register_environment: RegisterEnvironment,
    upload_key: UploadKey,
    import_key: ImportKey,
    activate_key: ActivateKey,
    roll_back_to_the_former_key: RollBackToFormerKey,
    roll_back_to_the_provider: RollBackToProvider,
    destroy_key: DestroyKey,
    protect_environment: Protect,
    revert_environment: Revert,
    lock_tenant: Lock,
    present_key: Present,
    reactivate_key: Reactivate,
    unlock_environment: Unlock,
    delete_environment: Delete,
    register_backup: RegisterBackup,
    restore_backup: RestoreBackup,
    enforce_deletions: EnforceDeletions,
    deliver_notices: DeliverNotices,
}
