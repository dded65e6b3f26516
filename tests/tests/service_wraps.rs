//! Wrapped data keys are good for one place and one key only, and backups for as long as the key that wraps them (E1, E3, K8).
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::panic,
    reason = "a test fails by panicking, and says what it measured"
)]

use base64::{Engine as _, engine::general_purpose::STANDARD};
use chrono::{DateTime, TimeDelta, Utc};
use keyward_domain::{BackupId, Event, NewTenant, Rejection, TenantId};
use keyward_service::{
    Outcome, ServiceError,
    ports::{
        table::{Condition, Item, Key, Write},
        vault::{Vault as _, VaultKeyName},
    },
};
use keyward_tests::{
    keys::key,
    stored::{body, partition},
    world::{World, environment_id, hours, key_id, name_of, start},
};
use serde_json::Value;

/// Environments `test-1` and `test-2` under `k1`, `test-3` under the provider's key; all leased once.
async fn protected() -> World {
    let world = World::new().await;
    for id in ["test-1", "test-2", "test-3"] {
        world.environment(id, start()).await;
    }
    world.upload(&world.alice(start()), "k1", key(0)).await.unwrap();
    world.activate(&world.alice(start()), "k1").await.unwrap();
    for id in ["test-1", "test-2"] {
        world.protect(&world.alice(start()), id).await.unwrap();
    }
    world
}

fn address(tenant: &TenantId, sort: &str) -> Key {
    Key { partition: partition(tenant), sort: sort.into() }
}

async fn item(world: &World, tenant: &TenantId, sort: &str) -> Item {
    world.table.get(&address(tenant, sort)).await.unwrap().unwrap()
}

/// What somebody does who can write the table: puts another content in the place of an item's.
async fn forge(world: &World, tenant: &TenantId, sort: &str, content: &Value) {
    let mut forged = item(world, tenant, sort).await;
    let condition = Condition::Revision(forged.revision);
    forged.revision += 1;
    forged.body = content.to_string();
    world.table.transact(vec![Write::Put { item: forged, condition }]).await.unwrap();
}

async fn lease(world: &World, now: DateTime<Utc>, id: &str, generation: u32) -> Result<[u8; 32], ServiceError> {
    let request = world.orders(now);
    let leased = world.keyward.lease_data_key(&request, &world.tenant, &environment_id(id), Some(generation)).await?;
    Ok(*leased.key.as_bytes())
}

fn is_corrupt(result: &Result<[u8; 32], ServiceError>) -> bool {
    matches!(result, Err(ServiceError::Corrupt(_)))
}

#[tokio::test]
async fn a_wrap_that_was_moved_to_another_environment_is_refused() {
    let world = protected().await;
    let tenant = world.tenant.clone();
    let now = start() + hours(1);
    let (one, two) = (lease(&world, now, "test-1", 1).await.unwrap(), lease(&world, now, "test-2", 1).await.unwrap());
    assert_ne!(one, two);
    let (first, second) =
        (body(&item(&world, &tenant, "DATAKEYS#test-1").await), body(&item(&world, &tenant, "DATAKEYS#test-2").await));
    forge(&world, &tenant, "DATAKEYS#test-1", &second).await;
    for generation in [1, 2] {
        let moved = lease(&world, now, "test-1", generation).await;
        assert!(is_corrupt(&moved), "{moved:?}");
    }
    // Nor does an operation give it a new wrap.
    let reverted = world.keyward.revert_environment(&world.alice(now), &tenant, &environment_id("test-1"), None).await;
    assert!(matches!(reverted, Err(ServiceError::Corrupt(_))), "{reverted:?}");
    forge(&world, &tenant, "DATAKEYS#test-1", &first).await;
    assert_eq!(lease(&world, now, "test-1", 1).await.unwrap(), one);
}

