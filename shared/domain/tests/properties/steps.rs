//! Random requests over a small world, and clocks that like to land on deadlines.

use chrono::{TimeDelta, TimeZone, Utc};
use keyward_domain::{
    Administrator, Command, EnvironmentId, EnvironmentKind, Fingerprint, Instant, KeyId, KeySource, Name,
    NewEnvironment, NewKey, NewTenant, OperationId, PersonId, Role,
};
use proptest::{prelude::*, sample::Index};

use crate::{
    approvals::{self, Consent},
    world::{Request, World},
};

/// Those who ask. The first is also who sets the world up.
pub(crate) const PEOPLE: &[&str] = &["alice", "bob", "carol", "dora"];
/// Those of them that are on the list from the beginning.
const LISTED: u8 = 0b0111;
const ENVIRONMENTS: &[&str] = &["prod", "test", "dev", "spare"];
const KEYS: &[&str] = &["k1", "k2", "k3", "k4"];

/// How far the clock moves before a request.
#[derive(Clone, Debug)]
pub(crate) enum Jump {
    Stay,
    Seconds(u32),
    /// Onto one of the deadlines to come, or one second before or after.
    Onto(Index, i64),
}

/// What is asked for, with places in the lists above.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Wish {
    AddKey(usize),
    Present(usize),
    Activate(usize),
    RollBack,
    Rewrap(usize),
    RunOperation,
    Destroy(usize),
    Register(usize),
    Protect(usize),
    Revert(usize),
    Unlock(usize),
    Delete(usize),
    Backup(usize),
    Restore(usize),
    Lock {
        key: Option<usize>,
    },
    Lease(usize),
    Sweep,
    /// Those whose bit is set.
    SetAdministrators(u8),
    SetQuorum(bool),
    /// Approves one of the requests that are open.
    Give(usize),
    /// Lets the operation end, presents the active key and activates it.
    BringBack,
}

/// One step of a walk.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    pub(crate) jump: Jump,
    pub(crate) by: usize,
    pub(crate) wish: Wish,
    /// Which plan the step is about, where it has one.
    pub(crate) plan: usize,
    pub(crate) consent: Consent,
}

fn jumps() -> impl Strategy<Value = Jump> {
    prop_oneof![
        14 => Just(Jump::Stay),
        2 => (0_u32..200_000).prop_map(Jump::Seconds),
        3 => (any::<Index>(), -1_i64..=1).prop_map(|(deadline, beside)| Jump::Onto(deadline, beside)),
    ]
}

fn wishes() -> impl Strategy<Value = Wish> {
    let (key, environment) = (0..KEYS.len(), 0..ENVIRONMENTS.len());
    prop_oneof![
        2 => key.clone().prop_map(Wish::AddKey),
        2 => key.clone().prop_map(Wish::Present),
        4 => key.clone().prop_map(Wish::Activate),
        2 => Just(Wish::RollBack),
        2 => environment.clone().prop_map(Wish::Rewrap),
        8 => Just(Wish::RunOperation),
        1 => key.clone().prop_map(Wish::Destroy),
        2 => environment.clone().prop_map(Wish::Register),
        4 => environment.clone().prop_map(Wish::Protect),
        2 => environment.clone().prop_map(Wish::Revert),
        8 => environment.clone().prop_map(Wish::Unlock),
        1 => environment.clone().prop_map(Wish::Delete),
        1 => environment.clone().prop_map(Wish::Backup),
        1 => environment.clone().prop_map(Wish::Restore),
        5 => proptest::option::weighted(0.9, key).prop_map(|key| Wish::Lock { key }),
        4 => environment.prop_map(Wish::Lease),
        2 => Just(Wish::Sweep),
        5 => Just(Wish::BringBack),
        1 => (1_u8..16).prop_map(Wish::SetAdministrators),
        1 => any::<bool>().prop_map(Wish::SetQuorum),
        1 => (0_usize..4).prop_map(Wish::Give),
    ]
}

