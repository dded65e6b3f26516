//! Administrators, the quorum and approvals: appointed and removed, asked for and given, void, and too old a sign-in.

use std::fs;

use keyward_tests::{
    command::{Ended, Terminal},
    local::Local,
};
use serde_json::{Value, json};

use crate::{alice as alice_with_a_key, answering, started};

const HOUR: i64 = 3600;

fn signed_in(local: &Local) -> [Terminal; 2] {
    ["alice", "bob"].map(|name| Terminal::of(local, name))
}

/// Alice and bob, who approve each other's requests.
fn with_quorum(local: &Local) -> [Terminal; 2] {
    let [alice, bob] = signed_in(local);
    switch_on(&alice, &bob);
    [alice, bob]
}

/// The first switches the quorum on, which the second approves.
fn switch_on(first: &Terminal, second: &Terminal) {
    let on = ["quorum", "on", "--confirm", "Contoso Ltd"];
    let id = asks(first, &on);
    second.run(&["approval", "give", &id, "--confirm", "Contoso Ltd"]).must_be(0);
    first.run(&on).must_be(0);
}

/// The problem that a command ended with.
fn problem(ended: &Ended) -> Value {
    serde_json::from_str(&ended.stderr).unwrap_or_else(|error| panic!("{error}: {}", ended.stderr))
}

/// Runs what needs an approval; gives its identifier.
fn asks(who: &Terminal, command: &[&str]) -> String {
    let ended = who.run(&[command, &["--output", "json"]].concat()).must_be(4);
    assert_eq!(problem(&ended)["code"], "approval_required", "{}", ended.stderr);
    problem(&ended)["approval"].as_str().unwrap().to_owned()
}

fn open_approvals(who: &Terminal) -> usize {
    let list = who.run(&["approval", "list", "--output", "json"]).must_be(0).json();
    list["value"].as_array().unwrap().len()
}

#[test]
fn administrators_are_appointed_and_removed() {
    let (_data, local) = started();
    let [alice, bob] = signed_in(&local);
    let add = |more: &[&str]| {
        let add = ["administrator", "add", "carol,Carol,carol@contoso.example", "--role", "service"];
        alice.run(&[&add[..], more].concat())
    };
    add(&[]).must_say(2, "--confirm 'Contoso Ltd'");
    let plan = add(&["--dry-run"]).must_be(0).text();
    assert!(plan.contains("carol is added") && !plan.contains("environments"), "{plan}");
    assert!(!alice.run(&["administrator", "list"]).must_be(0).text().contains("carol"));
    let listed = add(&["--confirm", "Contoso Ltd"]).must_be(0).text();
    assert!(
        listed.contains("carol") && listed.contains("new, can't lock, roll back, destroy, delete or approve"),
        "{listed}"
    );
    add(&["--confirm", "Contoso Ltd"]).must_say(4, "administrator_listed");
    alice.run(&["administrator", "remove", "dave", "--confirm", "Contoso Ltd"]).must_say(6, "not_found");
    let remove = |who: &Terminal, person: &str| {
        who.run(&["administrator", "remove", person, "--confirm", "Contoso Ltd", "--output", "json"])
    };
    assert_eq!(remove(&alice, "bob").must_be(0).json()["administrators"].as_array().unwrap().len(), 2);
    let list = alice.run(&["administrator", "list", "--output", "json"]).must_be(0).json();
    assert_eq!(list["formerAdministrators"][0]["person"], "bob");
    assert!(list["administrators"][1]["newUntil"].is_string() && list["administrators"][0]["newUntil"].is_null());
    let shown = alice.run(&["tenant", "show"]).must_be(0).text();
    for words in ["former administrator", "gets the notices until", "new until", "each administrator decides alone"] {
        assert!(shown.contains(words), "{words} in {shown}");
    }
    // Whoever was removed still signs in, but is refused where the list counts.
    bob.run(&["quorum", "on", "--confirm", "Contoso Ltd"]).must_say(3, "administrator_not_listed");
    let refused = remove(&alice, "alice").must_be(4);
    assert_eq!(problem(&refused)["code"], "last_administrator");
    local.advance(25 * HOUR);
    let list = alice.run(&["administrator", "list"]).must_be(0).text();
    assert!(!list.contains("bob") && !list.contains("new,") && list.contains("carol"), "{list}");
    // The whole list, with another address for alice.
    let set = [
        "administrator",
        "set",
        "--global-administrator",
        "alice,Alice,alice@new.example",
        "--service-administrator",
        "bob,Bob,bob@contoso.example",
        "--confirm",
        "Contoso Ltd",
    ];
    let list = alice.run(&set).must_be(0).text();
    for words in ["alice@new.example", "former address, gets the notices", "removed, gets the notices"] {
        assert!(list.contains(words), "{words} in {list}");
    }
    let wrong = ["administrator", "set", "--global-administrator", "alice,Alice", "--confirm", "Contoso Ltd"];
    alice.run(&wrong).must_say(2, "person,name,email");
    Terminal::of(&local, "ada").run(&["administrator", "list"]).must_be(0);
}