#[tokio::test]
async fn a_wrap_that_was_moved_to_another_generation_is_refused() {
    let world = protected().await;
    let now = start() + hours(1);
    let mut document = body(&item(&world, &world.tenant, "DATAKEYS#test-1").await);
    let wrapped: Vec<Value> = (0..2).map(|index| document["generations"][index]["wrapped"].clone()).collect();
    document["generations"][0]["wrapped"] = wrapped[1].clone();
    document["generations"][1]["wrapped"] = wrapped[0].clone();
    forge(&world, &world.tenant.clone(), "DATAKEYS#test-1", &document).await;
    for generation in [1, 2] {
        let moved = lease(&world, now, "test-1", generation).await;
        assert!(is_corrupt(&moved), "{moved:?}");
    }
}

#[tokio::test]
async fn a_wrap_of_another_tenant_is_refused_though_the_provider_key_made_both() {
    let world = protected().await;
    let other = TenantId::new("fabrikam").unwrap();
    let state = world.keyward.tenant_state(&world.tenant).await.unwrap();
    let tenant = NewTenant {
        id: other.clone(),
        name: name_of("fabrikam"),
        regions: state.regions,
        licensed_seats: 5000,
        administrators: Vec::new(),
    };
    world.keyward.register_tenant(&world.operator(start()), tenant).await.unwrap();
    let environment = keyward_domain::NewEnvironment {
        id: environment_id("test-3"),
        name: name_of("test-3"),
        kind: keyward_domain::EnvironmentKind::Sandbox,
        region: keyward_domain::Region::new("europe").unwrap(),
        system_administrators: Vec::new(),
        workloads: Vec::new(),
    };
    world.keyward.register_environment(&world.operator(start()), &other, environment).await.unwrap();
    let stolen = body(&item(&world, &other, "DATAKEYS#test-3").await);
    forge(&world, &world.tenant.clone(), "DATAKEYS#test-3", &stolen).await;
    let moved = lease(&world, start(), "test-3", 1).await;
    assert!(is_corrupt(&moved), "{moved:?}");
}

#[tokio::test]
async fn a_wrap_from_before_a_key_change_opens_with_nothing_once_the_former_key_is_destroyed() {
    let world = protected().await;
    let tenant = world.tenant.clone();
    let former = body(&item(&world, &tenant, "DATAKEYS#test-1").await);
    let vault_key = |id: &str, state: &keyward_domain::Tenant| {
        VaultKeyName::new(state.keys[&key_id(id)].vault_key.clone()).unwrap()
    };
    let now = start() + hours(24);
    let known = lease(&world, now, "test-1", 1).await.unwrap();
    world.upload(&world.alice(now), "k2", key(1)).await.unwrap();
    world.activate(&world.alice(now), "k2").await.unwrap();
    let state = world.keyward.tenant_state(&tenant).await.unwrap();
    let wrapped = STANDARD.decode(former["generations"][0]["wrapped"].as_str().unwrap()).unwrap();
    // Until the destruction a copy from before still opens in the vault: E1 says so plainly.
    assert!(world.vault.unwrap(&vault_key("k1", &state), &wrapped).await.is_ok());
    let now = now + hours(72);
    world.keyward.destroy_key(&world.alice(now), &tenant, &key_id("k1")).await.unwrap();
    for id in ["k1", "k2"] {
        assert!(world.vault.unwrap(&vault_key(id, &state), &wrapped).await.is_err(), "{id} opens it");
    }
    assert!(world.vault.unwrap_provider(&wrapped).await.is_err());
    assert_eq!(lease(&world, now, "test-1", 1).await.unwrap(), known, "the key itself is the same under the new one");
    forge(&world, &tenant, "DATAKEYS#test-1", &former).await;
    let put_back = lease(&world, now, "test-1", 1).await;
    println!("the former wrap put back: {put_back:?}");
    assert!(put_back.is_err(), "a former wrap was put back and leased");
}

async fn register(world: &World, now: DateTime<Utc>, id: &str, backup: &str, until: DateTime<Utc>) {
    let backup = BackupId::new(backup).unwrap();
    let request = world.operator(now);
    world.keyward.register_backup(&request, &world.tenant, &environment_id(id), &backup, until).await.unwrap();
}

