//! L3: private keys are removed from the vault by a lock, whatever becomes of one of them, and the answer does not wait for ever.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{sync::Arc, time::Duration};

use chrono::TimeDelta;
use keyward_domain::OperationStatus;
use keyward_service::{
    Keyward,
    ports::vault::{Vault as _, VaultKeyName},
    sweeps::Sweep,
};
use keyward_tests::{
    failing_vault::{FailingVault, Stuck},
    keys::key,
    world::{World, hours, key_id, settings, start},
};

/// Three keys in the vault, the first active, behind a vault that a test can break.
async fn ready() -> (World, Arc<FailingVault>, Vec<VaultKeyName>) {
    let mut world = World::new().await;
    world.environment("prod-1", start()).await;
    for (number, id) in ["k1", "k2", "k3"].into_iter().enumerate() {
        world.upload(&world.alice(start()), id, key(number)).await.unwrap();
    }
    world.activate(&world.alice(start()), "k1").await.unwrap();
    let vault = Arc::new(FailingVault::new(world.vault.clone()));
    world.keyward = Keyward::new(world.table.clone(), vault.clone(), world.outbox.clone(), settings())
        .going_on_for(Duration::from_millis(200));
    let tenant = world.keyward.tenant_state(&world.tenant).await.unwrap();
    let name = |id: &str| VaultKeyName::new(tenant.key(&key_id(id)).unwrap().vault_key.clone()).unwrap();
    (world, vault, ["k1", "k2", "k3"].map(name).into())
}

async fn left(vault: &FailingVault, names: &[VaultKeyName]) -> Vec<bool> {
    let mut left = Vec::new();
    for name in names {
        left.push(vault.describe(name).await.unwrap().is_some());
    }
    left
}

#[tokio::test]
async fn a_key_that_is_stuck_keeps_none_of_the_others() {
    for how in [Stuck::Fails, Stuck::Hangs] {
        let (world, vault, names) = ready().await;
        vault.stick(names[0].as_str(), how);
        let now = start() + hours(72);
        let locked = world.lock(&world.alice(now), key(0)).await.unwrap();
        // The answer is there, with the operation still running.
        assert_eq!(locked.operation.unwrap().status, OperationStatus::Running, "{how:?}");
        assert_eq!(left(&vault, &names).await, [true, false, false], "{how:?}");
        vault.unstick();
        let later = now + TimeDelta::minutes(10);
        world.keyward.sweep(Sweep::AdvanceOperations, later).await.unwrap();
        assert_eq!(left(&vault, &names).await, [false, false, false], "{how:?}");
        let tenant = world.keyward.tenant_state(&world.tenant).await.unwrap();
        assert_eq!(tenant.operation, None, "{how:?}");
    }
}

/// What is gone is not asked for again: a stuck key costs one removal a try.
#[tokio::test]
async fn only_what_is_left_is_tried_again() {
    let (world, vault, names) = ready().await;
    vault.stick(names[0].as_str(), Stuck::Fails);
    let now = start() + hours(72);
    world.lock(&world.alice(now), key(0)).await.unwrap();
    vault.unstick();
    vault.heal();
    world.keyward.sweep(Sweep::AdvanceOperations, now + TimeDelta::minutes(10)).await.unwrap();
    assert_eq!(vault.steps(), 1);
}
