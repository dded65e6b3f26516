//! L3, L5, L6 and K4 where it is about numbers: how much a lock writes, how much a deletion reads, and what is left of many
//! requests at once.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::panic,
    reason = "a test fails by panicking, and says what it measured"
)]

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Instant as Stopwatch,
};

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use keyward_adapters::{
    table::{CountingTable, Counts, EmbeddedTable},
    vault::EmbeddedVault,
};
use keyward_domain::{EnvironmentId, Event, Name, Recorded, Rejection};
use keyward_keyfile::{Limits, PrivateKey, PublicKey, byok};
use keyward_service::{
    Keyward, LockProof, LockRequest, Outcome, ServiceError,
    ports::{
        table::{Condition, DuePage, DueQuery, Item, Key, Page, Query, Table, TableError, Write},
        vault::{Vault, VaultError, VaultKeyName, VaultPublicKey},
    },
    sweeps::Sweep,
};
use keyward_tests::{
    keys::key,
    stored::{audit_log, items_of, lease_log, partition},
    world::{World, environment_id, hours, settings, start},
};
use serde_json::{Value, json};
use tokio::sync::Notify;
use zeroize::Zeroizing;

/// Environments that a lock holds until its deadline, in each of the measured worlds.
const HELD: usize = 50;

struct Measured {
    lock: Counts,
    deletion: Counts,
}

async fn finish(world: &World, sweep: Sweep, now: DateTime<Utc>) -> u64 {
    let mut changes = 0;
    loop {
        let report = world.keyward.sweep(sweep, now).await.unwrap();
        assert_eq!(report.failed, 0, "{report:?}");
        changes += report.changes;
        if !report.more {
            return changes;
        }
    }
}

/// Environments that are as if registered, and unlocked since the first lock, without the decisions that led there: what
/// the operations would have written for each, but for the data keys, which neither a lock nor the deletion of others reads.
async fn seed(world: &World, count: usize) {
    let partition = partition(&world.tenant);
    let key = |sort: String| Key { partition: partition.clone(), sort };
    let template = world.table.get(&key("ENV#held-00".into())).await.unwrap().unwrap();
    let mut environment: Value = serde_json::from_str(&template.body).unwrap();
    environment["unlockedEpoch"] = json!(1);
    let item =
        |sort: String, body: String| Item { key: key(sort), revision: 1, fence: None, due: None, expires: None, body };
    let mut writers = Vec::new();
    for numbers in (0..count).collect::<Vec<_>>().chunks(count.div_ceil(4).max(1)) {
        let mut writes = Vec::with_capacity(numbers.len() * 2);
        for number in numbers {
            let id = format!("other-{number:06}");
            environment["id"] = json!(id);
            for (sort, body) in [
                (format!("ENV#{id}"), environment.to_string()),
                (format!("UNLOCKED#{:012}#{id}", 1), json!(id).to_string()),
            ] {
                writes.push(Write::Put { item: item(sort, body), condition: Condition::Absent });
            }
        }
        let table = Arc::clone(&world.table);
        writers.push(tokio::spawn(async move {
            for some in writes.chunks(100) {
                table.transact(some.to_vec()).await.unwrap();
            }
        }));
    }
    for writer in writers {
        writer.await.unwrap();
    }
    let mut tenant = world.table.get(&key("TENANT".into())).await.unwrap().unwrap();
    let mut document: Value = serde_json::from_str(&tenant.body).unwrap();
    let before = document["tenant"]["environments"].as_u64().unwrap();
    document["tenant"]["environments"] = json!(before + u64::try_from(count).unwrap());
    tenant.body = document.to_string();
    tenant.revision += 1;
    let condition = Condition::Revision(tenant.revision - 1);
    world.table.transact(vec![Write::Put { item: tenant, condition }]).await.unwrap();
}

