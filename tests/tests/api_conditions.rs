//! Repetitions, entity tags, plans, pages, operations, and how the local process keeps to itself.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a test fails by panicking and says what it measured")]

use std::{fs, process::Command};

use keyward_tests::{
    actor::{Actor, CONTOSO, instant},
    keys::{PASSWORD, key, pfx_of},
    local::{Answer, Local, program},
};
use serde_json::{Value, json};
use tempfile::TempDir;

fn started() -> (TempDir, Local) {
    let data = tempfile::tempdir().unwrap();
    let local = Local::start(&data.path().join("data"), &data.path().join("log"));
    (data, local)
}

/// Opted in, with an active key.
fn with_key() -> (TempDir, Local) {
    let (data, local) = started();
    let alice = local.actor("alice");
    alice.post("/opt-in", &json!({})).must_be(200);
    alice.upload("k1", &pfx_of(key(0)), PASSWORD).must_be(201);
    alice.activate("k1").must_be(202);
    (data, local)
}

fn environment(id: &str) -> Value {
    json!({ "id": id, "name": format!("Environment {id}"), "kind": "sandbox", "region": "europe", "workloads": ["orders"] })
}

/// What reads give, to see that nothing was changed.
fn state(alice: Actor<'_>) -> Vec<Value> {
    let mut state: Vec<Value> =
        ["", "/keys", "/environments"].map(|path| alice.get(path).must_be(200).decided()).into();
    state.extend(alice.audit());
    state
}

#[test]
fn a_repeated_request_has_one_effect() {
    let (_data, local) = started();
    let (alice, bob, olivia) = (local.actor("alice"), local.actor("bob"), local.actor("olivia"));
    let headers = [("idempotency-key", "one")];
    let first = olivia.post_with("/environments", &headers, &environment("new")).must_be(201);
    let events = alice.audit().len();
    let again = olivia.post_with("/environments", &headers, &environment("new")).must_be(201);
    assert_eq!(again.body, first.body);
    assert_eq!(alice.audit().len(), events);
    let reused = "idempotency_key_reused";
    olivia.post_with("/environments", &headers, &environment("other")).must_refuse(422, reused);
    olivia.post_with("/environments/new/backups", &headers, &environment("new")).must_refuse(422, reused);
    olivia.post_with("/environments?dryRun=false", &headers, &environment("new")).must_be(400);
    assert_eq!(alice.audit().len(), events);
    // Without the key the same request is another one.
    olivia.post("/environments", &environment("new")).must_refuse(409, "environment_exists");

    // A key is the caller's own.
    alice.post_with("/opt-in", &headers, &json!({})).must_be(200);
    bob.post_with("/opt-in", &headers, &json!({})).must_refuse(409, "already_opted_in");
    alice.post_with("/opt-in", &headers, &json!({})).must_be(200);
    // A refusal is not kept: what was refused is decided again.
    let later = [("idempotency-key", "later")];
    alice.post_with("/environments/new/protect", &later, &json!({})).must_refuse(409, "no_active_key");
    generated_once(alice);
    alice.post_with("/environments/new/protect", &later, &json!({})).must_be(200);
}

#[test]
fn an_answer_is_given_again_for_a_day() {
    let (_data, local) = started();
    let headers = [("idempotency-key", "one")];
    let register = |id: &str| local.actor("olivia").post_with("/environments", &headers, &environment(id));
    register("new").must_be(201);
    local.advance(23 * 3600);
    register("new").must_be(201);
    register("other").must_refuse(422, "idempotency_key_reused");
    // The embedded table keeps what has expired, and that makes no difference.
    local.advance(3600);
    register("new").must_refuse(409, "environment_exists");
    let other = register("other").must_be(201);
    assert_eq!(register("other").must_be(201).body, other.body);
}

