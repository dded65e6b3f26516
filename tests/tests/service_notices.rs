//! A3: notices when the mail service or the table fails, and when something comes back: they wait, longer each time; nobody is forgotten,
//! nobody is told twice without need, and it is shown who was not reached.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a test fails by panicking, and says what it measured")]

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, OnceLock},
    time::Duration,
};

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use keyward_adapters::table::{EmbeddedTable, FailingTable, Failure};
use keyward_domain::{OperationName, TenantId};
use keyward_service::{
    Keyward, MailEvent, MailEventKind, NoticeDocument, Recipient, RecipientStatus,
    ports::{
        mail::{MailError, Mailer, Message},
        table::{Condition, Item, Write},
    },
    sweeps::{NoticesFound, Sweep, SweepReport, SweepRun},
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
    /// The same, with a bounce that is only for now.
    BouncesForNow,
    /// Never answers.
    Hangs,
}

/// A mail service with a mood for each recipient.
#[derive(Default)]
struct Service {
    moods: Mutex<BTreeMap<String, Mood>>,
    taken: Mutex<Vec<Message>>,
    bounced: Mutex<Vec<Message>>,
    asked: Mutex<usize>,
    /// What time it is for the reports that come before the answer; that of the change where nobody says.
    now: Mutex<Option<DateTime<Utc>>>,
    /// Each address that was offered a message, with that time.
    offered: Mutex<Vec<(String, DateTime<Utc>)>>,
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

    fn set_now(&self, now: DateTime<Utc>) {
        *self.now.lock().unwrap() = Some(now);
    }

