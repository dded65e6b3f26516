//! A7: with the quorum on, nobody locks, rolls back, destroys or deletes alone.

use chrono::{DateTime, TimeDelta, Utc};
use keyward_domain::{Approval, Event, OperationName, Rejection};
use keyward_service::{Outcome, Request, RequestApproval, ServiceError};
use keyward_tests::{
    keys::key,
    world::{World, environment_id, hours, key_id, name_of, start},
};

use crate::{administrator, happened, ready, rejection, told};

/// The world with the quorum on, at 72 h.
async fn with_quorum() -> (World, DateTime<Utc>) {
    let world = ready().await;
    let now = start() + hours(72);
    switch_on(&world, now).await;
    (world, now)
}

/// Alice switches the quorum on, which bob approves.
async fn switch_on(world: &World, now: DateTime<Utc>) {
    let approval = ask(world, &world.alice(now), OperationName::SetQuorum).await;
    give(world, &world.bob(now), &approval).await.unwrap();
    world.keyward.set_quorum(&world.alice(now), &world.tenant, true).await.unwrap();
}

fn wanted(operation: OperationName) -> RequestApproval {
    let environment = (operation == OperationName::DeleteEnvironment).then(|| environment_id("prod-1"));
    let key = (operation == OperationName::DestroyKey).then(|| key_id("k2"));
    RequestApproval { operation, environment, key }
}

async fn ask(world: &World, by: &Request, operation: OperationName) -> Approval {
    let asked = world.keyward.request_approval(by, &world.tenant, &wanted(operation)).await.unwrap();
    asked.approval.unwrap()
}

async fn give(world: &World, by: &Request, approval: &Approval) -> Result<Outcome, ServiceError> {
    world.keyward.give_approval(by, &world.tenant, &approval.id, &approval.approved.plan).await
}

async fn perform(world: &World, by: &Request, operation: OperationName) -> Result<Outcome, ServiceError> {
    match operation {
        OperationName::LockTenant => world.lock(by, key(0)).await,
        OperationName::RollBackKey => world.keyward.roll_back_key(by, &world.tenant).await,
        OperationName::DestroyKey => world.keyward.destroy_key(by, &world.tenant, &key_id("k2")).await,
        OperationName::DeleteEnvironment => {
            let (id, name) = (environment_id("prod-1"), Some(name_of("prod-1")));
            world.keyward.delete_environment(by, &world.tenant, &id, name).await
        }
        OperationName::SetQuorum => world.keyward.set_quorum(by, &world.tenant, false).await,
        other => panic!("{other} needs no approval"),
    }
}

/// Each of the operations, from the refusal to the end: bob asks, alice approves, bob does it, once.
#[tokio::test]
async fn a_second_administrator_approves_each_of_them() {
    for operation in OperationName::ALL.iter().copied().filter(|operation| operation.needs_quorum()) {
        let (world, mut now) = with_quorum().await;
        if operation == OperationName::RollBackKey {
            // The quorum holds for changes from a day after it was switched on.
            now += hours(24);
            world.activate(&world.alice(now), "k2").await.unwrap();
        }
        now += TimeDelta::minutes(1);
        told(&world, now, "").await;
        let refused = rejection(perform(&world, &world.bob(now), operation).await);
        assert_eq!(refused, Rejection::ApprovalRequired { approval: None }, "{operation}");

        let approval = ask(&world, &world.bob(now), operation).await;
        assert_eq!(told(&world, now, "approval is asked for").await.len(), 2, "{operation}");
        let again = ask(&world, &world.bob(now), operation).await;
        assert_eq!(again, approval, "asked twice, it is the same request");
        assert!(told(&world, now, "").await.is_empty(), "and told once");
        let still = rejection(perform(&world, &world.bob(now), operation).await);
        assert_eq!(still, Rejection::ApprovalRequired { approval: Some(approval.id.clone()) }, "{operation}");

        let own = rejection(give(&world, &world.bob(now), &approval).await);
        assert_eq!(own, Rejection::ApprovalOfOwnRequest { approval: approval.id.clone() });
        give(&world, &world.alice(now), &approval).await.unwrap();
        // It is bob's alone.
        if operation != OperationName::RollBackKey {
            let foreign = rejection(perform(&world, &world.alice(now), operation).await);
            assert_eq!(foreign, Rejection::ApprovalRequired { approval: None }, "{operation}");
        }
        let done = perform(&world, &world.bob(now), operation).await.unwrap();
        assert_eq!(happened(&done)[1], "approval_used", "{operation}: {:?}", done.events);
        let left = world.keyward.list_approvals(&world.alice(now), &world.tenant).await.unwrap();
        assert!(left.is_empty(), "{operation}: {left:?}");
    }
}

