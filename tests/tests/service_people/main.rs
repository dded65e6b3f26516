//! Who administers a tenant (A6), what they approve of each other (A7), and how often they may fail (A8), with table, vault and mails.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test fails by panicking, and says what it measured"
)]

mod administrators;
mod approvals;
mod attempts;

use keyward_domain::{Administrator, Name, PersonId, Rejection, Role};
use keyward_service::{Outcome, ServiceError, sweeps::Sweep};
use keyward_tests::{
    keys::key,
    world::{World, start},
};

/// Somebody for the list, at an address of their own.
fn administrator(person: &str) -> Administrator {
    Administrator {
        person: PersonId::new(person).unwrap(),
        name: Name::new(person).unwrap(),
        email: format!("{person}@contoso.example"),
        role: Role::GlobalAdministrator,
    }
}

/// Environments `prod-1` and `test-1`, the first under the active key `k1`; `k2` is there too.
async fn ready() -> World {
    let world = World::new().await;
    for id in ["prod-1", "test-1"] {
        world.environment(id, start()).await;
    }
    for (id, number) in [("k1", 0), ("k2", 1)] {
        world.upload(&world.alice(start()), id, key(number)).await.unwrap();
    }
    world.activate(&world.alice(start()), "k1").await.unwrap();
    world.protect(&world.alice(start()), "prod-1").await.unwrap();
    world
}

/// The rule's no; anything else is an error of the test.
#[track_caller]
fn rejection<T: std::fmt::Debug>(result: Result<T, ServiceError>) -> Rejection {
    match result {
        Err(ServiceError::Rejected(rejection)) => rejection,
        other => panic!("{other:?}"),
    }
}

/// Delivers what is to be delivered; the addresses that got a mail with these words in its subject, in order of the alphabet.
async fn told(world: &World, now: chrono::DateTime<chrono::Utc>, words: &str) -> Vec<String> {
    world.keyward.sweep(Sweep::DeliverNotices, now).await.unwrap();
    let mails = std::mem::take(&mut *world.outbox.0.lock().unwrap());
    let mut to: Vec<String> =
        mails.iter().filter(|mail| mail.subject.contains(words)).map(|mail| mail.to_address.clone()).collect();
    to.sort();
    to
}

/// What the audit log says happened, by the names of the events, oldest first.
fn happened(outcome: &Outcome) -> Vec<String> {
    let name = |event| serde_json::to_value(event).unwrap()["type"].as_str().unwrap().to_owned();
    outcome.events.iter().map(name).collect()
}