    /// How many seconds after [`start`] somebody was offered a message, each time.
    fn offered_to(&self, person: &str) -> Vec<i64> {
        let address = format!("{person}@contoso.example");
        let offered = self.offered.lock().unwrap();
        offered.iter().filter(|(to, _)| *to == address).map(|(_, at)| (*at - start()).num_seconds()).collect()
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
        let now = self.now.lock().unwrap().unwrap_or(message.at);
        self.offered.lock().unwrap().push((message.to_address.clone(), now));
        let mood = self.moods.lock().unwrap().get(&message.to_address).copied().unwrap_or(Mood::Takes);
        match mood {
            Mood::Bounces | Mood::BouncesForNow => {
                let is_final = mood == Mood::Bounces;
                let kind = if is_final { MailEventKind::Bounced } else { MailEventKind::BouncedForNow };
                let event = report(message, kind, message.at, "550 user unknown");
                assert!(self.keyward.get().unwrap().record_mail_event(&event, now).await.unwrap());
                self.bounced.lock().unwrap().push(message.clone());
                Ok(())
            }
            Mood::Hangs => std::future::pending().await,
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

async fn deliver(world: &World, now: DateTime<Utc>) -> SweepReport {
    let report = world.keyward.sweep(Sweep::DeliverNotices, now).await.unwrap();
    assert_eq!(report.failed, 0, "{report:?}");
    report
}

/// What a report of mail says at an instant.
async fn tell(world: &World, event: &MailEvent, now: DateTime<Utc>) -> bool {
    world.keyward.record_mail_event(event, now).await.unwrap()
}

async fn notices(world: &World) -> Vec<NoticeDocument> {
    let items = items_of(&*world.table, &world.tenant).await;
    with_prefix(&items, "NOTICE#").map(|item| serde_json::from_str(&item.body).unwrap()).collect()
}

async fn stored_notice(world: &World) -> Item {
    let items = items_of(&*world.table, &world.tenant).await;
    with_prefix(&items, "NOTICE#").next().unwrap().clone()
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
    let (mut now, mut tries, mut given_up) = (start(), 0, Vec::new());
    loop {
        let found = deliver(&world, now).await.notices.unwrap();
        tries += 1;
        given_up.push(found.given_up);
        let Some(due) = world.keyward.next_due(None, now + hours(3)).await.unwrap() else { break };
        now = due;
    }
    println!("given up after {tries} tries in {}", now - start());
    let week = TimeDelta::days(7);
    assert!(tries > 20 && now - start() >= week && now - start() < week + hours(1), "{tries} {}", now - start());
    assert_eq!(service.taken_by("alice"), 1);
    assert_eq!(recipients(&world).await[1].status, RecipientStatus::GivenUp { at: now });
    assert_eq!((given_up.pop(), given_up.iter().sum::<u64>()), (Some(1), 0), "counted once, when it is given up");
    assert_eq!(deliver(&world, now + hours(1)).await.notices, Some(NoticesFound::default()));
}

#[tokio::test]
async fn who_waits_is_seen_by_every_run_however_long_the_wait_for_the_next_try() {
    let (world, service) = with_a_notice().await;
    for person in ["alice", "bob"] {
        service.set(person, Mood::Silent);
    }
    let mut idle = 0;
    for minute in (0..300).step_by(5) {
        let report = deliver(&world, start() + TimeDelta::minutes(minute)).await;
        idle += u64::from(report.looked_at == 0);
        let oldest_seconds = u64::try_from(minute * 60).unwrap();
        assert_eq!(report.notices, Some(NoticesFound { waiting: 1, oldest_seconds, given_up: 0 }), "minute {minute}");
    }
    assert!(idle > 40, "in {idle} of 60 runs nothing is due");
    for person in ["alice", "bob"] {
        service.set(person, Mood::Takes);
    }
    let now = start() + hours(6);
    assert_eq!(deliver(&world, now).await.changes, 2);
    assert_eq!(deliver(&world, now + hours(1)).await.notices, Some(NoticesFound::default()));
    let other = world.keyward.sweep(Sweep::SendReminders, now).await.unwrap();
    assert_eq!(other.notices, None);
}

#[tokio::test]
async fn a_message_that_hangs_holds_up_no_other_notice_and_at_the_next_try_no_other_recipient() {
    let (world, service) = with_a_notice().await;
    world.activate(&world.alice(start()), "k1").await.unwrap();
    service.set("alice", Mood::Hangs);
    let run = SweepRun::with_row_time(Duration::from_millis(50));
    world.keyward.sweep_in(&run, Sweep::DeliverNotices, start()).await.unwrap();
    let report = run.report();
    assert_eq!((report.looked_at, report.failed, report.done), (2, 2, 0));
    assert_eq!((service.taken_by("bob"), service.asked()), (0, 2));
    // When the claims are over.
    let run = SweepRun::with_row_time(Duration::from_millis(50));
    world.keyward.sweep_in(&run, Sweep::DeliverNotices, start() + TimeDelta::minutes(10)).await.unwrap();
    let report = run.report();
    assert_eq!(service.taken_by("bob"), 2);
    assert_eq!((report.failed, report.changes), (2, 2), "what was sent before a row was abandoned counts");
}

#[tokio::test]
async fn a_run_that_is_abandoned_says_what_it_looked_at() {
    let (world, service) = with_a_notice().await;
    service.set("alice", Mood::Hangs);
    let (run, now) = (SweepRun::default(), start() + hours(2));
    let stuck = world.keyward.sweep_in(&run, Sweep::DeliverNotices, now);
    assert!(tokio::time::timeout(Duration::from_millis(50), stuck).await.is_err());
    let report = run.report();
    assert_eq!((report.looked_at, report.done, report.longest_wait_seconds), (1, 0, 7200));
    assert_eq!(report.notices.map(|found| found.oldest_seconds), Some(7200));
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
        assert!(tell(&world, &bounce, at).await);
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

/// Every order of so many.
fn orders(count: usize) -> Vec<Vec<usize>> {
    let Some(last) = count.checked_sub(1) else { return vec![Vec::new()] };
    let with_last =
        |order: Vec<usize>| (0..=order.len()).map(move |place| [&order[..place], &[last], &order[place..]].concat());
    orders(last).into_iter().flat_map(with_last).collect()
}

#[tokio::test]
async fn reports_come_to_the_same_end_in_any_order() {
    use MailEventKind::{Bounced, BouncedForNow, Complained, Rejected};
    let (world, message) = told_both().await;
    let told = stored_notice(&world).await;
    let reports = [
        report(&message, Complained, start() + hours(1), "abuse"),
        report(&message, Bounced, start() + hours(3), "later"),
        report(&message, Bounced, start() + hours(2), "earlier"),
        report(&message, BouncedForNow, start() + TimeDelta::minutes(30), "mailbox full"),
    ];
    for order in orders(reports.len()) {
        let now = stored_notice(&world).await.revision;
        let item = Item { revision: now + 1, ..told.clone() };
        world.table.transact(vec![Write::Put { item, condition: Condition::Revision(now) }]).await.unwrap();
        for index in &order {
            assert!(tell(&world, &reports[*index], start() + hours(3)).await);
        }
        let expected = RecipientStatus::Bounced { at: start() + hours(2), reason: "earlier".into() };
        let after = recipients(&world).await;
        assert_eq!((&after[1].status, after[1].bounces, after[1].not_before), (&expected, 1, None), "{order:?}");
        assert_eq!(world.keyward.next_due(None, start() + hours(48)).await.unwrap(), None, "it is not sent again");
        let rejected = report(&message, Rejected, start() + hours(9), "");
        assert!(tell(&world, &rejected, start() + hours(9)).await);
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
async fn a_bounce_for_now_may_come_before_it_is_recorded_that_the_message_was_sent() {
    let (world, service) = with_a_notice().await;
    service.set("bob", Mood::BouncesForNow);
    deliver(&world, start()).await;
    let bob = recipients(&world).await.remove(1);
    assert_eq!((bob.status, bob.bounces), (RecipientStatus::Pending, 1));
    service.set("bob", Mood::Takes);
    deliver(&world, start() + hours(1)).await;
    assert_eq!(recipients(&world).await[1].status, RecipientStatus::Sent { at: start() + hours(1) });
    // What is reported of the first message again is not of the second one.
    let first = service.bounced.lock().unwrap()[0].clone();
    let again = report(&first, MailEventKind::BouncedForNow, start() + hours(2), "once more, in other words");
    assert!(tell(&world, &again, start() + hours(2)).await);
    assert_eq!(recipients(&world).await[1].status, RecipientStatus::Sent { at: start() + hours(1) });
    assert_eq!((service.taken_by("alice"), service.taken_by("bob")), (1, 1));
}

#[tokio::test]
async fn a_message_that_comes_back_for_now_is_sent_again_three_times_and_then_it_has_bounced() {
    for early in [false, true] {
        let (world, service) = with_a_notice().await;
        let mut waits = Vec::new();
        let (mut now, mut messages) = (start(), Vec::new());
        for _ in 0..4 {
            service.set("bob", if early { Mood::BouncesForNow } else { Mood::Takes });
            service.set_now(now);
            deliver(&world, now).await;
            let sent = if early { &service.bounced } else { &service.taken };
            let message = sent.lock().unwrap().iter().rfind(|message| message.recipient == 1).unwrap().clone();
            let bounce = report(&message, MailEventKind::BouncedForNow, message.at, "550 user unknown");
            for _ in 0..2 {
                assert!(tell(&world, &bounce, now).await);
            }
            messages.push(message.id);
            let Some(due) = world.keyward.next_due(None, now + hours(3)).await.unwrap() else { break };
            assert_eq!(recipients(&world).await[1].status, RecipientStatus::Pending);
            waits.push((due - now).num_seconds());
            now = due;
        }
        assert_eq!(waits, [600, 2400, 9600], "{early}");
        assert_eq!(messages.iter().collect::<BTreeSet<_>>().len(), 4, "each message has its own identifier");
        let bounced = RecipientStatus::Bounced { at: start(), reason: "550 user unknown".into() };
        assert_eq!(recipients(&world).await[1].status, bounced);
        deliver(&world, now + hours(24)).await;
        assert_eq!((service.taken_by("alice"), service.asked()), (1, 5), "nobody else is told again");
    }
}

/// Seconds after [`start`] at which alice and bob were offered a message, until bob is settled or so many seconds are over. Alice's are never
/// taken. Whatever is due is delivered at that instant, and a bounce of bob's is reported before the answer or so many seconds after it.
async fn offers(bob: Mood, reported_after: Option<i64>, until: i64) -> (Vec<i64>, Vec<i64>, World) {
    let (world, service) = with_a_notice().await;
    service.set("alice", Mood::Silent);
    service.set("bob", if reported_after.is_some() { Mood::Takes } else { bob });
    let (mut now, end) = (start(), start() + TimeDelta::seconds(until));
    while now <= end {
        let told = service.taken_by("bob");
        service.set_now(now);
        deliver(&world, now).await;
        if let Some(after) = reported_after.filter(|_| service.taken_by("bob") > told) {
            let taken = service.taken.lock().unwrap().last().unwrap().clone();
            let at = now + TimeDelta::seconds(after);
            let bounce = report(&taken, MailEventKind::BouncedForNow, at, "mailbox full");
            for later in [0, 1] {
                assert!(tell(&world, &bounce, at + TimeDelta::seconds(later)).await);
            }
        }
        let due = world.keyward.next_due(None, now + hours(3)).await.unwrap().unwrap();
        assert!(due > now, "what is not to be sent yet is not due: {now}");
        now = due;
    }
    (service.offered_to("alice"), service.offered_to("bob"), world)
}

#[tokio::test]
async fn who_is_throttled_and_whose_mailbox_is_full_wait_each_for_their_own_time() {
    let until = 13_000;
    let (alone, once, _) = offers(Mood::Takes, None, until).await;
    assert_eq!(once, [0]);
    assert_eq!(alone[..5], [0, 2, 6, 14, 30]);
    // Bob's bounces are reported before the answer, with it, and a second after it: while alice is tried again every few seconds.
    for (reported_after, expected) in
        [(None, [0, 600, 3_000, 12_600]), (Some(0), [0, 600, 3_000, 12_600]), (Some(1), [0, 601, 3_002, 12_603])]
    {
        let (alice, bob, world) = offers(Mood::BouncesForNow, reported_after, until).await;
        assert_eq!(
            bob, expected,
            "10, 40 and 160 min after each bounce, whatever becomes of alice: {reported_after:?}"
        );
        assert_eq!(alice, alone, "alice is tried as often as if bob's had arrived: {reported_after:?}");
        let told = recipients(&world).await;
        assert_eq!(told[0].status, RecipientStatus::Pending);
        assert!(matches!(told[1].status, RecipientStatus::Bounced { .. }), "{reported_after:?}");
        assert_eq!((told[1].bounces, told[1].not_before), (3, None), "{reported_after:?}");
    }
}

#[tokio::test]
async fn a_bounce_that_is_due_before_the_next_try_of_another_makes_the_notice_due() {
    let (world, service) = with_a_notice().await;
    service.set("alice", Mood::Silent);
    let (mut now, mut due) = (start(), start());
    while due - now < hours(1) {
        now = due;
        deliver(&world, now).await;
        due = world.keyward.next_due(None, now + hours(2)).await.unwrap().unwrap();
    }
    let message = service.taken.lock().unwrap()[0].clone();
    assert_eq!(message.to_address, "bob@contoso.example");
    let minutes = |minutes| now + TimeDelta::minutes(minutes);
    assert!(tell(&world, &report(&message, MailEventKind::BouncedForNow, now, "mailbox full"), minutes(1)).await);
    assert_eq!(world.keyward.next_due(None, minutes(120)).await.unwrap(), Some(minutes(11)));
    service.asked();
    deliver(&world, minutes(11)).await;
    assert_eq!((service.asked(), service.taken_by("bob")), (1, 2), "bob alone");
    assert_eq!(world.keyward.next_due(None, minutes(120)).await.unwrap(), Some(due), "alice waits as before");
}

#[tokio::test]
async fn who_is_throttled_after_a_bounce_is_tried_again_less_and_less_often() {
    let (world, service) = with_a_notice().await;
    service.set("bob", Mood::BouncesForNow);
    deliver(&world, start()).await;
    service.set("bob", Mood::Silent);
    let (mut now, mut waits) = (start(), Vec::new());
    for _ in 0..5 {
        let due = world.keyward.next_due(None, now + hours(2)).await.unwrap().unwrap();
        waits.push((due - now).num_seconds());
        now = due;
        deliver(&world, now).await;
    }
    assert_eq!(waits, [600, 4, 8, 16, 32]);
    assert_eq!((service.taken_by("alice"), service.asked()), (1, 7), "one to each, then bob's five");
}

#[tokio::test]
async fn who_does_not_want_a_notice_is_not_sent_it_again_though_it_came_back_for_now() {
    let (world, message) = told_both().await;
    let at = start() + hours(1);
    assert!(tell(&world, &report(&message, MailEventKind::Complained, at, "abuse"), at).await);
    assert!(tell(&world, &report(&message, MailEventKind::BouncedForNow, at, "full"), at).await);
    assert_eq!(recipients(&world).await[1].status, RecipientStatus::Complained { at, reason: "abuse".into() });
    assert_eq!(world.keyward.next_due(None, at + hours(24)).await.unwrap(), None);
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
        assert!(!tell(&world, &foreign, start()).await, "{foreign:?}");
        let for_now = MailEvent { kind: MailEventKind::BouncedForNow, ..foreign };
        assert!(!tell(&world, &for_now, start()).await, "{for_now:?}");
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
