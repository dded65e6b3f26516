//! The whole story, once over HTTP and once with the command, and the story of a hostile key change.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a test fails by panicking and says what it measured")]

use std::fs;

use chrono::{DateTime, TimeDelta, Utc};
use keyward_tests::{
    actor::{Actor, instant},
    command::Terminal,
    local::{Answer, Local},
    mails::{Mail, about, read_all, recipients},
    openssl::Openssl,
    theft::{Theft, opens},
};
use serde_json::{Value, json};
use tempfile::TempDir;

const PASSWORD: &str = "a password nobody guesses";
const CONTENT: &[u8] = b"name;amount\nada;12\n";
const BOTH: [&str; 2] = ["alice@contoso.example", "bob@contoso.example"];

/// Days before the deletion, and what the reminder's subject says then.
const REMINDERS: [(i64, &str); 5] = [
    (21, "will be deleted in 21 days"),
    (14, "will be deleted in 14 days"),
    (7, "will be deleted in 7 days"),
    (3, "will be deleted in 3 days"),
    (1, "will be deleted in 1 day"),
];

struct Stage {
    data: TempDir,
    local: Local,
}

impl Stage {
    fn new() -> Self {
        let data = tempfile::tempdir().unwrap();
        let local = Local::start(&data.path().join("data"), &data.path().join("log"));
        Self { local, data }
    }

    fn theft(&self) -> Theft {
        Theft::of(&self.local, &self.data.path().join("data"))
    }

    fn mails(&self) -> Vec<Mail> {
        self.local.settle();
        read_all(&self.data.path().join("data"))
    }

    /// Generated, activated, production protected.
    fn begin(&self) -> Vec<u8> {
        let alice = self.local.actor("alice");
        alice.post("/opt-in", &json!({})).must_be(200);
        let pfx = alice.generate("k1", PASSWORD);
        assert_eq!(alice.activate("k1").must_be(202).body["outcome"], "changed");
        let protected = alice.post("/environments/prod-eu/protect", &json!({})).must_be(200).body;
        assert_eq!((&protected["managedBy"], &protected["newestGeneration"]), (&json!("tenant"), &json!(2)));
        pfx
    }
}

/// The plan's three facts about a lock that was just decided.
fn check_lock(lock: &Value, environments: u64) -> DateTime<Utc> {
    let locked_at = instant(&lock["lockedAt"]);
    assert_eq!(lock["environments"], environments);
    assert_eq!(lock["keyToPresent"], "k1");
    assert_eq!(instant(&lock["leasesEndAt"]) - locked_at, TimeDelta::minutes(5));
    assert_eq!(instant(&lock["deletionAt"]) - locked_at, TimeDelta::days(28));
    locked_at
}

/// Asks for a lock again and again around the instant at which it opens, with a proof that is none, so that nothing is locked. What was
/// decided, and at which millisecond, is in the audit log.
fn probe_the_opening(alice: Actor<'_>, opens_at: DateTime<Utc>) {
    let token = alice.local.token("alice");
    let body = json!({ "statedName": "Contoso Ltd", "answer": { "challenge": "none", "signature": "AAAA" } });
    let probe = || alice.local.post(&token, "/v1/tenants/contoso/lock", &body);
    alice.local.advance((opens_at - alice.local.now()).num_seconds() - 1);
    for _ in 0..2000 {
        let answer = probe();
        if answer.code() != "lock_not_open" {
            answer.must_refuse(409, "challenge_not_usable");
            break;
        }
        assert_eq!(instant(&answer.body["retryAt"]), opens_at);
    }
    let at = |entry: &Value, code: &str| (entry["event"]["code"] == code).then(|| instant(&entry["at"]));
    let audit = alice.audit();
    let last = audit.iter().filter_map(|entry| at(entry, "lock_not_open")).max().unwrap();
    let first = audit.iter().filter_map(|entry| at(entry, "challenge_not_usable")).min().unwrap();
    assert!(last < opens_at && opens_at <= first, "{last} < {opens_at} <= {first}");
    println!("last refusal {} before locking opens, first other answer {} after", opens_at - last, first - opens_at);
}