#[tokio::test]
async fn an_approval_is_for_one_plan_one_thing_and_one_day() {
    let (world, now) = with_quorum().await;
    let approval = ask(&world, &world.bob(now), OperationName::DeleteEnvironment).await;
    give(&world, &world.alice(now), &approval).await.unwrap();
    // Not for the lock, which bob could do with the key.
    let lock = rejection(perform(&world, &world.bob(now), OperationName::LockTenant).await);
    assert_eq!(lock, Rejection::ApprovalRequired { approval: None });
    // A day later it is good for nothing; one second before, it is.
    let end = now + hours(24);
    let late = rejection(perform(&world, &world.bob(end), OperationName::DeleteEnvironment).await);
    assert_eq!(late, Rejection::ApprovalRequired { approval: None });
    // What it is about has changed: the environment has another data key now.
    world
        .keyward
        .revert_environment(&world.alice(now), &world.tenant, &environment_id("prod-1"), Some(name_of("prod-1")))
        .await
        .unwrap();
    let changed = rejection(perform(&world, &world.bob(now), OperationName::DeleteEnvironment).await);
    assert_eq!(changed, Rejection::ApprovalRequired { approval: None });
    let stale = Request { plan: Some(approval.approved.plan.clone()), ..world.bob(now) };
    let wanted = wanted(OperationName::DeleteEnvironment);
    let refused = world.keyward.request_approval(&stale, &world.tenant, &wanted).await;
    assert!(matches!(refused, Err(ServiceError::PlanChanged)), "{refused:?}");
}

#[tokio::test]
async fn an_approval_in_its_last_second_is_good() {
    let (world, now) = with_quorum().await;
    let approval = ask(&world, &world.bob(now), OperationName::DeleteEnvironment).await;
    give(&world, &world.alice(now), &approval).await.unwrap();
    let last = now + hours(24) - TimeDelta::seconds(1);
    perform(&world, &world.bob(last), OperationName::DeleteEnvironment).await.unwrap();
}

#[tokio::test]
async fn an_approval_has_to_be_for_the_plan_that_was_seen() {
    let (world, now) = with_quorum().await;
    let approval = ask(&world, &world.bob(now), OperationName::LockTenant).await;
    let plan = world.keyward.plan_lock(&world.alice(now), &world.tenant).await.unwrap();
    assert_eq!(plan.hash, approval.approved.plan, "whoever approves sees the same plan");
    assert_eq!(plan.refused_with.as_deref(), Some("approval_required"));
    let other = keyward_domain::PlanHash("0".repeat(64));
    let given = world.keyward.give_approval(&world.alice(now), &world.tenant, &approval.id, &other).await;
    assert_eq!(rejection(given), Rejection::ApprovalOfOtherPlan { approval: approval.id });
}