/// Locks fifty environments, adds so many others that are unlocked, lets the deadline of the fifty come, then locks the others.
async fn measure(others: usize) -> Measured {
    let counting = Arc::new(CountingTable::new(Arc::new(EmbeddedTable::memory().await.unwrap())));
    let world = World::over(counting.clone()).await;
    for number in 0..HELD {
        world.environment(&format!("held-{number:02}"), start()).await;
    }
    world.upload(&world.alice(start()), "k1", key(0)).await.unwrap();
    world.activate(&world.alice(start()), "k1").await.unwrap();
    for number in 0..3 {
        world.protect(&world.alice(start()), &format!("held-{number:02}")).await.unwrap();
    }
    let locked_at = start() + hours(72);
    world.lock(&world.alice(locked_at), key(0)).await.unwrap();
    let presented_at = locked_at + hours(1);
    world.upload(&world.alice(presented_at), "k1", key(0)).await.unwrap();
    world.activate(&world.alice(presented_at), "k1").await.unwrap();
    let seeding = Stopwatch::now();
    seed(&world, others).await;
    println!("{others} others seeded in {:?}", seeding.elapsed());

    let deadline = locked_at + TimeDelta::days(28);
    counting.take();
    assert_eq!(finish(&world, Sweep::EnforceDeletions, deadline).await, 50);
    let deletion = counting.take();

    counting.take();
    let outcome = world.lock(&world.alice(deadline), key(0)).await.unwrap();
    let lock = counting.take();
    let Some(Event::TenantLocked { locked, .. }) = outcome.events.first() else { panic!("{:?}", outcome.events) };
    assert_eq!(*locked, u64::try_from(others).unwrap());
    assert_eq!(outcome.operation.unwrap().status, keyward_domain::OperationStatus::Succeeded);
    let last = environment_id(&format!("other-{:06}", others - 1));
    let barred = world.keyward.lease_data_key(&world.orders(deadline), &world.tenant, &last, None).await;
    assert!(matches!(barred, Err(ServiceError::Rejected(Rejection::EnvironmentLocked { .. }))), "{barred:?}");
    Measured { lock, deletion }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_lock_and_a_deletion_cost_what_they_touch_and_not_what_exists() {
    let (ten, thousand, all) = (measure(10).await, measure(1_000).await, measure(100_000).await);
    for (others, measured) in [(10, &ten), (1_000, &thousand), (100_000, &all)] {
        let Counts { gets, queries, items_read, transactions, writes } = measured.lock;
        println!(
            "locking {others} environments: {writes} writes in {transactions} transactions, {gets} gets, {queries} queries, {items_read} items read"
        );
        let Counts { gets, queries, items_read, transactions, writes } = measured.deletion;
        println!(
            "deleting {HELD} beside {others}: {items_read} items read by {gets} gets and {queries} queries, {writes} writes in {transactions} transactions"
        );
    }
    assert_eq!((ten.lock.writes, ten.lock.transactions), (all.lock.writes, all.lock.transactions));
    assert_eq!(thousand.lock, all.lock);
    assert_eq!(ten.deletion, all.deletion);
    assert_eq!(thousand.deletion, all.deletion);
}

/// One world of many requests at once: one environment `test-1`, key `k1` active, 72 hours later.
async fn ready(table: Arc<dyn Table>) -> Arc<World> {
    let world = World::over(table).await;
    world.environment("test-1", start()).await;
    world.upload(&world.alice(start()), "k1", key(0)).await.unwrap();
    world.activate(&world.alice(start()), "k1").await.unwrap();
    finish(&world, Sweep::OpenLocks, start() + hours(72)).await;
    Arc::new(world)
}

const AT_ONCE: usize = 32;

/// Asks for the same by many at once; what each was told.
async fn at_once<F>(world: &Arc<World>, ask: impl Fn(Arc<World>) -> F) -> Vec<Result<Outcome, ServiceError>>
where
    F: Future<Output = Result<Outcome, ServiceError>> + Send + 'static,
{
    let asked: Vec<_> = (0..AT_ONCE).map(|_| tokio::spawn(ask(Arc::clone(world)))).collect();
    let mut answers = Vec::new();
    for one in asked {
        answers.push(one.await.unwrap());
    }
    answers
}

async fn events(world: &World) -> Vec<Recorded> {
    audit_log(&items_of(&*world.table, &world.tenant).await)
}

/// How often each kind of answer was given: `ok`, or the refusal's code.
fn tally(answers: &[Result<Outcome, ServiceError>]) -> BTreeMap<String, usize> {
    let mut tally = BTreeMap::new();
    for answer in answers {
        let told = match answer {
            Ok(outcome) if outcome.events.is_empty() => "ok, nothing to do".to_owned(),
            Ok(_) => "ok".to_owned(),
            Err(ServiceError::Rejected(rejection)) => rejection.code().to_owned(),
            Err(other) => other.to_string(),
        };
        *tally.entry(told).or_default() += 1;
    }
    tally
}

fn count(log: &[Recorded], of: impl Fn(&Event) -> bool) -> usize {
    log.iter().filter(|recorded| of(&recorded.event)).count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 8)]