#[test]
fn over_http() {
    let stage = Stage::new();
    let local = &stage.local;
    let alice = local.actor("alice");
    let pfx = stage.begin();
    let terminal = Terminal::of(local, "orders");
    fs::write(terminal.file("plain"), CONTENT).unwrap();
    terminal.run(&["seal", "prod-eu", "plain", "-o", "sealed"]).must_be(0);
    let sealed = fs::read(terminal.file("sealed")).unwrap();
    let data_key = local.actor("orders").lease("prod-eu").must_be(200).body["dataKey"].clone();

    before_the_lock(&stage, &sealed);
    let bench = Openssl::with_key_of(&pfx, PASSWORD);
    let opens_at = instant(&alice.get("").must_be(200).body["lockOpensAt"]);
    let refused = alice.lock_with_signature(|message| bench.sign_pss(message)).must_refuse(409, "lock_not_open");
    assert_eq!(instant(&refused.body["retryAt"]), opens_at);
    // Again with a good proof when little time is left, but enough for a busy machine.
    local.advance_to(opens_at - TimeDelta::seconds(60));
    let refused = alice.lock_with_file(&pfx, PASSWORD).must_refuse(409, "lock_not_open");
    assert_eq!(instant(&refused.body["retryAt"]), opens_at);
    probe_the_opening(alice, opens_at);

    let locked = alice.lock_with_signature(|message| bench.sign_pss(message)).must_be(202).body;
    let locked_at = check_lock(&locked, 2);
    assert!(locked_at >= opens_at && locked_at < opens_at + TimeDelta::minutes(1));
    local.actor("orders").lease("prod-eu").must_refuse(409, "environment_locked");
    local.actor("orders").lease("test-us").must_refuse(409, "environment_locked");
    terminal.run(&["open", "sealed", "-o", "opened"]).must_say(4, "environment_locked");
    assert!(!terminal.file("opened").exists());
    while_locked(&stage, &sealed);

    present(&stage, &pfx);
    assert_eq!(local.actor("orders").lease("prod-eu").must_be(200).body["dataKey"], data_key);
    terminal.run(&["open", "sealed", "-o", "opened"]).must_be(0);
    assert_eq!(fs::read(terminal.file("opened")).unwrap(), CONTENT);

    the_other_is_deleted(&stage, &locked);
    // Presenting the key was no key change: the tenant can be locked again at once, this time by the key file.
    let again = alice.lock_with_file(&pfx, PASSWORD).must_be(202).body;
    check_lock(&again, 1);
    present(&stage, &pfx);
    assert_eq!(local.actor("orders").lease("prod-eu").must_be(200).body["dataKey"], data_key);
}

/// What the attack can do while the key is in the vault: the same that finds nothing later.
fn before_the_lock(stage: &Stage, sealed: &[u8]) {
    let theft = stage.theft();
    let wraps = theft.wraps("contoso");
    assert_eq!((theft.tenant_keys(), wraps.len()), (1, 3));
    let loot = theft.try_all(&wraps);
    assert_eq!(loot.places(), ["DATAKEYS#prod-eu", "DATAKEYS#test-us"]);
    assert!(loot.opens(sealed), "the attack works where a key is there");
    assert!(!opens(sealed, &[0; 32]));
}

fn while_locked(stage: &Stage, sealed: &[u8]) {
    let theft = stage.theft();
    let (wraps, raw) = (theft.wraps("contoso"), theft.raw_wraps());
    assert_eq!((theft.tenant_keys(), wraps.len()), (0, 3));
    let loot = theft.try_all(&wraps);
    // The environment under the provider's key is barred, not beyond reach; the plan and the notice say so.
    assert_eq!(loot.places(), ["DATAKEYS#test-us"]);
    assert!(!loot.opens(sealed));
    let more = theft.try_all(&raw);
    assert!(!more.opens(sealed));
    println!(
        "locked: {} wraps in the table, {} in the bytes of its files, {} tries, {} opened by the provider's key, none the sealed file",
        wraps.len(),
        raw.len(),
        loot.tries + more.tries,
        loot.opened.len() + more.opened.len()
    );
}

/// Presents the key that locked, and unlocks production.
fn present(stage: &Stage, pfx: &[u8]) {
    let alice = stage.local.actor("alice");
    let unlock = || alice.post("/environments/prod-eu/unlock", &json!({}));
    unlock().must_refuse(409, "key_not_presented");
    let other = Openssl::with_new_key(2048).export(PASSWORD, &[]);
    alice.upload("k9", &other, PASSWORD).must_refuse(409, "environments_locked");
    alice.post("/keys/k1/activate", &json!({})).must_refuse(409, "key_file_required");
    alice.upload("k1", pfx, "another password").must_refuse(422, "wrong_password");
    assert_eq!(alice.upload("k1", pfx, PASSWORD).must_be(200).body["inVault"], true);
    unlock().must_refuse(409, "key_not_presented");
    assert_eq!(alice.activate("k1").must_be(200).body["outcome"], "reactivated");
    assert_eq!(unlock().must_be(200).body["state"], "present");
}

