//! The way of the secrets through everything.

use std::fs;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use keyward_keyfile::{Limits, Password, PublicKey, byok, pfx};
use keyward_tests::{
    actor::Actor,
    command::Terminal,
    keys::{key, pfx_of},
    openssl::Openssl,
    traces::Secret,
};
use serde_json::json;

use crate::{CONTENT, GENERATED, MISPLACED, Stage, TYPED, UPLOADED, WRONG, key_parts::parts};

pub(crate) fn over_http(stage: &Stage) {
    let local = &stage.local;
    let (alice, bob, olivia) = (local.actor("alice"), local.actor("bob"), local.actor("olivia"));
    // Tokens are strings of their moment: these are used as they are.
    for name in ["alice", "bob", "olivia", "orders", "ada"] {
        let token = stage.token(name);
        local.get(&token, "/v1/tenants/contoso");
        local.get(&token, "/v1/tenants/nowhere").must_be(404);
        local.post(&token, "/v1/tenants/contoso/opt-in", &json!({ "token": token })).must_be(400);
    }
    alice.post("/opt-in", &json!({})).must_be(200);
    parts("uploaded key", key(0)).into_iter().for_each(|secret| stage.knows(secret));
    upload(stage, alice);
    import(stage, alice);
    let headers = [("idempotency-key", "generate")];
    let body = json!({ "id": "k2", "region": "europe", "sealedPassword": alice.seal(GENERATED.as_bytes()) });
    let generated = alice.post_with("/keys/generate", &headers, &body).must_be(201).body;
    alice.post_with("/keys/generate", &headers, &body).must_be(201);
    let file = STANDARD.decode(generated["pfx"].as_str().unwrap()).unwrap();
    stage.knows(Secret::new("generated key file", &file[file.len() / 2..file.len() / 2 + 96]));
    let opened = pfx::read(&file, &Password::new(GENERATED).unwrap(), &Limits::default()).unwrap();
    parts("generated key", &opened).into_iter().for_each(|secret| stage.knows(secret));

    stage.lease("prod-eu");
    stage.lease("test-us");
    alice.activate("k1").must_be(202);
    alice.post("/environments/prod-eu/protect", &json!({})).must_be(200);
    stage.lease("prod-eu");
    let until = local.now() + chrono::TimeDelta::days(100);
    olivia.post("/environments/prod-eu/backups", &json!({ "id": "b1", "retainedUntil": until })).must_be(201);
    alice.post("/environments/prod-eu/backups/b1/restore", &json!({})).must_be(200);
    local.advance(24 * 3600);
    alice.activate("k2").must_be(202);
    bob.finish(bob.post("/keys/roll-back", &json!({}))).must_be(202);
    alice.post("/environments/test-us/protect", &json!({})).must_be(200);
    stage.lease("test-us");
    alice.post("/environments/test-us/revert", &json!({})).must_be(200);
    stage.lease("test-us");
    local.advance(72 * 3600);
    lock(stage, alice, &uploaded());
}

/// The uploaded key's file.
fn uploaded() -> Vec<u8> {
    let bench = Openssl::default();
    bench.put("key.der", key(0).pkcs8_der());
    bench.run("pkey -inform DER -in key.der -out key.pem");
    bench.run("req -x509 -new -key key.pem -subj /CN=outside -days 1 -out cert.pem");
    bench.export(UPLOADED, &[])
}

/// A key in a transfer blob, and the same key sent in the clear by mistake.
fn import(stage: &Stage, alice: Actor<'_>) {
    parts("imported key", key(1)).into_iter().for_each(|secret| stage.knows(secret));
    let transfer = alice.get("/exchange-key").must_be(200).body["transfer"].clone();
    let spki = STANDARD.decode(transfer["spki"].as_str().unwrap()).unwrap();
    let exchange = PublicKey::from_spki_der(&spki).unwrap();
    let blob = byok::wrap(key(1), &exchange, transfer["kid"].as_str().unwrap()).unwrap();
    let import = |blob: &[u8]| {
        let body = json!({ "id": "brought", "region": "europe", "transferBlob": STANDARD.encode(blob) });
        alice.post("/keys/import", &body)
    };
    import(key(1).pkcs8_der()).must_refuse(422, "byok_malformed");
    import(&blob).must_be(201);
}

fn upload(stage: &Stage, alice: Actor<'_>) {
    let file = uploaded();
    alice.upload("k1", &file, WRONG).must_refuse(422, "wrong_password");
    alice.upload("k1", b"no file", UPLOADED).must_refuse(422, "not_pfx");
    // A client that sends secrets in the clear, where they don't belong.
    let clear = json!({ "id": "k1", "sealedKeyFile": MISPLACED, "region": "europe" });
    alice.post("/keys/upload", &clear).must_be(422);
    alice.post("/keys/upload", &json!({ "id": "k1", "password": MISPLACED })).must_be(400);
    alice.post("/keys/generate", &json!({ "id": MISPLACED })).must_be(400);
    alice.post("/keys/generate", &json!({ "id": [MISPLACED] })).must_be(400);
    let pkcs8 = STANDARD.encode(key(0).pkcs8_der());
    alice.post("/keys/upload", &json!({ "id": "k1", "sealedKeyFile": pkcs8 })).must_be(422);
    alice.post("/lock", &json!({ "statedName": pkcs8 })).must_be(400);
    alice
        .post(
            "/lock",
            &json!({ "statedName": "Contoso Ltd", "answer": { "challenge": MISPLACED, "signature": "AAAA" } }),
        )
        .must_be(409);
    alice.post_with("/opt-in", &[("if-match", MISPLACED)], &json!({})).must_be(400);
    let token = stage.token("alice");
    let raw =
        stage.local.request("POST", "/v1/tenants/contoso/keys/upload", Some(&token)).body(key(0).pkcs8_der().to_vec());
    assert_eq!(raw.send().unwrap().status().as_u16(), 400);
    let basic = stage.local.request("GET", "/v1/tenants/contoso", None).basic_auth("alice", Some(MISPLACED));
    assert_eq!(basic.send().unwrap().status().as_u16(), 401);
    assert_eq!(alice.upload("k1", &file, UPLOADED).must_be(201).body["inVault"], true);
    alice.upload("k9", &file, UPLOADED).must_refuse(409, "key_exists");
}