async fn many_locks_at_once_are_one_lock() {
    let world = ready(Arc::new(EmbeddedTable::memory().await.unwrap())).await;
    let now = start() + hours(72);
    let answers = at_once(&world, |world| async move { world.lock(&world.alice(now), key(0)).await }).await;
    let tally = tally(&answers);
    println!("{AT_ONCE} locks at once: {tally:?}");
    let log = events(&world).await;
    assert_eq!(count(&log, |event| matches!(event, Event::TenantLocked { .. })), 1);
    assert_eq!(count(&log, |event| matches!(event, Event::OperationFinished { .. })), 2, "activation and lock");
    assert_eq!(tally.get("ok"), Some(&1));
    // A8: of one person's attempts at once not more than five are looked at.
    let allowed = ["ok", "already_locked", "operation_running", "too many attempts"];
    assert!(tally.keys().all(|told| allowed.iter().any(|allowed| told.starts_with(allowed))), "{tally:?}");
    // A4: each of the refusals is in the log, however many there were at once.
    assert_eq!(count(&log, |event| matches!(event, Event::RequestRefused { .. })), AT_ONCE - 1);
    let tenant = world.keyward.tenant_state(&world.tenant).await.unwrap();
    assert_eq!((tenant.lock_epoch, tenant.locks.len()), (1, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 8)]
async fn many_activations_at_once_are_one_key_change() {
    let world = ready(Arc::new(EmbeddedTable::memory().await.unwrap())).await;
    world.protect(&world.alice(start()), "test-1").await.unwrap();
    world.upload(&world.alice(start()), "k2", key(1)).await.unwrap();
    let now = start() + hours(72);
    let answers = at_once(&world, |world| async move { world.activate(&world.alice(now), "k2").await }).await;
    let tally = tally(&answers);
    println!("{AT_ONCE} activations at once: {tally:?}");
    let log = events(&world).await;
    assert_eq!(count(&log, |event| matches!(event, Event::KeyActivated { .. })), 2, "k1 and k2");
    assert_eq!(count(&log, |event| matches!(event, Event::EnvironmentRewrapped { .. })), 1);
    assert_eq!(count(&log, |event| matches!(event, Event::OperationFinished { .. })), 2);
    assert_eq!(tally.get("ok"), Some(&1));
    let allowed = ["ok", "ok, nothing to do", "operation_running"];
    assert!(tally.keys().all(|told| allowed.contains(&told.as_str())), "{tally:?}");
}

/// K6: one step looks at 200 environments, and has nothing to do in any of the first 400.
#[tokio::test]
async fn a_key_change_goes_on_past_environments_that_it_leaves_alone() {
    let world = ready(Arc::new(EmbeddedTable::memory().await.unwrap())).await;
    for number in 0..400 {
        world.environment(&format!("alone-{number:03}"), start()).await;
    }
    world.protect(&world.alice(start()), "test-1").await.unwrap();
    world.upload(&world.alice(start()), "k2", key(1)).await.unwrap();
    let changed = world.activate(&world.alice(start() + hours(72)), "k2").await.unwrap();
    assert_eq!(changed.operation.unwrap().status, keyward_domain::OperationStatus::Succeeded);
    assert_eq!(count(&events(&world).await, |event| matches!(event, Event::EnvironmentRewrapped { .. })), 1);
}

#[tokio::test]
async fn a_key_change_and_its_rollback_may_have_the_same_instant() {
    let world = ready(Arc::new(EmbeddedTable::memory().await.unwrap())).await;
    let now = start() + hours(72);
    world.upload(&world.alice(now), "k2", key(1)).await.unwrap();
    world.activate(&world.alice(now), "k2").await.unwrap();
    world.keyward.roll_back_key(&world.bob(now), &world.tenant).await.unwrap();
    finish(&world, Sweep::OpenLocks, now + hours(72)).await;
    let opened = count(&events(&world).await, |event| matches!(event, Event::LockOpened { .. }));
    assert_eq!(opened, 3, "each key change has a timer of its own");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 8)]