/// The key file is in the first answer only, and there is one key.
fn generated_once(alice: Actor<'_>) {
    let headers = [("idempotency-key", "generate")];
    let body = json!({ "id": "k1", "region": "europe", "sealedPassword": alice.seal(PASSWORD.as_bytes()) });
    let first = alice.post_with("/keys/generate", &headers, &body).must_be(201).body;
    let again = alice.post_with("/keys/generate", &headers, &body).must_be(201).body;
    assert!(first["pfx"].as_str().unwrap().len() > 2000);
    assert_eq!(again["pfx"], Value::Null);
    assert_eq!(again["key"], first["key"]);
    assert_eq!(alice.get("/keys").body["value"].as_array().unwrap().len(), 1);

    let headers = [("idempotency-key", "activate")];
    let first = alice.finish(alice.post_with("/keys/k1/activate", &headers, &json!({})).must_be(202));
    let again = alice.post_with("/keys/k1/activate", &headers, &json!({})).must_be(202);
    assert_eq!(again.body, first.body);
    // Whoever lost the first answer can follow the operation by the second one.
    let place = |answer: &Answer| answer.header("operation-location").map(str::to_owned);
    assert!(place(&first).is_some());
    assert_eq!(place(&again), place(&first));
}

#[test]
fn an_entity_tag_holds_a_change_to_what_was_read() {
    let (_data, local) = with_key();
    let alice = local.actor("alice");
    let path = "/environments/prod-eu";
    let tag = |answer: &Answer| answer.header("etag").unwrap().to_owned();
    let before = tag(&alice.get(path));
    let protect = |tag: &str| alice.post_with(&format!("{path}/protect"), &[("if-match", tag)], &json!({}));
    let other = format!("\"{}\"", before.trim_matches('"').parse::<u64>().unwrap() + 1);
    protect(&other).must_refuse(412, "precondition_failed");
    let after = tag(&protect(&before).must_be(200));
    assert_ne!(after, before);
    assert_eq!(after, tag(&alice.get(path)));
    let revert = |tag: &str| {
        let body = json!({ "statedName": "Contoso Production" });
        alice.post_with(&format!("{path}/revert"), &[("if-match", tag)], &body)
    };
    revert(&before).must_refuse(412, "precondition_failed");
    assert_eq!(revert(&after).must_be(200).body["managedBy"], "provider");

    let tenant = tag(&alice.get(""));
    alice.post_with("/keys/k1/activate", &[("if-match", "\"1\"")], &json!({})).must_refuse(412, "precondition_failed");
    // That refusal is in the audit log, so the tenant has moved.
    alice.post_with("/keys/k1/activate", &[("if-match", &tenant)], &json!({})).must_refuse(412, "precondition_failed");
    let tenant = tag(&alice.get(""));
    alice.post_with("/keys/k1/activate", &[("if-match", &tenant)], &json!({})).must_be(200);
}

#[test]
fn a_dry_run_changes_nothing_and_a_plan_holds_until_something_does() {
    let (_data, local) = with_key();
    let (alice, bob, olivia) = (local.actor("alice"), local.actor("bob"), local.actor("olivia"));
    alice.post("/environments/prod-eu/protect", &json!({})).must_be(200);
    alice.upload("k2", &pfx_of(key(1)), PASSWORD).must_be(201);
    let until = local.now() + chrono::TimeDelta::days(30);
    let backup = |id: &str| olivia.post("/environments/prod-eu/backups", &json!({ "id": id, "retainedUntil": until }));
    backup("b1").must_be(201);
    let before = state(alice);
    let destructive = [
        ("/keys/roll-back", 1),
        ("/keys/k2/destroy", 0),
        ("/environments/prod-eu/revert", 1),
        ("/environments/prod-eu/delete", 1),
        ("/environments/prod-eu/backups/b1/restore", 1),
    ];
    let plan = |path: &str| {
        bob.post_with(&format!("{path}?dryRun=true"), &[("idempotency-key", "dry")], &json!({})).must_be(200).body
    };
    for (path, environments) in destructive {
        let planned = plan(path);
        assert_eq!(planned["environments"], environments, "{path}");
        assert_eq!(planned["refusedWith"], Value::Null, "{path}");
        assert_eq!(planned["hash"].as_str().unwrap().len(), 64);
        assert!(!planned["effects"].as_array().unwrap().is_empty(), "{path}");
        assert_eq!(plan(path)["hash"], planned["hash"], "the same plan again: {path}");
    }
    let lock = bob.get("/lock/plan").must_be(200).body;
    assert_eq!((&lock["refusedWith"], &lock["environments"]), (&json!("lock_not_open"), &json!(2)));
    assert_eq!(state(alice), before);

    let path = "/environments/prod-eu/delete";
    let delete = |hash: &Value| bob.post(path, &json!({ "statedName": "Contoso Production", "plan": hash }));
    let stale = plan(path)["hash"].clone();
    let other = plan("/environments/prod-eu/revert")["hash"].clone();
    backup("b2").must_be(201);
    delete(&stale).must_refuse(412, "plan_changed");
    delete(&other).must_refuse(412, "plan_changed");
    let fresh = plan(path);
    assert_eq!(fresh["backups"], 2);
    assert_eq!(delete(&fresh["hash"]).must_be(200).body["state"], "deleted");
    planned_lock(&local);
}