/// What is about who decides: lists that change, approvals, and what needs either.
fn wishes_of_people() -> impl Strategy<Value = Wish> {
    let (key, environment) = (0..KEYS.len(), 0..ENVIRONMENTS.len());
    prop_oneof![
        6 => (1_u8..16).prop_map(Wish::SetAdministrators),
        1 => any::<bool>().prop_map(Wish::SetQuorum),
        1 => Just(Wish::SetQuorum(true)),
        2 => (0_usize..4).prop_map(Wish::Give),
        2 => Just(Wish::RunOperation),
        2 => key.clone().prop_map(Wish::Activate),
        2 => Just(Wish::RollBack),
        1 => key.prop_map(Wish::Destroy),
        1 => environment.clone().prop_map(Wish::Delete),
        1 => environment.prop_map(Wish::Register),
        2 => Just(Wish::Lock { key: Some(0) }),
    ]
}

/// Walks of up to 60 steps, a third of which move the clock by hours.
pub(crate) fn walks_of_people() -> impl Strategy<Value = Vec<Step>> {
    let jump = prop_oneof![
        4 => Just(Jump::Stay),
        1 => (0_u32..50_000).prop_map(Jump::Seconds),
        1 => (any::<Index>(), -1_i64..=1).prop_map(|(deadline, beside)| Jump::Onto(deadline, beside)),
    ];
    proptest::collection::vec(steps(jump, 0..PEOPLE.len(), wishes_of_people()), 1..60)
}

fn steps(
    jumps: impl Strategy<Value = Jump>,
    people: impl Strategy<Value = usize>,
    wishes: impl Strategy<Value = Wish>,
) -> impl Strategy<Value = Step> {
    let plan = prop_oneof![9 => Just(1_usize), 1 => Just(2_usize)];
    let consent = prop_oneof![
        1 => Just(Consent::NotAsked),
        1 => Just(Consent::Asked),
        3 => (0..PEOPLE.len()).prop_map(Consent::Given),
    ];
    let step = (jumps, people, wishes, plan, consent);
    step.prop_map(|(jump, by, wish, plan, consent)| Step { jump, by, wish, plan, consent })
}

/// Walks of up to 150 steps.
pub(crate) fn walks() -> impl Strategy<Value = Vec<Step>> {
    let people = prop_oneof![9 => 0..3_usize, 1 => Just(3_usize)];
    proptest::collection::vec(steps(jumps(), people, wishes()), 1..150)
}

/// When every walk begins.
pub(crate) fn start() -> Instant {
    Utc.timestamp_opt(1_767_225_600, 0).unwrap()
}

pub(crate) fn person(place: usize) -> PersonId {
    PersonId::new(PEOPLE[place]).unwrap()
}

pub(crate) fn environment(place: usize) -> EnvironmentId {
    EnvironmentId::new(ENVIRONMENTS[place]).unwrap()
}

fn key(place: usize) -> KeyId {
    KeyId::new(KEYS[place]).unwrap()
}

pub(crate) fn fingerprint(key: &KeyId) -> Fingerprint {
    let hex: String = key.as_str().bytes().map(|byte| format!("{byte:02x}")).collect();
    Fingerprint::new(format!("{hex:0<64}")).unwrap()
}

/// The instants to come at which something becomes due.
fn deadlines(world: &World, now: Instant) -> Vec<Instant> {
    let Some(tenant) = &world.tenant else { return Vec::new() };
    let mut deadlines = Vec::new();
    if let Some(change) = &tenant.last_change {
        deadlines.extend([24, 72].map(|hours| change.changed_at + TimeDelta::hours(hours)));
    }
    for lock in &tenant.locks {
        deadlines.extend([0, 1, 3, 7, 14, 21].map(|days| lock.deletion_at - TimeDelta::days(days)));
    }
    deadlines.extend(tenant.keys.values().filter_map(|key| key.barred_until));
    deadlines.extend(tenant.new_administrators.values());
    deadlines.extend(tenant.former_administrators.iter().map(|former| former.until));
    deadlines.extend(tenant.approvals.values().map(|approval| approval.expires_at));
    deadlines.extend(world.backups.values().map(|backup| backup.retained_until));
    deadlines.retain(|deadline| *deadline > now);
    deadlines.sort_unstable();
    deadlines
}