#[test]
fn a_deletion_waits_for_the_second_administrator() {
    let (_data, local) = started();
    let [alice, bob] = with_quorum(&local);
    assert!(bob.run(&["tenant", "show"]).must_be(0).text().contains("wait for another administrator's approval"));
    alice.run(&["quorum", "on", "--confirm", "Contoso Ltd"]).must_say(0, "so already");
    let delete = ["environment", "delete", "test-us", "--confirm", "Contoso Test"];
    let dry = alice.run(&["environment", "delete", "test-us", "--dry-run"]).must_be(0).text();
    assert!(dry.contains("needed of another administrator"), "{dry}");
    assert_eq!(open_approvals(&alice), 0);
    // The name first: nothing is asked of others that was not confirmed.
    alice.run(&["environment", "delete", "test-us", "--confirm", "Contoso"]).must_say(2, "not_confirmed");
    assert_eq!(open_approvals(&alice), 0);
    let said = alice.run(&delete).must_say(4, "approval_required, rule A7");
    assert!(said.stderr.contains("Bob (bob): keyward approval give ap-"), "{}", said.stderr);
    assert!(said.stderr.contains("in 23 h 59 min") || said.stderr.contains("in 24 h"), "{}", said.stderr);
    assert!(!said.stderr.contains('\u{1b}') && said.stdout.is_empty());
    let id = asks(&alice, &delete);
    let again = problem(&alice.run(&[&delete[..], &["--output", "json"]].concat()));
    assert_eq!((&again["approval"], &again["approvers"]), (&json!(id), &json!(["bob"])));
    assert!(again["expiresAt"].is_string() && again["nextStep"].as_str().unwrap().contains(&id), "{again}");
    assert_eq!(open_approvals(&bob), 1);
    let list = bob.run(&["approval", "list"]).must_be(0).text();
    for words in [&id, "delete-environment", "environment test-us", "alice"] {
        assert!(list.contains(words), "{words} in {list}");
    }

    alice.run(&["approval", "give", &id, "--confirm", "Contoso Test"]).must_say(4, "approval_of_own_request");
    bob.run(&["approval", "give", &id]).must_say(2, "--confirm 'Contoso Test'");
    bob.run(&["approval", "give", &id, "--confirm", "Contoso Ltd"]).must_say(2, "not_confirmed");
    bob.run(&["approval", "give", "ap-other", "--confirm", "x"]).must_say(6, "keyward approval list");
    let plan = bob.run(&["approval", "give", &id, "--dry-run"]).must_be(0).text();
    assert!(
        plan.contains("data keys are destroyed")
            && plan.contains("alice asks for approval")
            && !plan.contains("refused"),
        "{plan}"
    );
    let given = bob.run(&["approval", "give", &id, "--confirm", "Contoso Test"]).must_be(0);
    assert!(given.text().contains("bob") && given.stderr.contains("alice can do it once"), "{}", given.stderr);
    assert_eq!(local.actor("alice").get("/environments/test-us").body["state"], "present");
    // Bob's approval is for alice.
    bob.run(&delete).must_say(4, "Alice (alice)");
    let deleted = alice.run(&[&delete[..], &["--output", "json"]].concat()).must_be(0).json();
    assert_eq!(deleted["state"], "deleted");
    bob.run(&["approval", "give", &id, "--plan", "ab"]).must_say(6, "not_found");
}

#[test]
fn a_plan_that_has_changed_makes_the_request_void() {
    let (_data, local) = started();
    let [alice, bob] = with_quorum(&local);
    let delete = ["environment", "delete", "test-us", "--confirm", "Contoso Test"];
    let id = asks(&alice, &delete);
    let list = bob.run(&["approval", "list", "--output", "json"]).must_be(0).json();
    let seen = list["value"][0]["plan"].as_str().unwrap().to_owned();
    let olivia = Terminal::of(&local, "olivia");
    let until = (local.now() + chrono::TimeDelta::days(60)).to_rfc3339();
    let backup = ["backup", "register", "test-us", "b1", "--retained-until", &until];
    olivia.run(&[&["--tenant", "contoso"], &backup[..]].concat()).must_be(0);
    let void = bob.run(&["approval", "give", &id, "--confirm", "Contoso Test"]).must_say(5, "approval_void");
    assert!(void.stderr.contains("asks again"), "{}", void.stderr);
    bob.run(&["approval", "give", &id, "--plan", "00"]).must_say(4, "approval_of_other_plan");
    // Given nevertheless, by who looked before, it is for the plan that was: alice has to ask anew.
    bob.run(&["approval", "give", &id, "--plan", &seen]).must_be(0);
    let anew = asks(&alice, &delete);
    assert_ne!(anew, id);
    bob.run(&["approval", "give", &anew, "--confirm", "Contoso Test"]).must_be(0);
    alice.run(&delete).must_be(0);
}

