//! Locks without a good proof. A failed proof is told to the administrators, every other refusal is logged.

use keyward_tests::keys::{PASSWORD, key, pfx_of};
use serde_json::{Value, json};

use crate::{CANARY, Case, Stage};

pub(crate) fn cases(stage: &Stage) -> Vec<Case> {
    let alice = stage.alice();
    let lock = |name: &str, body: Value| Case::post(&format!("lock: {name}"), "alice", "/lock", body.to_string());
    let good = alice.seal_file(&pfx_of(key(0)), PASSWORD);
    let named = |name: &str| json!({ "statedName": name, "sealedKeyFile": good });
    let answer = |challenge: &str, signature: &str| json!({ "statedName": "Contoso Ltd", "answer": { "challenge": challenge, "signature": signature } });
    let challenge = |who: &str| {
        let answer = stage.local.actor(who).post("/lock/challenge", &json!({})).must_be(200);
        answer.body["challenge"].as_str().unwrap().to_owned()
    };
    let own = challenge("alice");
    let unknown = "0".repeat(64);
    let mut both = answer(&own, "AAAA");
    both["sealedKeyFile"] = json!(good);
    let mut planned = named("Contoso Ltd");
    planned["plan"] = json!("0".repeat(64));
    vec![
        lock("no proof", json!({ "statedName": "Contoso Ltd" })),
        lock("two proofs", both),
        lock("no name", json!({ "sealedKeyFile": good })),
        lock("signature not base64", answer(&own, "not base64!")),
        lock(
            "signature a number",
            json!({ "statedName": "Contoso Ltd", "answer": { "challenge": own, "signature": 7 } }),
        ),
        lock("another name", named("contoso ltd")).is(409, "name_not_confirmed").logged(),
        lock("another tenant's name", named("Fabrikam")).is(409, "name_not_confirmed").logged(),
        lock("another plan", planned).is(412, "plan_changed").logged(),
        lock("another revision", named("Contoso Ltd"))
            .with("if-match", b"\"4000\"")
            .is(412, "precondition_failed")
            .logged(),
        lock("unknown challenge", answer(&unknown, "AAAA")).is(409, "challenge_not_usable").told(),
        lock("no challenge", answer("", "AAAA")).is(409, "challenge_not_usable").told(),
        lock("a challenge that reaches elsewhere", answer("../TENANT", "AAAA")).is(409, "challenge_not_usable").told(),
        lock("bob's challenge", answer(&challenge("bob"), "AAAA")).is(409, "challenge_not_usable").told(),
        lock("no signature", answer(&own, "")).is(409, "possession_not_proven").told(),
    ]
}

/// A8: no person has more than five failed attempts within a quarter of an hour.
pub(crate) fn files(stage: &Stage) -> Vec<Case> {
    let alice = stage.alice();
    let lock = |name: &str, who: &'static str, body: Value| {
        Case::post(&format!("lock: {name}"), who, "/lock", body.to_string())
    };
    let file = |name: &str, sealed: String| {
        lock(name, "alice", json!({ "statedName": "Contoso Ltd", "sealedKeyFile": sealed }))
    };
    let challenge = stage.local.actor("bob").post("/lock/challenge", &json!({})).must_be(200).body["challenge"].clone();
    let answer = json!({ "challenge": challenge, "signature": "A".repeat(100_000) });
    let long = json!({ "statedName": "Contoso Ltd", "answer": answer });
    vec![
        lock("long signature", "bob", long).is(409, "possession_not_proven").told(),
        file("another key's file", alice.seal_file(&pfx_of(key(1)), PASSWORD)).is(409, "possession_not_proven").told(),
        file("wrong password", alice.seal_file(&pfx_of(key(0)), CANARY)).is(422, "wrong_password").told(),
        file("no key file", alice.seal_file(CANARY.as_bytes(), CANARY)).is(422, "not_pfx").told(),
        file("not sealed", CANARY.to_owned()).is(422, "sealed_malformed").told(),
        file("a sealed password", alice.seal(CANARY.as_bytes())).is(422, "not_sealed_for_this_vault").told(),
    ]
}