/// Where the clock stands after a jump. It never goes back.
pub(crate) fn moved(world: &World, now: Instant, jump: &Jump) -> Instant {
    match jump {
        Jump::Stay => now,
        Jump::Seconds(seconds) => now + TimeDelta::seconds(i64::from(*seconds)),
        Jump::Onto(place, beside) => match deadlines(world, now).as_slice() {
            [] => now,
            deadlines => (deadlines[place.index(deadlines.len())] + TimeDelta::seconds(*beside)).max(now),
        },
    }
}

fn new_key(place: usize) -> NewKey {
    let id = key(place);
    NewKey {
        name: Name::new(id.as_str()).unwrap(),
        region: "europe".parse().unwrap(),
        source: KeySource::Uploaded,
        bits: 2048,
        public_key: String::new(),
        fingerprint: fingerprint(&id),
        vault_key: format!("{id}-1"),
        id,
    }
}

fn new_environment(place: usize) -> NewEnvironment {
    let id = environment(place);
    NewEnvironment {
        name: Name::new(id.as_str()).unwrap(),
        kind: if place == 0 { EnvironmentKind::Production } else { EnvironmentKind::Sandbox },
        region: "europe".parse().unwrap(),
        system_administrators: Vec::new(),
        workloads: Vec::new(),
        id,
    }
}

fn administrators(bits: u8) -> Vec<Administrator> {
    let chosen = (0..PEOPLE.len()).filter(|place| bits & (1 << place) != 0);
    let administrator = |place: usize| Administrator {
        person: person(place),
        name: Name::new(PEOPLE[place]).unwrap(),
        email: format!("{}@contoso.example", PEOPLE[place]),
        role: Role::GlobalAdministrator,
    };
    chosen.map(administrator).collect()
}

/// The requests that set the world up: a tenant that has opted in, with two environments and two keys.
pub(crate) fn set_up() -> Vec<Request> {
    let tenant = NewTenant {
        id: "contoso".parse().unwrap(),
        name: "contoso".parse().unwrap(),
        regions: vec!["europe".parse().unwrap()],
        licensed_seats: 5000,
        administrators: administrators(LISTED),
    };
    let mut requests: Vec<Request> = [Command::RegisterTenant { tenant }, Command::OptInTenant]
        .into_iter()
        .map(|command| Request { by: person(0), at: start(), environment: None, backup: None, plan: None, command })
        .collect();
    for place in 0..2 {
        let add = Command::AddKey { key: new_key(place) };
        let register = Command::RegisterEnvironment { environment: new_environment(place) };
        requests.push(Request {
            by: person(0),
            at: start(),
            environment: None,
            backup: None,
            plan: None,
            command: add,
        });
        let named = Some(environment(place));
        requests.push(Request {
            by: person(0),
            at: start(),
            environment: named,
            backup: None,
            plan: None,
            command: register,
        });
    }
    requests
}

/// The requests that a wish makes. Several are asked one after the other, whatever becomes of the one before.
pub(crate) fn requests(world: &World, step: &Step, at: Instant) -> Vec<Request> {
    let wished = wished(world, step, at);
    wished.into_iter().flat_map(|request| approvals::with_consent(world, step, at, request)).collect()
}