#[test]
fn lock_key_and_quorum_wait_for_an_approval_too() {
    let (_data, local) = started();
    let alice = alice_with_a_key(&local);
    let bob = Terminal::of(&local, "bob");
    let refused = alice.run(&["approval", "request", "lock-tenant", "--output", "json"]).must_be(4);
    assert_eq!(problem(&refused)["code"], "quorum_not_required");
    switch_on(&alice, &bob);
    let approved = |asker: &Terminal, giver: &Terminal, name: &str, command: &[&str]| {
        let id = asks(asker, command);
        giver.run(&["approval", "give", &id, "--confirm", name]).must_be(0);
        asker.run(command).must_be(0);
    };
    let generate = |id: &str| {
        let file = format!("{id}.pfx");
        let into = ["--region", "europe", "--out", &file, "--password-file", "password"];
        alice.run(&[&["key", "generate", id], &into[..]].concat()).must_be(0);
        alice.run(&["key", "activate", id]).must_be(0);
    };
    // For changes of before, and of the day after it was switched on, the quorum holds no rollback up.
    local.advance(25 * HOUR);
    generate("spare");
    // The one who changed the key can approve that it is rolled back.
    approved(&bob, &alice, "Contoso Ltd", &["key", "roll-back", "--confirm", "Contoso Ltd"]);
    approved(&alice, &bob, "spare", &["key", "destroy", "spare", "--confirm", "spare"]);
    local.advance(73 * HOUR);
    generate("k2");
    local.advance(73 * HOUR);
    for wrong in [&["delete-environment"][..], &["lock-tenant", "--key", "k2"], &["destroy-key", "--environment", "e"]]
    {
        alice.run(&[&["approval", "request"], wrong].concat()).must_say(2, "delete-environment takes an environment");
    }
    // Asked for in advance: then the command need not ask.
    let request = ["approval", "request", "lock-tenant", "--output", "json"];
    let asked = alice.run(&request).must_be(0);
    assert!(asked.stderr.contains("last leases end"), "{}", asked.stderr);
    assert!(alice.run(&["-q", "approval", "request", "lock-tenant"]).must_be(0).stderr.is_empty());
    let id = asked.json()["id"].as_str().unwrap().to_owned();
    bob.run(&["approval", "give", &id, "--confirm", "Contoso Ltd"]).must_be(0);
    approved(&bob, &alice, "Contoso Ltd", &["quorum", "off", "--confirm", "Contoso Ltd"]);
    switch_on(&alice, &bob);
    // Switching it off took the approval with it.
    let lock = ["lock", "now", "--key-file", "k2.pfx", "--password-file", "password", "--confirm", "Contoso Ltd"];
    approved(&alice, &bob, "Contoso Ltd", &lock);
    assert_eq!(local.actor("alice").get("").body["lockedEnvironments"], 2);
}

#[test]
fn after_too_many_failed_proofs_the_command_does_not_try_on() {
    let (_data, local) = started();
    let alice = alice_with_a_key(&local);
    local.advance(73 * HOUR);
    fs::write(alice.file("signature"), [7_u8; 256]).unwrap();
    let prove = || {
        let challenge = alice.run(&["lock", "challenge", "--output", "json"]).must_be(0).json();
        let challenge = challenge["challenge"].as_str().unwrap().to_owned();
        let lock = ["lock", "now", "--signature", "signature", "--challenge", &challenge];
        alice.run(&[&lock[..], &["--confirm", "Contoso Ltd", "-v"]].concat())
    };
    for _ in 0..5 {
        prove().must_say(4, "possession_not_proven");
    }
    let stopped = prove().must_say(7, "too_many_attempts, rule A8");
    assert!(stopped.stderr.contains("possible from") && !stopped.stderr.contains("attempt 1"), "{}", stopped.stderr);
}