async fn many_protects_at_once_mint_one_generation() {
    let world = ready(Arc::new(EmbeddedTable::memory().await.unwrap())).await;
    let now = start() + hours(1);
    let first = world.lease(now, "test-1").await.unwrap();
    let answers = at_once(&world, |world| async move { world.protect(&world.alice(now), "test-1").await }).await;
    let tally = tally(&answers);
    println!("{AT_ONCE} protects at once: {tally:?}");
    assert_eq!(tally, BTreeMap::from([("ok".into(), 1), ("already_protected".into(), AT_ONCE - 1)]));
    assert_eq!(count(&events(&world).await, |event| matches!(event, Event::EnvironmentProtected { .. })), 1);
    let id = environment_id("test-1");
    let former = world.keyward.lease_data_key(&world.orders(now), &world.tenant, &id, Some(1)).await.unwrap();
    assert_eq!(*former.key.as_bytes(), first, "E1: the first generation is what it was");
    let none = world.keyward.lease_data_key(&world.orders(now), &world.tenant, &id, Some(3)).await;
    assert!(matches!(none, Err(ServiceError::Rejected(Rejection::NoSuchGeneration { newest: 2, .. }))), "{none:?}");
}

/// A table that lets one transaction in at a time and writes down what each wrote, in the order in which they took effect.
struct Ordered {
    inner: EmbeddedTable,
    order: tokio::sync::Mutex<Vec<Vec<String>>>,
}

#[async_trait]
impl Table for Ordered {
    async fn get(&self, key: &Key) -> Result<Option<Item>, TableError> {
        self.inner.get(key).await
    }

    async fn query(&self, query: &Query) -> Result<Page, TableError> {
        self.inner.query(query).await
    }

    async fn query_due(&self, query: &DueQuery) -> Result<DuePage, TableError> {
        self.inner.query_due(query).await
    }

    async fn transact(&self, writes: Vec<Write>) -> Result<(), TableError> {
        let mut order = self.order.lock().await;
        let wrote = writes.iter().filter_map(|write| match write {
            Write::Put { item, .. } if item.key.sort.starts_with("LEASE#") => Some("lease".to_owned()),
            Write::Put { item, .. } if item.body.contains("\"tenant_locked\"") => Some("lock".to_owned()),
            _ => None,
        });
        let wrote = wrote.collect();
        self.inner.transact(writes).await?;
        order.push(wrote);
        Ok(())
    }
}

/// One lock in the midst of leases, each with the instant at which it began. Gives how many leases were answered.
async fn race(round: u32) -> usize {
    let inner = EmbeddedTable::memory().await.unwrap();
    let table = Arc::new(Ordered { inner, order: tokio::sync::Mutex::default() });
    let world = ready(table.clone()).await;
    let environments: Vec<EnvironmentId> = (2..=4).map(|number| environment_id(&format!("test-{number}"))).collect();
    for environment in &environments {
        world.environment(environment.as_str(), start()).await;
    }
    for environment in &environments[..2] {
        world.protect(&world.alice(start()), environment.as_str()).await.unwrap();
    }
    // The clock of all requests: real time from the instant at which locking has opened.
    let stopwatch = Stopwatch::now();
    let clock = move || start() + hours(72) + TimeDelta::from_std(stopwatch.elapsed()).unwrap();
    let (answered, stop) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicBool::new(false)));
    let mut services = Vec::new();
    for service in 0..8 {
        let (world, answered, stop) = (Arc::clone(&world), Arc::clone(&answered), Arc::clone(&stop));
        let environment = environments[service % environments.len()].clone();
        services.push(tokio::spawn(async move {
            while !stop.load(Ordering::Relaxed) {
                let request = world.orders(clock());
                match world.keyward.lease_data_key(&request, &world.tenant, &environment, None).await {
                    Ok(leased) => answered.lock().unwrap().push(leased.until),
                    Err(ServiceError::Contended) => {}
                    Err(ServiceError::Rejected(
                        Rejection::EnvironmentLocked { .. } | Rejection::KeyFileRequired { .. },
                    )) => break,
                    Err(other) => panic!("{other}"),
                }
            }
        }));
    }
    while answered.lock().unwrap().len() < 10 + usize::try_from(round).unwrap() {
        tokio::task::yield_now().await;
    }
    let sealed = world.sealed(key(0)).await;
    let lock = LockRequest { stated_name: Name::new("Contoso Ltd").unwrap(), proof: LockProof::KeyFile { sealed } };
    let outcome = world.keyward.lock_tenant(&world.alice(clock()), &world.tenant, &lock).await.unwrap();
    for service in services {
        service.await.unwrap();
    }
    stop.store(true, Ordering::Relaxed);
    let Some(Event::TenantLocked { leases_end_at, .. }) = outcome.events.first() else {
        panic!("{:?}", outcome.events)
    };
    let answered = answered.lock().unwrap().clone();
    let late: Vec<_> =
        answered.iter().filter(|until| *until > leases_end_at).map(|until| *until - leases_end_at).collect();
    assert!(
        late.is_empty(),
        "L6: {} of {} leases end after the instant that the lock states: {late:?}",
        late.len(),
        answered.len()
    );
    let order = table.order.lock().await.concat();
    let lock = order.iter().position(|wrote| wrote == "lock").unwrap();
    let after = order[lock..].iter().filter(|wrote| *wrote == "lease").count();
    assert_eq!(after, 0, "L6: leases were logged after the lock");
    let items = items_of(&*world.table, &world.tenant).await;
    let logged: usize = environments.iter().map(|environment| lease_log(&items, environment).len()).sum();
    assert_eq!(logged, answered.len(), "every answered lease is in the log, and no other");
    logged
}