fn planned_lock(local: &Local) {
    let (alice, olivia) = (local.actor("alice"), local.actor("olivia"));
    local.advance(72 * 3600);
    let sealed = alice.seal_file(&pfx_of(key(0)), PASSWORD);
    let plan = || alice.get("/lock/plan").must_be(200).body["hash"].clone();
    let lock = |hash: &Value| {
        alice.post("/lock", &json!({ "statedName": "Contoso Ltd", "sealedKeyFile": sealed, "plan": hash }))
    };
    let stale = plan();
    olivia.post("/environments", &environment("new")).must_be(201);
    lock(&stale).must_refuse(412, "plan_changed");
    lock(&plan()).must_be(202);
}

#[test]
fn a_long_list_comes_in_pages() {
    let (_data, local) = with_key();
    let (alice, olivia) = (local.actor("alice"), local.actor("olivia"));
    let token = local.token("olivia");
    for number in 0..118 {
        let body = environment(&format!("e{number:03}"));
        local.post(&token, &format!("{CONTOSO}/environments"), &body).must_be(201);
    }
    for number in [3, 60, 61, 117] {
        alice.post(&format!("/environments/e{number:03}/protect"), &json!({})).must_be(200);
    }
    let ids = |query: &str| -> Vec<String> {
        let all = alice.list(&format!("/environments{query}"));
        all.iter().map(|known| known["id"].as_str().unwrap().to_owned()).collect()
    };
    let all = ids("");
    let mut sorted = all.clone();
    sorted.sort();
    sorted.dedup();
    assert_eq!((all.len(), &all), (120, &sorted));
    for query in
        ["?limit=1", "?limit=7", "?limit=50", "?limit=60", "?limit=100", "?locked=false", "?locked=false&limit=9"]
    {
        assert_eq!(ids(query), all, "{query}");
    }
    let first = alice.get("/environments").must_be(200).body;
    assert_eq!(first["value"].as_array().unwrap().len(), 50);
    assert!(first["nextLink"].as_str().unwrap().starts_with("/v1/tenants/contoso/environments?after="));
    let protected = ["e003", "e060", "e061", "e117"];
    for query in [
        "?managedBy=tenant",
        "?managedBy=tenant&limit=1",
        "?managedBy=tenant&limit=3",
        "?managedBy=tenant&locked=false&limit=50",
    ] {
        assert_eq!(ids(query), protected, "{query}");
    }
    assert_eq!(ids("?managedBy=provider&limit=33").len(), 116);
    assert!(ids("?locked=true&limit=20").is_empty());
    // What comes in on the way neither repeats nor hides anything.
    let page = olivia.get("/environments?limit=100").must_be(200).body;
    olivia.post("/environments", &environment("a-new")).must_be(201);
    olivia.post("/environments", &environment("z-new")).must_be(201);
    let rest = local.get(&token, page["nextLink"].as_str().unwrap()).must_be(200).body;
    let rest: Vec<&str> = rest["value"].as_array().unwrap().iter().map(|known| known["id"].as_str().unwrap()).collect();
    assert_eq!((rest.first(), rest.last()), (Some(&all[100].as_str()), Some(&"z-new")));

    local.advance(72 * 3600);
    assert_eq!(alice.lock_with_file(&pfx_of(key(0)), PASSWORD).must_be(202).body["environments"], 122);
    assert_eq!(ids("?locked=true&limit=40").len(), 122);
    assert_eq!(ids("?locked=true&managedBy=tenant&limit=40"), protected);
    let audit = alice.audit();
    assert!(audit.iter().zip(1_u64..).all(|(entry, number)| entry["sequence"] == number));
    assert!(audit.windows(2).all(|pair| pair[1]["previousHash"] == pair[0]["hash"]));
    println!("{} environments, {} audit events", ids("").len(), audit.len());
}

