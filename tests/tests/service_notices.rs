//! A3: notices when the mail service or the table fails, and when something comes back: they wait, longer each time; nobody is forgotten,
//! nobody is told twice without need, and it is shown who was not reached.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a test fails by panicking, and says what it measured")]

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, OnceLock},
};

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use keyward_adapters::table::{EmbeddedTable, FailingTable, Failure};
use keyward_domain::{OperationName, TenantId};
use keyward_service::{
    Keyward, MailEvent, MailEventKind, NoticeDocument, Recipient, RecipientStatus,
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
    /// Takes it and reports a bounce before it answers.
    Bounces,
}

/// A mail service with a mood for each recipient.
#[derive(Default)]
struct Service {
    moods: Mutex<BTreeMap<String, Mood>>,
    taken: Mutex<Vec<Message>>,
    asked: Mutex<usize>,
    /// To whom it reports.
    keyward: OnceLock<Keyward>,
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
        let mood = self.moods.lock().unwrap().get(&message.to_address).copied().unwrap_or(Mood::Takes);
        match mood {
            Mood::Bounces => {
                let event = report(message, MailEventKind::Bounced, message.at, "550 user unknown");
                assert!(self.keyward.get().unwrap().record_mail_event(&event).await.unwrap());
                Ok(())
            }
            Mood::Takes => {
                self.taken.lock().unwrap().push(message.clone());
                Ok(())
            }
            Mood::Refuses => Err(MailError::Refused { reason: "no such mailbox".into() }),
            Mood::Silent => Err(MailError::Unavailable { reason: "no answer".into() }),
        }
    }
}

/// What the mail service reports of a message.
fn report(message: &Message, kind: MailEventKind, at: DateTime<Utc>, reason: &str) -> MailEvent {
    MailEvent {
        tenant: message.tenant.clone(),
        sequence: message.sequence,
        recipient: message.recipient,
        message_id: message.id.clone(),
        kind,
        at,
        reason: reason.to_owned(),
    }
}

/// A world whose only notice yet tells that key `k1` was added, at [`start`].
async fn with_a_notice() -> (World, Arc<Service>) {
    notice_in(World::new().await).await
}