#[tokio::test]
async fn the_quorum_needs_two_and_a_helper_is_no_second() {
    let world = ready().await;
    let now = start() + hours(72);
    let set = |list: &[&str]| {
        let list = list.iter().map(|person| administrator(person)).collect();
        let request = world.alice(now);
        let (keyward, tenant) = (world.keyward.clone(), world.tenant.clone());
        async move { keyward.set_administrators(&request, &tenant, list).await }
    };
    set(&["alice"]).await.unwrap();
    let alone = world.keyward.set_quorum(&world.alice(now), &world.tenant, true).await;
    assert_eq!(rejection(alone), Rejection::TooFewAdministrators { needed: 2 });
    set(&["alice", "mallory"]).await.unwrap();
    let with_helper = world.keyward.set_quorum(&world.alice(now), &world.tenant, true).await;
    assert_eq!(rejection(with_helper), Rejection::TooFewAdministrators { needed: 2 });
    set(&["alice", "bob", "mallory"]).await.unwrap();
    // Bob is on the list, and has to show that he can approve.
    let unapproved = world.keyward.set_quorum(&world.alice(now), &world.tenant, true).await;
    assert_eq!(rejection(unapproved), Rejection::ApprovalRequired { approval: None });
    switch_on(&world, now).await;
    assert_eq!(rejection(set(&["alice"]).await), Rejection::TooFewAdministrators { needed: 2 });
    let approval = ask(&world, &world.alice(now), OperationName::LockTenant).await;
    let mallory = |at| world.request("mallory", &[keyward_domain::Role::GlobalAdministrator], at);
    let helped = rejection(give(&world, &mallory(now + hours(1)), &approval).await);
    assert_eq!(helped, Rejection::AdministratorTooNew { retry_at: now + hours(24) });
}

/// Sixteen at once use the same approval, and it is good for one.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_approval_is_used_once_however_many_ask() {
    let (world, now) = with_quorum().await;
    let world = std::sync::Arc::new(world);
    let approval = ask(&world, &world.bob(now), OperationName::DeleteEnvironment).await;
    give(&world, &world.alice(now), &approval).await.unwrap();
    let tasks: Vec<_> = (0..16)
        .map(|_| {
            let world = world.clone();
            tokio::spawn(async move { perform(&world, &world.bob(now), OperationName::DeleteEnvironment).await })
        })
        .collect();
    let mut done = 0;
    for task in tasks {
        done += usize::from(task.await.unwrap().is_ok());
    }
    assert_eq!(done, 1);
    let used = world.keyward.list_audit_events(&world.alice(now), &world.tenant, 1000, None).await.unwrap();
    let used = used.entries.iter().filter(|entry| matches!(entry.recorded.event, Event::ApprovalUsed { .. }));
    assert_eq!(used.count(), 2, "and that of the quorum");
}

/// A rollback has the same plan before and after a refusal, so only being used up keeps an approval from counting again.
#[tokio::test]
async fn an_approval_that_was_used_is_gone() {
    let (world, now) = with_quorum().await;
    let off = ask(&world, &world.bob(now), OperationName::SetQuorum).await;
    give(&world, &world.alice(now), &off).await.unwrap();
    perform(&world, &world.bob(now), OperationName::SetQuorum).await.unwrap();
    switch_on(&world, now).await;
    let refused = rejection(perform(&world, &world.bob(now), OperationName::SetQuorum).await);
    assert_eq!(refused, Rejection::ApprovalRequired { approval: None });
    assert!(rejection(give(&world, &world.alice(now), &off).await) == Rejection::ApprovalNotFound);
}

/// What others do elsewhere in the tenant makes no approval void.
#[tokio::test]
async fn an_approval_outlives_what_it_is_not_about() {
    let (world, now) = with_quorum().await;
    world.environment("test-2", now).await;
    let carol = world.request("carol", &[], now);
    let asked = ask(&world, &world.bob(now), OperationName::DeleteEnvironment).await;
    give(&world, &world.alice(now), &asked).await.unwrap();
    world.upload(&world.alice(now), "k3", key(2)).await.unwrap();
    world.environment("test-3", now).await;
    for id in ["test-1", "test-2"] {
        world.protect(&carol, id).await.unwrap();
    }
    perform(&world, &world.bob(now), OperationName::DeleteEnvironment).await.unwrap();

    let asked = ask(&world, &world.bob(now), OperationName::LockTenant).await;
    give(&world, &world.alice(now), &asked).await.unwrap();
    let id = environment_id("test-1");
    world.keyward.revert_environment(&carol, &world.tenant, &id, None).await.unwrap();
    perform(&world, &world.bob(now), OperationName::LockTenant).await.unwrap();
}