#[test]
fn an_operation_is_followed_by_its_place() {
    let (_data, local) = with_key();
    let alice = local.actor("alice");
    alice.post("/environments/prod-eu/protect", &json!({})).must_be(200);
    alice.upload("k2", &pfx_of(key(1)), PASSWORD).must_be(201);
    local.advance(24 * 3600);
    let answer = alice.post("/keys/k2/activate", &json!({})).must_be(202);
    let place = answer.header("operation-location").unwrap().to_owned();
    assert_eq!(place, format!("{CONTOSO}/operations/{}", answer.body["operation"].as_str().unwrap()));
    assert_eq!(answer.header("retry-after"), Some("1"));
    local.finish(&local.token("ada"), &place);
    let operation = local.get(&local.token("alice"), &place).must_be(200).body;
    assert_eq!((&operation["kind"], &operation["status"]), (&json!("change_key"), &json!("succeeded")));
    assert_eq!(
        (&operation["done"], &operation["total"], &operation["startedBy"]),
        (&json!(1), &json!(1), &json!("alice"))
    );
    let stages = operation["stages"].as_array().unwrap();
    assert_eq!(stages.len(), 4);
    assert!(stages.iter().all(|stage| stage["status"] == "succeeded"));
    assert!(instant(&operation["updatedAt"]) >= instant(&operation["startedAt"]));
    assert_eq!(alice.get("").body["runningOperation"], Value::Null);
    local.get(&local.token("frank"), &place).must_refuse(404, "not_found");
}

fn serve(arguments: &[&str]) -> (bool, String) {
    let output = Command::new(program("keyward-local")).arg("serve").args(arguments).output().unwrap();
    (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn the_local_process_keeps_to_itself() {
    let (data, local) = started();
    let folder = data.path().join("data");
    let before = fs::read_to_string(folder.join("people.json")).unwrap();
    let (success, said) = serve(&["--listen", "127.0.0.1:0", "--data", folder.to_str().unwrap()]);
    assert!(!success && said.contains("already open") && said.contains("another directory"), "{said}");
    assert!(said.contains(&local.id().to_string()), "{said}");
    assert_eq!(fs::read_to_string(folder.join("people.json")).unwrap(), before);
    let fresh = data.path().join("fresh");
    for address in ["0.0.0.0:0", "[::]:0", "192.0.2.1:0"] {
        let (success, said) = serve(&["--listen", address, "--data", fresh.to_str().unwrap()]);
        assert!(!success && said.contains("not a loopback address"), "{address}: {said}");
    }
    assert!(!fresh.exists());

    let token = local.token("alice");
    let ask = |path: &str, name: &str, value: &str| {
        let request = local.request("GET", path, Some(&token)).header(name.to_owned(), value.to_owned());
        Answer::of(request.send().unwrap())
    };
    for path in [CONTOSO, "/dev/people", "/dev/mailbox"] {
        for host in [
            "evil.example",
            "127.0.0.1.evil.example",
            "localhost.evil.example",
            "10.0.0.1:7420",
            "0.0.0.0",
            "",
            "evil.example:7420",
        ] {
            ask(path, "host", host).must_refuse(403, "forbidden");
        }
        for host in ["localhost", "127.0.0.1:1", "[::1]:7420", "127.9.9.9"] {
            ask(path, "host", host).must_be(200);
        }
        for origin in ["https://evil.example", "null", "http://localhost:1", "http://127.0.0.1"] {
            ask(path, "origin", origin).must_refuse(403, "forbidden");
        }
        ask(path, "origin", local.url()).must_be(200);
    }
    local.get(&token, CONTOSO).must_be(200);
}