async fn notice_in(mut world: World) -> (World, Arc<Service>) {
    let service = Arc::new(Service::default());
    world.keyward = Keyward::new(world.table.clone(), world.vault.clone(), service.clone(), settings());
    assert!(service.keyward.set(world.keyward.clone()).is_ok());
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
    let week = TimeDelta::days(7);
    assert!(tries > 20 && now - start() >= week && now - start() < week + hours(1), "{tries} {}", now - start());
    assert_eq!(service.taken_by("alice"), 1);
    assert_eq!(recipients(&world).await[1].status, RecipientStatus::GivenUp { at: now });
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

/// The message to bob, after both were told.
async fn told_both() -> (World, Message) {
    let (world, service) = with_a_notice().await;
    deliver(&world, start()).await;
    let message = service.taken.lock().unwrap().iter().find(|message| message.recipient == 1).unwrap().clone();
    assert_eq!(message.to_address, "bob@contoso.example");
    (world, message)
}

#[tokio::test]
async fn both_forms_of_a_notice_say_the_same_and_nothing_in_them_acts() {
    let (world, service) = with_a_notice().await;
    world.environment("test-1", start()).await;
    world.activate(&world.alice(start()), "k1").await.unwrap();
    world.protect(&world.alice(start()), "test-1").await.unwrap();
    deliver(&world, start() + hours(1)).await;
    let messages = service.taken.lock().unwrap().clone();
    assert!(messages.len() >= 6);
    for message in messages {
        let html = message.html.unwrap();
        for line in message.text.lines().filter_map(|line| line.split_once(": ")) {
            let value = line.1.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('\'', "&#39;");
            assert!(html.contains(&value) || line.0 == "Tenant", "{value} in {html}");
        }
        for banned in ["<a", "<img", "<link", "<script", "<form", "href", "src=", "://", "url("] {
            assert!(!html.contains(banned), "{banned} in {html}");
        }
        assert!(html.contains("<title>[Keyward] Contoso Ltd: ") && html.contains("Contoso Ltd</strong> (contoso)"));
    }
}

#[tokio::test]
async fn a_bounce_is_recorded_once_and_shown() {
    let (world, message) = told_both().await;
    let at = start() + hours(1);
    let bounce = report(&message, MailEventKind::Bounced, at, "550 5.1.1\r\nuser \u{1b}[31munknown");
    for _ in 0..2 {
        assert!(world.keyward.record_mail_event(&bounce).await.unwrap());
    }
    let expected = RecipientStatus::Bounced { at, reason: "550 5.1.1  user  [31munknown".into() };
    assert_eq!(recipients(&world).await[1].status, expected);
    assert_eq!(recipients(&world).await[0].status, RecipientStatus::Sent { at: start() });
    assert_eq!(world.keyward.next_due(None, at + hours(24)).await.unwrap(), None, "it is not sent again");

    let reach = world.keyward.read_notices(&world.alice(at), &world.tenant).await.unwrap().unwrap();
    assert_eq!((reach.looked_at, reach.incomplete), (1, 1));
    assert_eq!(reach.latest.recipients[1].status, expected);
    assert_eq!(reach.latest.subject.as_deref(), Some("[Keyward] Contoso Ltd: protection key k1 was added"));
    let reach = world.keyward.read_notices(&world.operator(at), &world.tenant).await.unwrap().unwrap();
    assert_eq!(reach.latest.subject, None, "the operator does not read the audit log");
    let nobody = world.request("mallory", &[], at);
    assert!(world.keyward.read_notices(&nobody, &world.tenant).await.is_err());
    assert!(world.keyward.read_tenant(&nobody, &world.tenant, OperationName::ReadTenant).await.is_err());
}

#[tokio::test]
async fn reports_come_to_the_same_end_in_any_order() {
    use MailEventKind::{Bounced, Complained, Rejected};
    let (_, message) = told_both().await;
    let reports = [
        report(&message, Complained, start() + hours(1), "abuse"),
        report(&message, Bounced, start() + hours(3), "later"),
        report(&message, Bounced, start() + hours(2), "earlier"),
    ];
    for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        let (world, _) = told_both().await;
        for index in order {
            assert!(world.keyward.record_mail_event(&reports[index]).await.unwrap());
        }
        let expected = RecipientStatus::Bounced { at: start() + hours(2), reason: "earlier".into() };
        assert_eq!(recipients(&world).await[1].status, expected, "{order:?}");
        let rejected = report(&message, Rejected, start() + hours(9), "");
        assert!(world.keyward.record_mail_event(&rejected).await.unwrap());
        let expected = RecipientStatus::Rejected { at: start() + hours(9), reason: "no reason was given".into() };
        assert_eq!(recipients(&world).await[1].status, expected, "{order:?}");
    }
}

#[tokio::test]
async fn a_bounce_may_come_before_it_is_recorded_that_the_message_was_sent() {
    let (world, service) = with_a_notice().await;
    service.set("bob", Mood::Bounces);
    deliver(&world, start()).await;
    deliver(&world, start() + hours(24)).await;
    assert_eq!(service.asked(), 2, "one message for each");
    let bounced = RecipientStatus::Bounced { at: start(), reason: "550 user unknown".into() };
    assert_eq!(recipients(&world).await[1].status, bounced);
    assert_eq!(world.keyward.next_due(None, start() + hours(48)).await.unwrap(), None);
}

#[tokio::test]
async fn a_report_for_one_leaves_the_other_waiting() {
    let (world, service) = with_a_notice().await;
    service.set("alice", Mood::Silent);
    service.set("bob", Mood::Bounces);
    deliver(&world, start()).await;
    service.set("alice", Mood::Takes);
    deliver(&world, start() + hours(1)).await;
    assert_eq!((service.taken_by("alice"), service.asked()), (1, 3));
}

