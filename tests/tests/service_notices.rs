//! A3 when the mail service fails: notices wait, longer each time; nobody is forgotten and nobody is told twice.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a test fails by panicking, and says what it measured")]

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use keyward_service::{
    Keyward, NoticeDocument, Recipient, RecipientStatus,
    ports::mail::{MailError, Mailer, Message},
    sweeps::Sweep,
};
use keyward_tests::{
    keys::key,
    stored::{items_of, with_prefix},
    world::{World, hours, settings, start},
};

/// What the mail service does with a recipient.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mood {
    Takes,
    Refuses,
    Silent,
}

/// A mail service with a mood for each recipient.
#[derive(Default)]
struct Service {
    moods: Mutex<BTreeMap<String, Mood>>,
    taken: Mutex<Vec<Message>>,
    asked: Mutex<usize>,
}

impl Service {
    fn set(&self, person: &str, mood: Mood) {
        self.moods.lock().unwrap().insert(format!("{person}@contoso.example"), mood);
    }

    fn taken_by(&self, person: &str) -> usize {
        let address = format!("{person}@contoso.example");
        self.taken.lock().unwrap().iter().filter(|message| message.to_address == address).count()
    }

    /// Messages that were offered since the last time.
    fn asked(&self) -> usize {
        std::mem::take(&mut *self.asked.lock().unwrap())
    }
}

#[async_trait]
impl Mailer for Service {
    async fn send(&self, message: &Message) -> Result<(), MailError> {
        *self.asked.lock().unwrap() += 1;
        match self.moods.lock().unwrap().get(&message.to_address).copied().unwrap_or(Mood::Takes) {
            Mood::Takes => {
                self.taken.lock().unwrap().push(message.clone());
                Ok(())
            }
            Mood::Refuses => Err(MailError::Refused { reason: "no such mailbox".into() }),
            Mood::Silent => Err(MailError::Unavailable { reason: "no answer".into() }),
        }
    }
}

/// A world whose only notice yet tells that key `k1` was added, at [`start`].
async fn with_a_notice() -> (World, Arc<Service>) {
    let mut world = World::new().await;
    let service = Arc::new(Service::default());
    world.keyward = Keyward::new(world.table.clone(), world.vault.clone(), service.clone(), settings());
    world.upload(&world.alice(start()), "k1", key(0)).await.unwrap();
    (world, service)
}

async fn deliver(world: &World, now: DateTime<Utc>) {
    world.keyward.sweep(Sweep::DeliverNotices, now).await.unwrap();
}

async fn notices(world: &World) -> Vec<NoticeDocument> {
    let items = items_of(&*world.table, &world.tenant).await;
    with_prefix(&items, "NOTICE#").map(|item| serde_json::from_str(&item.body).unwrap()).collect()
}

async fn recipients(world: &World) -> Vec<Recipient> {
    notices(world).await.remove(0).recipients
}

#[tokio::test]
async fn a_silent_mail_service_is_asked_less_and_less_often_and_everybody_is_told_once() {
    let (world, service) = with_a_notice().await;
    service.set("alice", Mood::Silent);
    service.set("bob", Mood::Silent);
    let (mut now, mut waits) = (start(), Vec::new());
    for _ in 0..13 {
        deliver(&world, now).await;
        assert_eq!(service.asked(), 2, "each recipient is asked for once at {now}");
        let due = world.keyward.next_due(None, now + hours(2)).await.unwrap().unwrap();
        waits.push((due - now).num_seconds());
        deliver(&world, due - TimeDelta::milliseconds(1)).await;
        assert_eq!(service.asked(), 0, "nobody is asked before the wait is over");
        now = due;
    }
    println!("waits in seconds: {waits:?}");
    assert!(waits.is_sorted() && waits[0] <= 2, "{waits:?}");
    assert_eq!(waits.last(), Some(&3600), "an hour at most: {waits:?}");

    service.set("alice", Mood::Takes);
    deliver(&world, now).await;
    assert_eq!((service.taken_by("alice"), service.taken_by("bob")), (1, 0));
    let told = recipients(&world).await;
    assert_eq!(told[0].status, RecipientStatus::Sent { at: now });
    assert_eq!(told[1].status, RecipientStatus::Pending);

    service.set("bob", Mood::Takes);
    let due = world.keyward.next_due(None, now + hours(2)).await.unwrap().unwrap();
    deliver(&world, due).await;
    deliver(&world, due + hours(24)).await;
    assert_eq!((service.taken_by("alice"), service.taken_by("bob")), (1, 1), "once each");
    assert_eq!(world.keyward.next_due(None, due + hours(24)).await.unwrap(), None);
}

#[tokio::test]
async fn a_refused_recipient_is_recorded_and_not_tried_again() {
    let (world, service) = with_a_notice().await;
    service.set("bob", Mood::Refuses);
    deliver(&world, start()).await;
    deliver(&world, start() + hours(24)).await;
    assert_eq!(service.asked(), 2, "one message for each, and no second try");
    let told = recipients(&world).await;
    assert_eq!(told[0].status, RecipientStatus::Sent { at: start() });
    assert_eq!(told[1].status, RecipientStatus::Refused { reason: "no such mailbox".into() });
}

#[tokio::test]
async fn who_cannot_be_reached_is_given_up_in_the_end_and_shown_as_such() {
    let (world, service) = with_a_notice().await;
    service.set("bob", Mood::Silent);
    let (mut now, mut tries) = (start(), 0);
    loop {
        deliver(&world, now).await;
        tries += 1;
        let Some(due) = world.keyward.next_due(None, now + hours(2)).await.unwrap() else { break };
        now = due;
    }
    println!("given up after {tries} tries in {}", now - start());
    assert_eq!(tries, 20);
    assert_eq!(service.taken_by("alice"), 1);
    assert_eq!(recipients(&world).await[1].status, RecipientStatus::Refused { reason: "no answer".into() });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn several_notices_in_an_outage_are_each_sent_once_after_it() {
    let (world, service) = with_a_notice().await;
    for person in ["alice", "bob"] {
        service.set(person, Mood::Silent);
    }
    world.activate(&world.alice(start()), "k1").await.unwrap();
    world.environment("test-1", start()).await;
    world.protect(&world.alice(start()), "test-1").await.unwrap();
    deliver(&world, start()).await;
    for person in ["alice", "bob"] {
        service.set(person, Mood::Takes);
    }
    let written = notices(&world).await.len();
    let now = start() + hours(1);
    deliver(&world, now).await;
    deliver(&world, now).await;
    let mut ids: Vec<_> = service.taken.lock().unwrap().iter().map(|message| message.id.clone()).collect();
    let sent = ids.len();
    ids.sort();
    ids.dedup();
    assert_eq!(
        (written, sent, ids.len()),
        (3, 6, 6),
        "key added, key activated, environment protected: to two people each"
    );
}