async fn restore(world: &World, now: DateTime<Utc>, id: &str, backup: &str) -> Result<Outcome, ServiceError> {
    let backup = BackupId::new(backup).unwrap();
    world.keyward.restore_backup(&world.alice(now), &world.tenant, &environment_id(id), &backup).await
}

async fn destroy(world: &World, now: DateTime<Utc>, id: &str) -> Result<Outcome, ServiceError> {
    world.keyward.destroy_key(&world.alice(now), &world.tenant, &key_id(id)).await
}

fn rejection<T: std::fmt::Debug>(result: Result<T, ServiceError>) -> Rejection {
    match result {
        Err(ServiceError::Rejected(rejection)) => rejection,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_retired_key_restores_and_is_kept_until_the_last_backup_that_it_wraps_is_not_retained() {
    let world = protected().await;
    let (changed_at, until) = (start() + hours(24), start() + TimeDelta::days(30));
    register(&world, start(), "test-1", "short", start() + TimeDelta::days(10)).await;
    register(&world, start(), "test-2", "long", until).await;
    // Wrapped by the provider's key: nothing of `k1` depends on it.
    register(&world, start(), "test-3", "provider", start() + TimeDelta::days(300)).await;
    let named = |id: &str, backup: &str| (environment_id(id), BackupId::new(backup).unwrap());

    assert_eq!(rejection(destroy(&world, changed_at, "k1").await), Rejection::KeyActive);
    world.upload(&world.alice(changed_at), "k2", key(1)).await.unwrap();
    world.activate(&world.alice(changed_at), "k2").await.unwrap();
    register(&world, changed_at, "test-1", "under-k2", start() + TimeDelta::days(400)).await;

    restore(&world, changed_at, "test-1", "short").await.unwrap();
    let Rejection::KeyInUse { environments, dependents, retry_at } = rejection(destroy(&world, changed_at, "k1").await)
    else {
        panic!("another refusal");
    };
    assert_eq!((environments, retry_at), (0, Some(until)), "K8: the earliest date");
    assert_eq!(dependents.backups, [named("test-1", "short"), named("test-2", "long")], "K8: what still depends on it");
    assert_eq!(dependents.backups_until, Some(until));

    // The shorter one ends; the longer one still holds the key.
    let later = start() + TimeDelta::days(10);
    let Rejection::KeyInUse { dependents, retry_at, .. } = rejection(destroy(&world, later, "k1").await) else {
        panic!("another refusal");
    };
    assert_eq!((dependents.backups, retry_at), (vec![named("test-2", "long")], Some(until)));
    assert_eq!(rejection(restore(&world, later, "test-1", "short").await), Rejection::BackupExpired { until: later });

    let just_before = until - TimeDelta::milliseconds(1);
    restore(&world, just_before, "test-2", "long").await.unwrap();
    assert!(matches!(rejection(destroy(&world, just_before, "k1").await), Rejection::KeyInUse { .. }));
    destroy(&world, until, "k1").await.unwrap();

    assert_eq!(rejection(restore(&world, until, "test-2", "long").await), Rejection::BackupExpired { until });
    restore(&world, until, "test-1", "under-k2").await.unwrap();
    restore(&world, until, "test-3", "provider").await.unwrap();
}

#[tokio::test]
async fn the_backup_of_a_destroyed_key_is_not_restored_whatever_its_retention_says() {
    let world = protected().await;
    register(&world, start(), "test-1", "one", start() + TimeDelta::days(10)).await;
    world.upload(&world.alice(start()), "k2", key(1)).await.unwrap();
    world.activate(&world.alice(start() + hours(24)), "k2").await.unwrap();
    let now = start() + TimeDelta::days(10);
    destroy(&world, now, "k1").await.unwrap();
    let sort = "BACKUP#test-1#one";
    let mut document = body(&item(&world, &world.tenant, sort).await);
    let later: DateTime<Utc> = now + TimeDelta::days(1);
    document["backup"]["retainedUntil"] = serde_json::to_value(later).unwrap();
    forge(&world, &world.tenant.clone(), sort, &document).await;
    assert_eq!(rejection(restore(&world, now, "test-1", "one").await), Rejection::KeyGone { key: key_id("k1") });
}

#[tokio::test]
async fn the_rollback_window_keeps_the_former_key_beyond_its_backups() {
    let world = protected().await;
    let changed_at = start() + hours(24);
    register(&world, start(), "test-1", "one", start() + hours(48)).await;
    world.upload(&world.alice(changed_at), "k2", key(1)).await.unwrap();
    world.activate(&world.alice(changed_at), "k2").await.unwrap();
    let Rejection::KeyInUse { retry_at, .. } = rejection(destroy(&world, changed_at, "k1").await) else {
        panic!("another refusal");
    };
    assert_eq!(retry_at, Some(changed_at + hours(72)));
    assert!(matches!(
        rejection(destroy(&world, changed_at + hours(71), "k1").await),
        Rejection::KeyInUse { dependents, .. } if dependents.backups.is_empty()
    ));
    destroy(&world, changed_at + hours(72), "k1").await.unwrap();
}

#[tokio::test]
async fn the_backups_of_a_deleted_environment_do_not_keep_a_key() {
    let world = protected().await;
    let now = start() + hours(24);
    register(&world, start(), "test-1", "one", start() + TimeDelta::days(90)).await;
    world.upload(&world.alice(now), "k2", key(1)).await.unwrap();
    world.activate(&world.alice(now), "k2").await.unwrap();
    let tenant = &world.tenant;
    world.keyward.delete_environment(&world.alice(now), tenant, &environment_id("test-1"), None).await.unwrap();
    let refused = rejection(restore(&world, now, "test-1", "one").await);
    assert_eq!(refused, Rejection::EnvironmentDeleted { deleted_at: now });
    destroy(&world, now + hours(72), "k1").await.unwrap();
}

#[tokio::test]
async fn nothing_is_restored_while_locked_or_after_the_deadline_and_a_retired_key_must_be_presented_too() {
    let world = protected().await;
    let until = start() + TimeDelta::days(300);
    register(&world, start(), "test-1", "under-k1", until).await;
    register(&world, start(), "test-3", "provider", until).await;
    world.upload(&world.alice(start()), "k2", key(1)).await.unwrap();
    world.activate(&world.alice(start() + hours(24)), "k2").await.unwrap();
    let locked_at = start() + hours(96);
    let outcome = world.lock(&world.alice(locked_at), key(1)).await.unwrap();
    let Some(Event::TenantLocked { deletion_at, .. }) = outcome.events.first() else { panic!("{:?}", outcome.events) };
    let locked = Rejection::EnvironmentLocked { locked_at, deletion_at: *deletion_at };
    for (id, backup) in [("test-1", "under-k1"), ("test-3", "provider")] {
        assert_eq!(rejection(restore(&world, locked_at, id, backup).await), locked, "{backup}");
    }

    let now = locked_at + hours(1);
    world.upload(&world.alice(now), "k2", key(1)).await.unwrap();
    world.activate(&world.alice(now), "k2").await.unwrap();
    assert_eq!(rejection(restore(&world, now, "test-1", "under-k1").await), locked, "presented, not yet unlocked");
    for id in ["test-1", "test-2"] {
        world.unlock(&world.alice(now), id).await.unwrap();
    }
    let missing = Rejection::KeyFileRequired { key: key_id("k1") };
    assert_eq!(rejection(restore(&world, now, "test-1", "under-k1").await), missing, "the lock removed it too");
    let past = *deletion_at;
    let gone = Rejection::EnvironmentDeleted { deleted_at: past };
    assert_eq!(
        rejection(restore(&world, past, "test-3", "provider").await),
        gone,
        "past the deadline, no sweep has run"
    );
    world.upload(&world.alice(past), "k1", key(0)).await.unwrap();
    restore(&world, past, "test-1", "under-k1").await.unwrap();
}