#[tokio::test]
async fn a_report_of_a_foreign_message_changes_nothing() {
    let (world, message) = told_both().await;
    let before = notices(&world).await;
    let bounce = report(&message, MailEventKind::Bounced, start(), "no");
    for foreign in [
        MailEvent { recipient: 0, ..bounce.clone() },
        MailEvent { recipient: 2, ..bounce.clone() },
        MailEvent { recipient: u32::MAX, ..bounce.clone() },
        MailEvent { sequence: bounce.sequence + 1, ..bounce.clone() },
        MailEvent { tenant: TenantId::new("fabrikam").unwrap(), ..bounce.clone() },
        MailEvent { message_id: "0".repeat(64), ..bounce.clone() },
        MailEvent { message_id: String::new(), ..bounce.clone() },
    ] {
        assert!(!world.keyward.record_mail_event(&foreign).await.unwrap(), "{foreign:?}");
    }
    assert_eq!(notices(&world).await, before);
}

#[tokio::test]
async fn a_new_notice_is_delivered_at_once_and_the_sweep_finds_it_done() {
    let (world, service) = with_a_notice().await;
    let sequence = notices(&world).await[0].sequence;
    // The clock of who delivers is a little behind that of who decided.
    let now = start() - TimeDelta::milliseconds(300);
    let now_is = |sequence| world.keyward.deliver_notice_now(&world.tenant, sequence, now);
    assert_eq!(now_is(sequence).await.unwrap(), 2);
    assert_eq!(now_is(sequence).await.unwrap(), 0, "given twice by the stream");
    assert_eq!(now_is(sequence + 1).await.unwrap(), 0, "no such notice");
    deliver(&world, start() + hours(1)).await;
    assert_eq!(service.asked(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_several_who_deliver_at_the_same_time_one_sends() {
    for _ in 0..10 {
        let (world, service) = with_a_notice().await;
        let sequence = notices(&world).await[0].sequence;
        let runs = (0..4).map(|_| {
            let (keyward, tenant) = (world.keyward.clone(), world.tenant.clone());
            tokio::spawn(async move { keyward.deliver_notice_now(&tenant, sequence, start()).await.unwrap() })
        });
        let runs: Vec<_> = runs.collect();
        let mut sent = 0;
        for run in runs {
            sent += run.await.unwrap();
        }
        assert_eq!((sent, service.asked()), (2, 2));
    }
}

#[tokio::test]
async fn a_run_that_dies_at_any_step_repeats_one_message_at_most_and_forgets_nobody() {
    let mut repeated = Vec::new();
    for failure in [Failure::Before, Failure::After] {
        for step in 1.. {
            let table = Arc::new(FailingTable::new(Arc::new(EmbeddedTable::memory().await.unwrap())));
            let (world, service) = notice_in(World::over(table.clone()).await).await;
            let sequence = notices(&world).await[0].sequence;
            table.fail_from(step, failure);
            let died = world.keyward.deliver_notice_now(&world.tenant, sequence, start()).await;
            let broke = table.steps() >= step;
            table.heal();
            // Once more at once, as the stream does, and when the claim is over.
            world.keyward.deliver_notice_now(&world.tenant, sequence, start()).await.unwrap();
            deliver(&world, start() + TimeDelta::minutes(10)).await;
            let told = (service.taken_by("alice"), service.taken_by("bob"));
            assert!(matches!(told, (1 | 2, 1) | (1, 2)), "{failure:?} {step}: {told:?}");
            let reached = |recipient: &Recipient| matches!(recipient.status, RecipientStatus::Sent { .. });
            assert!(recipients(&world).await.iter().all(reached), "{failure:?} {step}");
            if told != (1, 1) {
                repeated.push((failure, step));
            }
            if !broke {
                assert!(died.is_ok());
                break;
            }
        }
    }
    println!("a message was sent twice where the run died at {repeated:?}");
    assert!(!repeated.is_empty(), "between sending and recording");
}