/// A sweep realises what is due when it runs: at the instant, or where it has to start first a little later; never before.
fn is_soon_after(at: DateTime<Utc>, due: DateTime<Utc>) -> bool {
    // A mail states whole seconds.
    at.timestamp() >= due.timestamp() && at - due < TimeDelta::minutes(1)
}

fn the_other_is_deleted(stage: &Stage, locked: &Value) {
    let (local, alice) = (&stage.local, stage.local.actor("alice"));
    let deletion_at = instant(&locked["deletionAt"]);
    local.advance_to(deletion_at - TimeDelta::minutes(5));
    assert_eq!(alice.get("/environments/test-us").must_be(200).body["state"], "locked");
    let ran = local.advance_to(deletion_at);
    // On a cloud the schedule may have been faster.
    let has_run = || ran["ran"].as_array().unwrap().iter().any(|ran| instant(&ran["at"]) == deletion_at);
    assert!(local.cloud().is_some() || has_run(), "{ran}");
    let test = alice.get("/environments/test-us").must_be(200).body;
    assert_eq!(test["state"], "deleted");
    assert!(is_soon_after(instant(&test["deletedAt"]), deletion_at), "{test} for {deletion_at}");
    assert_eq!(alice.get("/environments/prod-eu").must_be(200).body["state"], "present");
    local.actor("orders").lease("test-us").must_refuse(410, "environment_deleted");
    alice.post("/environments/test-us/unlock", &json!({})).must_refuse(410, "environment_deleted");
    let wraps = stage.theft().wraps("contoso");
    assert!(wraps.iter().all(|wrap| wrap.place == "DATAKEYS#prod-eu"), "{wraps:?}");

    let mails = stage.mails();
    for (days, words) in REMINDERS {
        let reminders = about(&mails, &format!("1 locked environment {words}"));
        assert_eq!(recipients(&reminders), BOTH, "{days}");
        let at = deletion_at - TimeDelta::days(days);
        for mail in reminders {
            assert!(is_soon_after(mail.date, at), "{days}: {} for {at}", mail.date);
            assert!(mail.text.contains(&deletion_at.format("%Y-%m-%d %H:%M:%S UTC").to_string()), "{}", mail.text);
            assert!(!mail.text.contains("://"), "no link: {}", mail.text);
        }
    }
    assert_eq!(about(&mails, "will be deleted in").len(), 10);
    assert_eq!(recipients(&about(&mails, "all environments were LOCKED")), BOTH);
    assert_eq!(recipients(&about(&mails, "environment test-us was deleted")), BOTH);
    // Each failed proof that reached the key, the one while probing, is told.
    assert_eq!(recipients(&about(&mails, "a failed attempt to lock-tenant")), BOTH);
}

fn at_command(stage: &Stage) -> (Terminal, Terminal) {
    let (alice, orders) = (Terminal::of(&stage.local, "alice"), Terminal::of(&stage.local, "orders"));
    fs::write(alice.file("password"), PASSWORD).unwrap();
    fs::write(orders.file("plain"), CONTENT).unwrap();
    (alice, orders)
}

const WITH_PASSWORD: [&str; 2] = ["--password-file", "password"];

fn json_of(terminal: &Terminal, arguments: &[&str]) -> Value {
    terminal.run(&[arguments, &["--output", "json"]].concat()).must_be(0).json()
}