/// A vault in which a key file waits to be opened until the test lets it go on.
struct Waiting {
    inner: Arc<EmbeddedVault>,
    reached: Notify,
    go_on: Notify,
}

#[async_trait]
impl Vault for Waiting {
    async fn exchange_key(&self) -> Result<VaultPublicKey, VaultError> {
        self.inner.exchange_key().await
    }

    async fn open_exchange(&self, kid: &str, encrypted_key: &[u8]) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        self.reached.notify_one();
        self.go_on.notified().await;
        self.inner.open_exchange(kid, encrypted_key).await
    }

    async fn transfer_keys(&self) -> Result<Vec<VaultPublicKey>, VaultError> {
        self.inner.transfer_keys().await
    }

    async fn provider_key(&self) -> Result<VaultPublicKey, VaultError> {
        self.inner.provider_key().await
    }

    async fn unwrap_provider(&self, wrapped: &[u8]) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        self.inner.unwrap_provider(wrapped).await
    }

    async fn import(&self, name: &VaultKeyName, key: &PrivateKey) -> Result<(), VaultError> {
        self.inner.import(name, key).await
    }

    async fn import_blob(
        &self,
        name: &VaultKeyName,
        blob: &byok::Blob,
        limits: &Limits,
    ) -> Result<PublicKey, VaultError> {
        self.inner.import_blob(name, blob, limits).await
    }

    async fn unwrap(&self, name: &VaultKeyName, wrapped: &[u8]) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        self.inner.unwrap(name, wrapped).await
    }

    async fn describe(&self, name: &VaultKeyName) -> Result<Option<PublicKey>, VaultError> {
        self.inner.describe(name).await
    }

    async fn remove(&self, name: &VaultKeyName) -> Result<(), VaultError> {
        self.inner.remove(name).await
    }
}

/// The lock's instant is read when its request comes in; while its proof is checked, leases go on.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_lease_during_the_proof_of_a_lock_ends_by_the_instant_that_the_lock_states() {
    let world = ready(Arc::new(EmbeddedTable::memory().await.unwrap())).await;
    let vault = Arc::new(Waiting { inner: world.vault.clone(), reached: Notify::new(), go_on: Notify::new() });
    let keyward = Keyward::new(world.table.clone(), vault.clone(), world.outbox.clone(), settings());
    let asked_at = start() + hours(72);
    let sealed = world.sealed(key(0)).await;
    let lock = LockRequest { stated_name: Name::new("Contoso Ltd").unwrap(), proof: LockProof::KeyFile { sealed } };
    let (request, tenant) = (world.alice(asked_at), world.tenant.clone());
    let locking = tokio::spawn(async move { keyward.lock_tenant(&request, &tenant, &lock).await });
    vault.reached.notified().await;
    let request = world.orders(asked_at + TimeDelta::seconds(1));
    let id = environment_id("test-1");
    let leased = world.keyward.lease_data_key(&request, &world.tenant, &id, None).await.unwrap();
    vault.go_on.notify_one();
    let outcome = locking.await.unwrap().unwrap();
    let Some(Event::TenantLocked { leases_end_at, .. }) = outcome.events.first() else {
        panic!("{:?}", outcome.events)
    };
    assert!(leased.until <= *leases_end_at, "a lease until {} beside a lock that states {leases_end_at}", leased.until);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 8)]
async fn no_lease_gets_past_a_lock() {
    let mut leases = Vec::new();
    for round in 0..5 {
        leases.push(race(round).await);
    }
    println!("leases before the lock in each race: {leases:?}");
}
