//! A6: a stolen account neither appoints its helper nor takes the others out of the way.

use chrono::{DateTime, TimeDelta, Utc};
use keyward_domain::{Rejection, Role};
use keyward_service::{Outcome, Request, ServiceError};
use keyward_tests::{
    keys::key,
    world::{World, hours, start},
};

use crate::{administrator, happened, ready, rejection, told};

async fn set(world: &World, by: &str, now: DateTime<Utc>, people: &[&str]) -> Result<Outcome, ServiceError> {
    let list = people.iter().map(|person| administrator(person)).collect();
    let request = world.request(by, &[Role::GlobalAdministrator], now);
    world.keyward.set_administrators(&request, &world.tenant, list).await
}

#[tokio::test]
async fn a_helper_waits_and_those_who_were_there_are_told() {
    let world = ready().await;
    let now = start() + hours(72);
    told(&world, now, "").await;
    let outcome = set(&world, "alice", now, &["alice", "bob", "mallory"]).await.unwrap();
    assert_eq!(happened(&outcome), ["administrators_set"]);
    let everybody = ["alice@contoso.example", "bob@contoso.example", "mallory@contoso.example"];
    assert_eq!(told(&world, now, "the list of administrators was changed").await, everybody);

    let mallory = |at| world.request("mallory", &[Role::GlobalAdministrator], at);
    let wait_ends = now + hours(24);
    let before = wait_ends - TimeDelta::seconds(1);
    let too_new = Rejection::AdministratorTooNew { retry_at: wait_ends };
    assert_eq!(rejection(world.lock(&mallory(before), key(0)).await), too_new);
    world.activate(&world.alice(before), "k2").await.unwrap();
    assert_eq!(rejection(world.keyward.roll_back_key(&mallory(before), &world.tenant).await), too_new);
    // At the end of the wait, she is an administrator like any other.
    world.keyward.roll_back_key(&mallory(wait_ends), &world.tenant).await.unwrap();
}

#[tokio::test]
async fn whoever_is_not_listed_neither_locks_nor_rolls_back() {
    let world = ready().await;
    let now = start() + hours(72);
    let by_token_alone = world.request("zoe", &[Role::GlobalAdministrator], now);
    assert_eq!(rejection(world.lock(&by_token_alone, key(0)).await), Rejection::AdministratorNotListed);
    let rolled_back = world.keyward.roll_back_key(&by_token_alone, &world.tenant).await;
    assert_eq!(rejection(rolled_back), Rejection::AdministratorNotListed);
}

#[tokio::test]
async fn whoever_is_taken_off_hears_of_it_and_can_undo_a_key_change_for_a_day() {
    let world = ready().await;
    let now = start() + hours(72);
    told(&world, now, "").await;
    set(&world, "alice", now, &["alice"]).await.unwrap();
    assert_eq!(told(&world, now, "list of administrators").await, ["alice@contoso.example", "bob@contoso.example"]);
    world.activate(&world.alice(now), "k2").await.unwrap();
    let end = now + hours(24);
    let in_time = end - TimeDelta::seconds(1);
    assert_eq!(told(&world, in_time, "k2 was activated").await, ["alice@contoso.example", "bob@contoso.example"]);
    // He may not lock; nobody asked him any more.
    assert_eq!(rejection(world.lock(&world.bob(in_time), key(1)).await), Rejection::AdministratorNotListed);
    assert_eq!(
        rejection(world.keyward.roll_back_key(&world.bob(end), &world.tenant).await),
        Rejection::AdministratorNotListed
    );
    world.keyward.roll_back_key(&world.bob(in_time), &world.tenant).await.unwrap();
    assert_eq!(told(&world, end, "rolled back").await.len(), 2);
    world.protect(&world.alice(end), "test-1").await.unwrap();
    assert_eq!(told(&world, end, "test-1").await, ["alice@contoso.example"], "after the day nobody else is told");
}

#[tokio::test]
async fn an_address_that_is_changed_still_gets_the_notices() {
    let world = ready().await;
    let now = start() + hours(1);
    told(&world, now, "").await;
    let mut moved = administrator("bob");
    moved.email = "elsewhere@evil.example".to_owned();
    let list = vec![administrator("alice"), moved];
    world.keyward.set_administrators(&world.alice(now), &world.tenant, list).await.unwrap();
    let told = told(&world, now, "list of administrators").await;
    assert_eq!(told, ["alice@contoso.example", "bob@contoso.example", "elsewhere@evil.example"]);
    let audit = world.keyward.list_audit_events(&world.alice(now), &world.tenant, 1000, None).await.unwrap();
    let set = &audit.entries.last().unwrap().recorded.event;
    let keyward_domain::Event::AdministratorsSet { added, .. } = set else { panic!("{set:?}") };
    assert!(added.is_empty(), "bob is bob");
    // Whoever is asked to confirm it sees where the notices go from now on.
    let mut again = administrator("bob");
    again.email = "third@evil.example".to_owned();
    let list = vec![administrator("alice"), again];
    let plan = world.keyward.plan_set_administrators(&world.alice(now), &world.tenant, list).await.unwrap();
    let expected =
        "The notices to bob go to third@evil.example from now on; elsewhere@evil.example gets them, too, until";
    assert!(plan.effects[0].starts_with(expected), "{:?}", plan.effects);
}

#[tokio::test]
async fn one_of_those_who_were_there_stays_and_the_list_is_changed_by_one_at_a_time() {
    let world = ready().await;
    let now = start() + hours(1);
    assert_eq!(rejection(set(&world, "alice", now, &["mallory"]).await), Rejection::LastAdministrator);
    assert!(set(&world, "alice", now, &["alice", "bob"]).await.unwrap().events.len() <= 1);

    let (_, revision) = world
        .keyward
        .read_tenant(&world.bob(now), &world.tenant, keyward_domain::OperationName::ReadTenant)
        .await
        .unwrap();
    set(&world, "alice", now, &["alice", "bob", "carla"]).await.unwrap();
    let mut stale = world.bob(now);
    stale.if_match = Some(revision);
    let list = vec![administrator("alice"), administrator("bob")];
    let refused = world.keyward.set_administrators(&stale, &world.tenant, list).await;
    assert!(matches!(refused, Err(ServiceError::Stale)), "{refused:?}");
}

#[tokio::test]
async fn the_plan_of_one_list_is_not_that_of_another() {
    let world = ready().await;
    let now = start() + hours(1);
    let (seen, other) = (vec![administrator("alice"), administrator("carla")], vec![administrator("alice")]);
    let (keyward, tenant) = (&world.keyward, &world.tenant);
    let plan = keyward.plan_set_administrators(&world.alice(now), tenant, seen.clone()).await.unwrap();
    assert!(plan.effects[0].starts_with("carla is added") && plan.effects[1].starts_with("bob is removed"), "{plan:?}");
    let request = Request { plan: Some(plan.hash), ..world.alice(now) };
    let refused = keyward.set_administrators(&request, tenant, other).await;
    assert!(matches!(refused, Err(ServiceError::PlanChanged)), "{refused:?}");
    keyward.set_administrators(&request, tenant, seen).await.unwrap();

    let on = keyward.plan_set_quorum(&world.alice(now), tenant, true).await.unwrap();
    let request = Request { plan: Some(on.hash), ..world.alice(now) };
    let refused = keyward.set_quorum(&request, tenant, false).await;
    assert!(matches!(refused, Err(ServiceError::PlanChanged)), "{refused:?}");
}