#[test]
fn by_command() {
    let stage = Stage::new();
    let (alice, orders) = at_command(&stage);
    let lock_now = [&["lock", "now", "--key-file", "k1.pfx", "--confirm", "Contoso Ltd"][..], &WITH_PASSWORD].concat();
    alice.run(&["tenant", "opt-in"]).must_be(0);
    let generate = ["key", "generate", "k1", "--region", "europe", "--out", "k1.pfx"];
    alice.run(&[&generate[..], &WITH_PASSWORD].concat()).must_be(0);
    assert_eq!(json_of(&alice, &["key", "activate", "k1"])["outcome"], "changed");
    assert_eq!(json_of(&alice, &["environment", "protect", "prod-eu"])["managedBy"], "tenant");
    orders.run(&["seal", "prod-eu", "plain", "-o", "sealed"]).must_be(0);
    assert_ne!(fs::read(orders.file("sealed")).unwrap(), CONTENT);
    orders.run(&["open", "sealed", "-o", "first"]).must_be(0);
    assert_eq!(fs::read(orders.file("first")).unwrap(), CONTENT);

    alice.run(&lock_now).must_say(4, "lock_not_open");
    alice.run(&["clock", "advance", "71h"]).must_be(0);
    alice.run(&["clock", "advance", "58m"]).must_be(0);
    alice.run(&lock_now).must_say(4, "lock_not_open");
    alice.run(&["clock", "advance", "2m"]).must_be(0);
    let plan = json_of(&alice, &["lock", "plan"]);
    assert_eq!((&plan["environments"], &plan["keys"]), (&json!(2), &json!(["k1"])));
    let locked = json_of(&alice, &lock_now);
    check_lock(&locked, 2);
    orders.run(&["open", "sealed", "-o", "second"]).must_say(4, "environment_locked");
    assert!(!orders.file("second").exists());
    while_locked(&stage, &fs::read(orders.file("sealed")).unwrap());

    alice.run(&["environment", "unlock", "prod-eu"]).must_say(4, "key_not_presented");
    let present = [&["key", "activate", "k1", "--key-file", "k1.pfx"][..], &WITH_PASSWORD].concat();
    assert_eq!(json_of(&alice, &present)["outcome"], "reactivated");
    assert_eq!(json_of(&alice, &["environment", "unlock", "prod-eu"])["state"], "present");
    orders.run(&["open", "sealed", "-o", "second"]).must_be(0);
    assert_eq!(fs::read(orders.file("second")).unwrap(), CONTENT);

    alice.run(&["clock", "advance", "28d"]).must_be(0);
    let listed = json_of(&alice, &["environment", "list"]);
    let states: Vec<&Value> = listed["value"].as_array().unwrap().iter().map(|known| &known["state"]).collect();
    assert_eq!(states, ["present", "deleted"]);
    let subjects = json_of(&alice, &["mailbox", "list"]).to_string();
    for (_, words) in REMINDERS {
        assert_eq!(subjects.matches(words).count(), 2, "{words}");
    }
    alice.run(&["audit", "list", "--verify"]).must_be(0);
    lock_by_other_proofs(&stage, &alice, &present);
}

/// A signature that another program made, then the key file itself.
fn lock_by_other_proofs(stage: &Stage, alice: &Terminal, present: &[&str]) {
    let bench = Openssl::with_key_of(&fs::read(alice.file("k1.pfx")).unwrap(), PASSWORD);
    let challenge = json_of(alice, &["lock", "challenge", "--out", "message"]);
    fs::write(alice.file("signature"), bench.sign_pss_digest(&fs::read(alice.file("message")).unwrap())).unwrap();
    let answer = ["lock", "now", "--signature", "signature", "--challenge", challenge["challenge"].as_str().unwrap()];
    let confirmed = [&answer[..], &["--confirm", "Contoso Ltd"]].concat();
    check_lock(&json_of(alice, &confirmed), 1);
    let wait = |answer: Answer| assert_eq!(answer.must_be(200).body["inVault"], false);
    wait(stage.local.actor("alice").get("/keys/k1"));
    alice.run(&confirmed).must_be(4);
    alice.run(present).must_be(0);
    alice.run(&["environment", "unlock", "prod-eu"]).must_be(0);
    // A challenge counts once.
    alice.run(&confirmed).must_say(4, "challenge_not_usable");
    let file = ["lock", "now", "--key-file", "k1.pfx", "--send-key-file", "--confirm", "Contoso Ltd"];
    check_lock(&json_of(alice, &[&file[..], &WITH_PASSWORD].concat()), 1);
}