#[test]
fn too_old_a_sign_in_says_how_to_sign_in_again() {
    let (_data, local) = started();
    let [alice, bob] = with_quorum(&local);
    let id = asks(&alice, &["environment", "delete", "test-us", "--confirm", "Contoso Test"]);
    local.advance(11 * 60);
    let old = bob.run(&["approval", "give", &id, "--confirm", "Contoso Test"]).must_say(3, "sign_in_too_old, rule A5");
    let next = "keyward login --as bob, then repeat the command within 10 min";
    assert!(old.stderr.contains(next), "{}", old.stderr);
    alice.run(&["environment", "delete", "prod-eu", "--dry-run"]).must_be(0);
    alice.run(&["quorum", "off", "--confirm", "Contoso Ltd"]).must_say(3, "sign_in_too_old");
    let add = ["administrator", "add", "eve,Eve,eve@x.example", "--role", "global", "--confirm", "Contoso Ltd"];
    alice.run(&add).must_say(3, "sign_in_too_old");
    // A given token is not this command's to get again.
    fs::write(bob.file("given"), fs::read(bob.file("profile/token")).unwrap()).unwrap();
    let given = bob.run(&["--token-file", "given", "approval", "give", &id, "--confirm", "Contoso Test"]);
    assert!(given.must_say(3, "sign_in_too_old").stderr.contains("by signing in again, then repeat"));
    bob.run(&["login", "--anew"]).must_be(0);
    assert!(bob.run(&["whoami"]).must_be(0).text().contains("bob"));
    bob.run(&["approval", "give", &id, "--confirm", "Contoso Test"]).must_be(0);
    // At an identity provider.
    let url = answering("401 No", &json!({ "code": "sign_in_too_old", "maxAgeSeconds": 600 }).to_string());
    let anna = Terminal::at(&url);
    fs::create_dir(anna.file("profile")).unwrap();
    let profile = json!({ "url": url, "tenant": "contoso", "provider": {
        "issuer": "https://id.example.org", "clientId": "c", "scopes": [] } });
    for (name, content) in [("profile.json", profile.to_string()), ("token", "a.b.c\n".to_owned())] {
        use std::os::unix::fs::PermissionsExt as _;
        fs::write(anna.file("profile").join(name), content).unwrap();
        fs::set_permissions(anna.file("profile").join(name), fs::Permissions::from_mode(0o600)).unwrap();
    }
    anna.run(&["tenant", "show"]).must_say(3, "keyward login --anew, then repeat the command within 10 min");
}

#[test]
fn a_change_is_for_the_list_that_was_read() {
    let (_data, local) = started();
    let [alice, _] = signed_in(&local);
    // Between reading and sending somebody else changes the tenant: the entity tag that was read does not hold any more.
    let read = local.get(&local.token("alice"), "/v1/tenants/contoso");
    let tag = read.headers["etag"].to_str().unwrap().to_owned();
    alice.run(&["tenant", "opt-in"]).must_be(0);
    assert_ne!(local.get(&local.token("alice"), "/v1/tenants/contoso").headers["etag"].to_str().unwrap(), tag);
    let stale = answering_with_tag(&read.body, &tag, local.url());
    let token = local.token("alice");
    let remove = ["--url", &stale, "--tenant", "contoso", "administrator", "remove", "bob", "--confirm", "Contoso Ltd"];
    alice.run_with(&remove, &[("KEYWARD_TOKEN", &token)], b"").must_say(5, "precondition_failed");
    assert_eq!(local.actor("alice").get("").body["administrators"].as_array().unwrap().len(), 2);
}

/// A server that answers the first request with this tenant, and hands the others on.
fn answering_with_tag(tenant: &Value, tag: &str, behind: &str) -> String {
    use std::{
        io::{BufRead as _, BufReader, Read as _, Write as _},
        net::TcpListener,
        thread,
    };
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (tenant, tag, behind) = (tenant.to_string(), tag.to_owned(), behind.to_owned());
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            let mut lines = Vec::new();
            loop {
                let mut line = String::new();
                reader.read_line(&mut line).unwrap();
                match line.trim() {
                    "" => break,
                    line => lines.push(line.to_owned()),
                }
            }
            let (status, body) = if lines[0].starts_with("GET ") {
                (200, tenant.clone())
            } else {
                let path = lines[0].split(' ').nth(1).unwrap();
                let mut request = reqwest::blocking::Client::new().post(format!("{behind}{path}"));
                let mut length = 0;
                for (name, value) in lines[1..].iter().filter_map(|line| line.split_once(": ")) {
                    match name.to_ascii_lowercase().as_str() {
                        "content-length" => length = value.parse().unwrap(),
                        "host" | "accept" => {}
                        _ => request = request.header(name, value),
                    }
                }
                let mut body = vec![0; length];
                reader.read_exact(&mut body).unwrap();
                let answer = request.body(body).send().unwrap();
                (answer.status().as_u16(), answer.text().unwrap())
            };
            let _ = write!(
                stream,
                "HTTP/1.1 {status} X\r\netag: {tag}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
                body.len()
            );
        }
    });
    url
}