fn wished(world: &World, step: &Step, at: Instant) -> Vec<Request> {
    let operation = OperationId::new(format!("op{}", world.operations.len() + 1)).unwrap();
    let backup_number = world.backups.len();
    let ask = |environment: Option<EnvironmentId>, command| Request {
        by: person(step.by),
        at,
        backup: environment.as_ref().map(|_| format!("b{backup_number}").parse().unwrap()),
        environment,
        plan: Some(approvals::plan(step.plan)),
        command,
    };
    let of = |place: usize, command| vec![ask(Some(environment(place)), command)];
    let stated_name = |place: usize| Some(Name::new(ENVIRONMENTS[place]).unwrap());
    let present = |key: KeyId| Command::PresentKey { vault_key: format!("{key}-again"), key };
    match step.wish {
        Wish::AddKey(place) => vec![ask(None, Command::AddKey { key: new_key(place) })],
        Wish::Present(place) => vec![ask(None, present(key(place)))],
        Wish::Activate(place) => vec![ask(None, Command::ActivateKey { key: key(place), operation })],
        Wish::RollBack => vec![ask(None, Command::RollBackKey { operation })],
        Wish::Rewrap(place) => of(place, Command::RewrapEnvironment { operation: running(world) }),
        Wish::RunOperation => Vec::new(),
        Wish::Destroy(place) => {
            let dependents = world.dependents(&key(place), at);
            vec![ask(None, Command::DestroyKey { key: key(place), dependents, operation })]
        }
        Wish::Register(place) => of(place, Command::RegisterEnvironment { environment: new_environment(place) }),
        Wish::Protect(place) => of(place, Command::ProtectEnvironment),
        Wish::Revert(place) => of(place, Command::RevertEnvironment { stated_name: stated_name(place) }),
        Wish::Unlock(place) => of(place, Command::UnlockEnvironment),
        Wish::Delete(place) => of(place, Command::DeleteEnvironment { stated_name: stated_name(place) }),
        Wish::Backup(place) => {
            let backup = format!("b{backup_number}").parse().unwrap();
            of(place, Command::RegisterBackup { backup, retained_until: at + TimeDelta::days(5) })
        }
        Wish::Restore(place) => {
            let mut restore = of(place, Command::RestoreBackup);
            restore[0].backup = world.backups.keys().rfind(|id| id.0 == environment(place)).map(|id| id.1.clone());
            restore
        }
        Wish::Lock { key: proven } => {
            let possessed = proven.map(|place| fingerprint(&key(place)));
            vec![ask(
                None,
                Command::LockTenant {
                    stated_name: "contoso".parse().unwrap(),
                    possessed,
                    leases_until: None,
                    operation,
                },
            )]
        }
        Wish::Lease(place) => of(place, Command::LeaseDataKey { generation: None }),
        Wish::Sweep => sweep(world, at),
        Wish::SetAdministrators(bits) => {
            vec![ask(None, Command::SetAdministrators { administrators: administrators(bits) })]
        }
        Wish::SetQuorum(required) => vec![ask(None, Command::SetQuorum { required })],
        Wish::Give(place) => match world.tenant.iter().flat_map(|tenant| tenant.approvals.keys()).nth(place) {
            Some(approval) => {
                let (approval, plan) = (approval.clone(), approvals::plan(step.plan));
                vec![ask(None, Command::GiveApproval { approval, plan })]
            }
            None => Vec::new(),
        },
        Wish::BringBack => match world.tenant.as_ref().and_then(|tenant| tenant.active_key.clone()) {
            Some(key) => vec![ask(None, present(key.clone())), ask(None, Command::ActivateKey { key, operation })],
            None => Vec::new(),
        },
    }
}

fn running(world: &World) -> OperationId {
    let running = world.tenant.as_ref().and_then(|tenant| tenant.operation.clone());
    running.unwrap_or_else(|| "none".parse().unwrap())
}

/// What the scheduled functions ask for: all deletions, all reminders and the opening of the lock.
pub(crate) fn sweep(world: &World, at: Instant) -> Vec<Request> {
    let ask = |environment, command| Request {
        by: "sweep".parse().unwrap(),
        at,
        environment,
        backup: None,
        plan: None,
        command,
    };
    let mut requests: Vec<Request> =
        world.environments.keys().map(|id| ask(Some(id.clone()), Command::EnforceDeletion)).collect();
    for lock in world.tenant.iter().flat_map(|tenant| &tenant.locks) {
        let remind = |days| ask(None, Command::RemindOfDeletion { epoch: lock.epoch, days });
        requests.extend(world.settings.reminder_days.iter().copied().map(remind));
    }
    requests.push(ask(None, Command::OpenLock));
    requests
}