fn lock(stage: &Stage, alice: Actor<'_>, file: &[u8]) {
    alice.lock_with_file(file, WRONG).must_refuse(422, "wrong_password");
    alice.lock_with_file(&pfx_of(key(1)), keyward_tests::keys::PASSWORD).must_refuse(409, "possession_not_proven");
    alice.lock_with_signature(|message| key(1).sign_pss(message).unwrap()).must_refuse(409, "possession_not_proven");
    alice.lock_with_signature(|message| key(0).sign_pss(message).unwrap()).must_be(202);
    alice.upload("k1", file, UPLOADED).must_be(200);
    alice.activate("k1").must_be(200);
    alice.post("/environments/prod-eu/unlock", &json!({})).must_be(200);
    stage.lease("prod-eu");
    alice.lock_with_file(file, UPLOADED).must_be(202);
    alice.upload("k1", file, UPLOADED).must_be(200);
    alice.activate("k1").must_be(200);
    for environment in ["prod-eu", "test-us"] {
        alice.post(&format!("/environments/{environment}/unlock"), &json!({})).must_be(200);
    }
}

/// The same by the command, at its most talkative.
pub(crate) fn by_command(stage: &Stage) -> (Terminal, Terminal) {
    let (alice, orders) = (Terminal::at(stage.local.url()), Terminal::at(stage.local.url()));
    fs::write(alice.file("password"), TYPED).unwrap();
    fs::write(orders.file("plain"), CONTENT).unwrap();
    for (terminal, name) in [(&alice, "alice"), (&orders, "orders")] {
        stage.run(terminal, &["login", "--as", name]).must_be(0);
        let token = fs::read(terminal.file("profile/token")).unwrap();
        stage.knows(Secret::new(&format!("token of {name} at the command"), token.trim_ascii()));
    }
    let with_password = |arguments: &[&str]| stage.run(&alice, &[arguments, &["--password-file", "password"]].concat());
    with_password(&["key", "generate", "k3", "--region", "europe", "--out", "k3.pfx"]).must_be(0);
    let file = fs::read(alice.file("k3.pfx")).unwrap();
    let typed = pfx::read(&file, &Password::new(TYPED).unwrap(), &Limits::default()).unwrap();
    parts("key of the command", &typed).into_iter().for_each(|secret| stage.knows(secret));
    with_password(&["key", "check", "k3.pfx", "--output", "json"]).must_be(0);
    with_password(&["key", "upload", "k3.pfx", "--id", "k4", "--region", "europe"]).must_be(4);
    stage.run(&alice, &["clock", "advance", "72h"]).must_be(0);
    stage.run(&alice, &["key", "activate", "k3"]).must_be(0);
    stage.run(&alice, &["clock", "advance", "72h"]).must_be(0);
    with_password(&["lock", "now", "--key-file", "k3.pfx", "--send-key-file", "--confirm", "Contoso Ltd"]).must_be(0);
    with_password(&["key", "activate", "k3", "--key-file", "k3.pfx"]).must_be(0);
    for environment in ["prod-eu", "test-us"] {
        stage.run(&alice, &["environment", "unlock", environment]).must_be(0);
    }
    with_password(&["lock", "now", "--key-file", "k3.pfx", "--confirm", "Contoso Ltd"]).must_be(0);
    with_password(&["key", "activate", "k3", "--key-file", "k3.pfx"]).must_be(0);
    stage.run(&alice, &["environment", "unlock", "prod-eu"]).must_be(0);
    stage.run(&orders, &["data-key", "lease", "prod-eu", "--output-key", "leased.key"]).must_be(0);
    stage.knows(Secret::new("data key by the command", &fs::read(orders.file("leased.key")).unwrap()));
    stage.run(&orders, &["data-key", "lease", "prod-eu", "--output", "json"]).must_be(0);
    stage.run(&orders, &["seal", "prod-eu", "plain", "-o", "sealed"]).must_be(0);
    stage.run(&orders, &["open", "sealed", "-o", "opened"]).must_be(0);
    stage.run(&alice, &["environment", "delete", "test-us", "--confirm", "Contoso Test"]).must_be(0);
    for arguments in [
        &["whoami"][..],
        &["audit", "list", "--output", "json"],
        &["environment", "history", "prod-eu"],
        &["mailbox", "list"],
        &["mailbox", "show", "1"],
        &["key", "list", "--output", "json"],
        &["lock", "plan"],
        &["exchange-key"],
    ] {
        stage.run(&alice, arguments).must_be(0);
    }
    // Whoever gives the token by the environment sees it neither.
    let token = stage.token("alice");
    let environment = [("KEYWARD_TOKEN", token.as_str()), ("KEYWARD_TENANT", "contoso")];
    for arguments in
        [&["whoami", "-v"][..], &["tenant", "show", "-v"], &["key", "show", "k9", "-v", "--output", "json"]]
    {
        let ended = alice.run_with(arguments, &environment, b"");
        stage.said.borrow_mut().extend_from_slice(&[ended.stdout, ended.stderr.into_bytes()].concat());
    }
    (alice, orders)
}