/// The backups that a deletion destroys are in its plan, each of them.
#[tokio::test]
async fn an_approval_of_a_deletion_is_for_these_backups() {
    let (world, now) = with_quorum().await;
    let environment = environment_id("prod-1");
    let backup = |id: &str, until| {
        let id = keyward_domain::BackupId::new(id).unwrap();
        let (keyward, tenant, operator, environment) =
            (world.keyward.clone(), world.tenant.clone(), world.operator(now), environment.clone());
        async move { keyward.register_backup(&operator, &tenant, &environment, &id, until).await.unwrap() }
    };
    backup("b1", now + hours(1)).await;
    let asked = ask(&world, &world.bob(now), OperationName::DeleteEnvironment).await;
    give(&world, &world.alice(now), &asked).await.unwrap();
    // One ends, another comes: there is one, as before, and it is not the same.
    backup("b2", now + hours(100)).await;
    let later = now + hours(2);
    let refused = rejection(perform(&world, &world.bob(later), OperationName::DeleteEnvironment).await);
    assert_eq!(refused, Rejection::ApprovalRequired { approval: None });
}

/// Whoever changes the key keeps nobody from undoing it by switching the quorum on.
#[tokio::test]
async fn the_quorum_does_not_hold_a_rollback_up() {
    let world = ready().await;
    let now = start() + hours(72);
    world.activate(&world.alice(now), "k2").await.unwrap();
    switch_on(&world, now).await;
    world.keyward.roll_back_key(&world.bob(now), &world.tenant).await.unwrap();
}

/// Whoever changes the key and takes the others off the list keeps them from nothing: for a day they ask and approve among themselves.
#[tokio::test]
async fn those_who_were_taken_off_the_list_roll_back_together() {
    let (world, switched) = with_quorum().await;
    let set = async |by: &Request, list: &[&str]| {
        let list = list.iter().map(|person| administrator(person)).collect();
        world.keyward.set_administrators(by, &world.tenant, list).await.unwrap()
    };
    set(&world.alice(switched), &["alice", "bob", "mallory"]).await;
    let now = switched + hours(24);
    let mallory = world.request("mallory", &[keyward_domain::Role::GlobalAdministrator], now);
    world.activate(&mallory, "k2").await.unwrap();
    set(&mallory, &["mallory", "helper"]).await;
    let lock = world.keyward.request_approval(&world.bob(now), &world.tenant, &wanted(OperationName::LockTenant)).await;
    assert_eq!(rejection(lock), Rejection::AdministratorNotListed);
    let approval = ask(&world, &world.bob(now), OperationName::RollBackKey).await;
    give(&world, &world.alice(now), &approval).await.unwrap();
    // Over and over.
    set(&world.alice(now), &["alice", "bob", "mallory"]).await;
    set(&mallory, &["mallory", "helper"]).await;
    perform(&world, &world.bob(now + hours(23)), OperationName::RollBackKey).await.unwrap();
}

/// What was approved as a bar for an environment is not used to shut it.
#[tokio::test]
async fn an_approval_of_a_lock_is_for_no_more_than_was_shut_then() {
    let (world, now) = with_quorum().await;
    let carol = world.request("carol", &[], now);
    let asked = ask(&world, &world.bob(now), OperationName::LockTenant).await;
    give(&world, &world.alice(now), &asked).await.unwrap();
    world.protect(&carol, "test-1").await.unwrap();
    let refused = rejection(perform(&world, &world.bob(now), OperationName::LockTenant).await);
    assert_eq!(refused, Rejection::ApprovalRequired { approval: None });
    let anew = ask(&world, &world.bob(now), OperationName::LockTenant).await;
    assert_ne!(anew.id, asked.id);
    give(&world, &world.alice(now), &anew).await.unwrap();
    perform(&world, &world.bob(now), OperationName::LockTenant).await.unwrap();
}
