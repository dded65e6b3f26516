//! A8: passwords and proofs are not to be guessed.

use chrono::{DateTime, TimeDelta, Utc};
use keyward_domain::{Event, Name, Rejection};
use keyward_keyfile::PrivateKey;
use keyward_service::ports::vault::Vault as _;
use keyward_service::{LockProof, LockRequest, Outcome, Principal, Request, ServiceError, UploadKey};
use keyward_tests::{
    keys::{PASSWORD, key, pfx_of, sealed},
    world::{World, hours, key_id, start},
};

use crate::{ready, rejection, told};

async fn with_password(world: &World, key: &PrivateKey, password: &str) -> String {
    let exchange = world.vault.exchange_key().await.unwrap();
    sealed(&pfx_of(key), password, &exchange.public_key, &exchange.kid)
}

async fn upload(world: &World, by: &Request, password: &str) -> Result<Outcome, ServiceError> {
    let sealed_key_file = with_password(world, key(2), password).await;
    let upload = UploadKey { id: Some(key_id("k3")), name: None, region: None, sealed_key_file };
    world.keyward.upload_key(by, &world.tenant, upload).await
}

async fn lock(world: &World, by: &Request, password: &str) -> Result<Outcome, ServiceError> {
    let sealed = with_password(world, key(0), password).await;
    let lock = LockRequest { stated_name: Name::new("Contoso Ltd").unwrap(), proof: LockProof::KeyFile { sealed } };
    world.keyward.lock_tenant(by, &world.tenant, &lock).await
}

