//! L5, E4: a deleted environment is read from no backup any more.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use chrono::{DateTime, TimeDelta, Utc};
use keyward_domain::{BackupId, Rejection, Role};
use keyward_service::{ServiceError, sweeps::Sweep};
use keyward_tests::{
    keys::key,
    stored::items_of,
    world::{World, environment_id, key_id, name_of, start},
};

/// More than one transaction destroys.
const BACKUPS: usize = 90;

async fn protected_with_backups() -> World {
    let world = World::new().await;
    world.upload(&world.alice(start()), "k1", key(0)).await.unwrap();
    world.activate(&world.alice(start()), "k1").await.unwrap();
    sweep_all(&world, start()).await;
    for id in ["prod-1", "test-1"] {
        world.environment(id, start()).await;
        world.protect(&world.alice(start()), id).await.unwrap();
    }
    for number in 0..BACKUPS {
        back_up(&world, "prod-1", &format!("b{number}")).await;
    }
    back_up(&world, "test-1", "kept").await;
    world
}

async fn back_up(world: &World, environment: &str, id: &str) {
    let (request, until) = (world.operator(start()), start() + TimeDelta::days(90));
    let (environment, id) = (environment_id(environment), BackupId::new(id).unwrap());
    world.keyward.register_backup(&request, &world.tenant, &environment, &id, until).await.unwrap();
}

async fn sweep_all(world: &World, now: DateTime<Utc>) {
    for sweep in Sweep::ALL {
        world.keyward.sweep(sweep, now).await.unwrap();
    }
}

/// Where wraps of the environment, or markers of them, are stored.
async fn left_of(world: &World, environment: &str) -> Vec<String> {
    let middle = format!("#{environment}");
    let kept = ["DATAKEYS#", "BACKUP#", "WRAPPED#"];
    let items = items_of(&*world.table, &world.tenant).await;
    let sorts = items.into_keys().filter(|sort| kept.iter().any(|kind| sort.starts_with(kind)));
    sorts.filter(|sort| sort.ends_with(&middle) || sort.contains(&format!("{middle}#"))).collect()
}

#[tokio::test]
async fn deleting_an_environment_destroys_what_its_backups_hold() {
    let world = protected_with_backups().await;
    assert_eq!(left_of(&world, "prod-1").await.len(), 1 + 2 * BACKUPS);
    let alice = world.alice(start());
    let id = environment_id("prod-1");
    world.keyward.delete_environment(&alice, &world.tenant, &id, Some(name_of("prod-1"))).await.unwrap();
    assert_eq!(left_of(&world, "prod-1").await, Vec::<String>::new(), "at once, and not by the sweep");
    assert_eq!(left_of(&world, "test-1").await.len(), 3, "nothing of another environment");
    sweep_all(&world, start()).await;
    let timers = items_of(&*world.table, &world.tenant).await;
    assert!(!timers.into_keys().any(|sort| sort.starts_with("TIMER#backups")));
}

#[tokio::test]
async fn the_deadline_of_a_lock_destroys_what_the_backups_hold_and_frees_the_key() {
    let world = protected_with_backups().await;
    let locked_at = start() + TimeDelta::hours(72);
    world.lock(&world.alice(locked_at), key(0)).await.unwrap();
    let deadline = locked_at + TimeDelta::days(28);
    // The sweep that deletes starts the work, the next one does it.
    sweep_all(&world, deadline).await;
    sweep_all(&world, deadline).await;
    assert_eq!(left_of(&world, "prod-1").await, Vec::<String>::new());
    assert_eq!(left_of(&world, "test-1").await, Vec::<String>::new());

    // K8: the backups were retained for longer, but no more depends on the key.
    let alice = world.alice(deadline);
    world.upload(&alice, "k1", key(0)).await.unwrap();
    world.activate(&alice, "k1").await.unwrap();
    world.upload(&alice, "k2", key(1)).await.unwrap();
    world.activate(&alice, "k2").await.unwrap();
    let later = deadline + TimeDelta::hours(73);
    sweep_all(&world, later).await;
    world.keyward.destroy_key(&world.alice(later), &world.tenant, &key_id("k1")).await.unwrap();
}

/// A1: the lists of an environment name people of the tenant.
#[tokio::test]
async fn an_operator_with_the_name_of_a_workload_leases_nothing() {
    let world = protected_with_backups().await;
    let mut request = world.orders(start());
    request.principal.tenant = None;
    request.principal.roles = vec![Role::Operator];
    let leased = world.keyward.lease_data_key(&request, &world.tenant, &environment_id("prod-1"), None).await;
    assert!(matches!(leased, Err(ServiceError::Forbidden { .. })), "{:?}", leased.err());
    request.principal.roles = Vec::new();
    let leased = world.keyward.lease_data_key(&request, &world.tenant, &environment_id("prod-1"), None).await;
    assert!(matches!(leased, Err(ServiceError::Rejected(Rejection::TenantNotFound))), "{:?}", leased.err());
}