#[test]
fn a_hostile_key_change_is_undone() {
    let stage = Stage::new();
    let (alice, bob) = (stage.local.actor("alice"), stage.local.actor("bob"));
    stage.begin();
    stage.local.advance(24 * 3600);
    alice.generate("k2", PASSWORD);
    let changed = alice.activate("k2").must_be(202).body;
    let mails = about(&stage.mails(), "protection key k2 was activated");
    assert_eq!(recipients(&mails), BOTH);
    let until = instant(&changed["rollbackUntil"]);
    for mail in &mails {
        assert!(mail.text.contains("Who: alice") && mail.text.contains("prod-eu"), "{}", mail.text);
        let undo = format!("until {} by another administrator", until.format("%Y-%m-%d %H:%M:%S UTC"));
        assert!(mail.text.contains(&undo) && mail.text.contains("keyward key roll-back"), "{}", mail.text);
    }

    let roll_back = |who: Actor<'_>| who.finish(who.post("/keys/roll-back", &json!({})));
    roll_back(alice).must_refuse(409, "same_administrator");
    roll_back(bob).must_be(202);
    let tenant = bob.get("").must_be(200).body;
    assert_eq!((&tenant["activeKey"], &tenant["lastChange"]["kind"]), (&json!("k1"), &json!("rollback")));
    let rolled_back_at = instant(&tenant["lastChange"]["changedAt"]);
    assert_eq!(instant(&tenant["lockOpensAt"]) - rolled_back_at, TimeDelta::hours(72));
    assert_eq!(bob.get("/environments/prod-eu").must_be(200).body["wrappedBy"]["key"], "k1");
    assert_eq!(recipients(&about(&stage.mails(), "the key change to k2 was rolled back")), BOTH);
    roll_back(alice).must_refuse(409, "rollback_of_rollback");

    let activate = || alice.post("/keys/k2/activate", &json!({}));
    for minutes in [0, 24 * 60 + 1, 47 * 60 + 58] {
        stage.local.advance(minutes * 60);
        let refused = activate().must_refuse(409, "key_barred");
        assert_eq!(instant(&refused.body["retryAt"]) - rolled_back_at, TimeDelta::hours(72));
    }
    stage.local.advance_to(rolled_back_at + TimeDelta::hours(72));
    activate().must_be(202);
}

/// An account is stolen and appoints its helper; the others switch the quorum on and delete together what is to be deleted.
#[test]
fn a_helper_is_appointed_in_vain() {
    let stage = Stage::new();
    let (alice, bob) = (stage.local.actor("alice"), stage.local.actor("bob"));
    let pfx = stage.begin();
    stage.local.add_person(&json!({ "name": "mallory", "tenant": "contoso", "roles": ["global_administrator"] }));
    let mallory = stage.local.actor("mallory");
    stage.local.advance(72 * 3600);
    mallory.lock_with_file(&pfx, PASSWORD).must_refuse(403, "administrator_not_listed");
    let person = |name: &str| json!({ "person": name, "name": name, "email": format!("{name}@contoso.example"), "role": "global_administrator" });
    let list = json!({ "administrators": [person("alice"), person("bob"), person("mallory")] });
    let set = bob.post("/administrators/set", &list).must_be(200).body;
    let new_until = instant(&set["administrators"][2]["newUntil"]);
    let told = about(&stage.mails(), "the list of administrators was changed");
    assert_eq!(recipients(&told), ["alice@contoso.example", "bob@contoso.example", "mallory@contoso.example"]);
    assert!(told[0].text.contains("mallory is added"), "{}", told[0].text);
    let refused = mallory.lock_with_file(&pfx, PASSWORD).must_refuse(409, "administrator_too_new");
    assert_eq!(instant(&refused.body["retryAt"]), new_until);

    // Taken off again, and approval asked for from now on.
    let list = json!({ "administrators": [person("alice"), person("bob")] });
    alice.post("/administrators/set", &list).must_be(200);
    let on = || alice.post("/quorum/set", &json!({ "required": true }));
    on().must_refuse(409, "approval_required");
    let asked = alice.post("/approvals", &json!({ "operation": "set-quorum" })).must_be(201).body;
    let give = format!("/approvals/{}/give", asked["id"].as_str().unwrap());
    bob.post(&give, &json!({ "plan": asked["plan"] })).must_be(200);
    on().must_be(200);
    let delete = || alice.post("/environments/prod-eu/delete", &json!({ "statedName": "Contoso Production" }));
    delete().must_refuse(409, "approval_required");
    let wanted = json!({ "operation": "delete-environment", "environment": "prod-eu" });
    let asked = alice.post("/approvals", &wanted).must_be(201).body;
    assert_eq!(about(&stage.mails(), "approval is asked for: delete-environment prod-eu").len(), 3);
    let give = |who: Actor<'_>, plan: &Value| {
        who.post(&format!("/approvals/{}/give", asked["id"].as_str().unwrap()), &json!({ "plan": plan }))
    };
    give(alice, &asked["plan"]).must_refuse(409, "approval_of_own_request");
    give(mallory, &asked["plan"]).must_refuse(403, "administrator_not_listed");
    give(bob, &json!("0".repeat(64))).must_refuse(409, "approval_of_other_plan");
    assert_eq!(give(bob, &asked["plan"]).must_be(200).body["givenBy"], "bob");
    assert_eq!(delete().must_be(200).body["state"], "deleted");
    assert!(alice.list("/approvals").is_empty());
    let used = alice.audit().into_iter().find(|entry| entry["event"]["type"] == "approval_used").unwrap();
    assert_eq!((&used["by"], &used["event"]["givenBy"]), (&json!("alice"), &json!("bob")));
}