fn retry_at<T: std::fmt::Debug>(result: Result<T, ServiceError>) -> DateTime<Utc> {
    match result {
        Err(ServiceError::TooManyAttempts { retry_at }) => retry_at,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn the_sixth_wrong_password_is_not_looked_at() {
    let world = ready().await;
    let now = start() + hours(72);
    for second in 0..5 {
        let refused = lock(&world, &world.alice(now + TimeDelta::seconds(second)), "wrong").await;
        assert!(matches!(refused, Err(ServiceError::KeyFile(_))), "{refused:?}");
    }
    let later = now + TimeDelta::seconds(5);
    let end = now + TimeDelta::minutes(15);
    // Not even the right one.
    assert_eq!(retry_at(lock(&world, &world.alice(later), PASSWORD).await), end);
    assert_eq!(retry_at(lock(&world, &world.alice(end - TimeDelta::seconds(1)), PASSWORD).await), end);
    // Others are not in her way.
    assert!(matches!(upload(&world, &world.bob(later), "wrong").await, Err(ServiceError::KeyFile(_))));
    // A3: each failed proof was told, and no more than these.
    assert_eq!(told(&world, later, "failed attempt").await.len(), 5 * 2);
    lock(&world, &world.alice(end), PASSWORD).await.unwrap();
}

#[tokio::test]
async fn what_does_not_fail_does_not_count() {
    let world = ready().await;
    let now = start() + hours(1);
    for _ in 0..8 {
        // Known already, found after the file was opened.
        let refused = world.upload(&world.alice(now), "k9", key(0)).await;
        assert!(matches!(refused, Err(ServiceError::Rejected(_))), "{refused:?}");
    }
    upload(&world, &world.alice(now), PASSWORD).await.unwrap();
}

/// Twenty at once: no more are looked at than one after the other.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_at_once_are_no_more_than_one_after_the_other() {
    let world = std::sync::Arc::new(ready().await);
    let now = start() + hours(72);
    let tasks: Vec<_> = (0..20)
        .map(|_| {
            let world = world.clone();
            tokio::spawn(async move { lock(&world, &world.alice(now), "wrong").await })
        })
        .collect();
    let (mut looked_at, mut refused, mut contended) = (0, 0, 0);
    for task in tasks {
        match task.await.unwrap() {
            Err(ServiceError::KeyFile(_)) => looked_at += 1,
            Err(ServiceError::TooManyAttempts { .. }) => refused += 1,
            Err(ServiceError::Contended) => contended += 1,
            other => panic!("{other:?}"),
        }
    }
    println!("20 at once: {looked_at} looked at, {refused} refused, {contended} told to come back");
    assert!((1..=5).contains(&looked_at), "{looked_at} {refused} {contended}");
    // With those that follow it is five.
    while let Err(ServiceError::KeyFile(_)) = lock(&world, &world.alice(now), "wrong").await {
        looked_at += 1;
    }
    assert_eq!(looked_at, 5);
}

/// Ten people with five attempts each use the tenant's fifty up; nobody alone does.
#[tokio::test]
async fn a_tenant_has_a_limit_that_one_person_cannot_use_up() {
    let world = ready().await;
    let now = start() + hours(1);
    let person = |number| world.request(&format!("person-{number}"), &[keyward_domain::Role::GlobalAdministrator], now);
    for number in 0..10 {
        for _ in 0..5 {
            let refused = upload(&world, &person(number), "wrong").await;
            assert!(matches!(refused, Err(ServiceError::KeyFile(_))), "{number}: {refused:?}");
        }
    }
    assert_eq!(retry_at(upload(&world, &person(10), PASSWORD).await), now + TimeDelta::minutes(15));
}

/// What an older token fails at does not stand in the way of a lock, which needs a recent sign-in.
#[tokio::test]
async fn what_fails_at_uploading_is_not_counted_for_the_lock() {
    let world = ready().await;
    let now = start() + hours(72);
    let stale =
        Request { principal: Principal { authenticated_at: None, ..world.alice(now).principal }, ..world.alice(now) };
    for _ in 0..5 {
        assert!(matches!(upload(&world, &stale, "wrong").await, Err(ServiceError::KeyFile(_))));
        let refused = lock(&world, &stale, "wrong").await;
        assert!(matches!(refused, Err(ServiceError::SignInTooOld { .. })), "{refused:?}");
    }
    assert_eq!(retry_at(upload(&world, &world.alice(now), PASSWORD).await), now + TimeDelta::minutes(15));
    lock(&world, &world.alice(now), PASSWORD).await.unwrap();
}

/// After a lock, bringing the key that locked is a proof of possession: what fails is told to everybody, and counted.
#[tokio::test]
async fn presenting_another_key_after_a_lock_is_a_failed_proof() {
    let world = ready().await;
    let now = start() + hours(72);
    world.lock(&world.alice(now), key(0)).await.unwrap();
    told(&world, now, "").await;
    let wrong_key = |refused: &Result<Outcome, ServiceError>| match refused {
        Err(ServiceError::Rejected(rejection)) => rejection.code() == "wrong_key",
        _ => false,
    };
    for attempt in 0..4 {
        let refused = if attempt % 2 == 0 {
            world.upload(&world.bob(now), "k2", key(1)).await
        } else {
            world.import(&world.bob(now), "k2", key(1)).await
        };
        assert!(wrong_key(&refused), "{refused:?}");
    }
    // A key that is none of the tenant's is as wrong.
    let unknown = world.upload(&world.bob(now), "k3", key(2)).await;
    assert!(matches!(unknown, Err(ServiceError::Rejected(Rejection::EnvironmentsLocked { .. }))), "{unknown:?}");
    assert_eq!(told(&world, now, "failed attempt to").await.len(), 5 * 2);
    assert_eq!(retry_at(world.upload(&world.bob(now), "k1", key(0)).await), now + TimeDelta::minutes(15));
    world.upload(&world.alice(now), "k1", key(0)).await.unwrap();
}

/// A4: a hundred refusals of a person are logged, and that more are not; nobody else is meant, and what is allowed stays so.
#[tokio::test]
async fn one_person_does_not_fill_the_audit_log_with_refusals() {
    let world = ready().await;
    let now = start() + hours(72);
    let end = now + TimeDelta::minutes(15);
    let refused = async || {
        let log = world.keyward.list_audit_events(&world.alice(now), &world.tenant, 1000, None).await.unwrap();
        let refusals = log.entries.into_iter().filter_map(|entry| match entry.recorded.event {
            Event::RequestRefused { not_logged_until, .. } => Some(not_logged_until),
            _ => None,
        });
        refusals.collect::<Vec<_>>()
    };
    let before = refused().await.len();
    for _ in 0..103 {
        let refused = world.activate(&world.orders(now), "k2").await;
        assert!(matches!(refused, Err(ServiceError::Forbidden { .. })), "{refused:?}");
    }
    let logged = refused().await.split_off(before);
    assert_eq!(logged.len(), 100);
    assert!(logged[..99].iter().all(Option::is_none));
    assert_eq!(logged[99], Some(end));
    rejection(world.activate(&world.bob(now), "k9").await);
    world.activate(&world.orders(end), "k2").await.unwrap_err();
    assert_eq!(refused().await.len(), before + 102);
}
