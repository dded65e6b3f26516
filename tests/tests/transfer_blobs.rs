//! Keys that are brought in transfer blobs (BYOK), made by the `openssl` program alone as an HSM's tool makes them.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use keyward_tests::{
    actor::{Actor, CONTOSO},
    local::{Answer, Local},
    openssl::Openssl,
};
use serde_json::{Value, json};
use tempfile::TempDir;

const OAEP: &str = "-pkeyopt rsa_padding_mode:oaep -pkeyopt rsa_oaep_md:sha1 -pkeyopt rsa_mgf1_md:sha1";

fn started() -> (TempDir, Local) {
    let data = tempfile::tempdir().unwrap();
    let local = Local::start(&data.path().join("data"), &data.path().join("log"));
    local.actor("alice").post("/opt-in", &json!({})).must_be(200);
    (data, local)
}

/// The exchange key for transfer blobs, as it is shown.
fn transfer_key(actor: &Actor<'_>) -> Value {
    actor.get("/exchange-key").must_be(200).body["transfer"].clone()
}

/// The blob of `key.pem` in the folder, wrapped for the exchange key by openssl alone.
fn by_openssl(bench: &Openssl, exchange: &Value) -> Value {
    bench.put("exchange.pem", exchange["pem"].as_str().unwrap().as_bytes());
    bench.run("rand -out aes 32");
    bench.run("pkcs8 -topk8 -nocrypt -in key.pem -outform DER -out key.der");
    let aes: String = bench.get("aes").iter().map(|byte| format!("{byte:02X}")).collect();
    let mut ciphertext = bench.run(&format!("pkeyutl -encrypt -pubin -inkey exchange.pem -in aes {OAEP}"));
    ciphertext.extend(bench.run(&format!("enc -id-aes256-wrap-pad -iv A65959A6 -K {aes} -in key.der")));
    json!({
        "schema_version": "1.0.0",
        "header": { "kid": exchange["kid"], "alg": "dir", "enc": "CKM_RSA_AES_KEY_WRAP" },
        "ciphertext": URL_SAFE_NO_PAD.encode(ciphertext),
        "generator": "openssl by hand; no HSM",
    })
}

fn import(actor: &Actor<'_>, id: &str, blob: &Value) -> Answer {
    let transfer_blob = STANDARD.encode(blob.to_string());
    actor.post("/keys/import", &json!({ "id": id, "region": "europe", "transferBlob": transfer_blob }))
}

#[test]
fn a_key_in_a_blob_of_openssl_protects_locks_and_unlocks() {
    let (_data, local) = started();
    let (alice, orders) = (local.actor("alice"), local.actor("orders"));
    let bench = Openssl::with_new_key(2048);
    let blob = by_openssl(&bench, &transfer_key(&alice));
    let key = import(&alice, "k1", &blob).must_be(201).body;
    let public = String::from_utf8(bench.run("pkey -in key.pem -pubout")).unwrap();
    assert_eq!((&key["publicKey"], &key["source"], &key["bits"]), (&json!(public), &json!("imported"), &json!(2048)));
    import(&alice, "k2", &blob).must_refuse(409, "key_exists");
    alice.activate("k1").must_be(202);
    alice.post("/environments/prod-eu/protect", &json!({})).must_be(200);
    let data_key = orders.lease("prod-eu").must_be(200).body["dataKey"].clone();
    local.advance(72 * 3600);
    alice.lock_with_signature(|message| bench.sign_pss(message)).must_be(202);
    orders.lease("prod-eu").must_refuse(409, "environment_locked");

    // L4: another key is refused; the one that locked is presented again in a new blob.
    let other = Openssl::with_new_key(2048);
    import(&alice, "k3", &by_openssl(&other, &transfer_key(&alice))).must_refuse(409, "environments_locked");
    assert!(alice.post("/keys/k1/activate", &json!({})).status >= 400);
    let again = import(&alice, "k1", &by_openssl(&bench, &transfer_key(&alice))).must_be(200).body;
    assert_eq!(again["fingerprint"], key["fingerprint"]);
    assert_eq!(alice.activate("k1").must_be(200).body["outcome"], "reactivated");
    alice.post("/environments/prod-eu/unlock", &json!({})).must_be(200);
    assert_eq!(orders.lease("prod-eu").must_be(200).body["dataKey"], data_key);
}

#[test]
fn a_blob_that_is_not_for_this_vault_or_not_whole_is_refused_and_leaves_nothing() {
    let (data, local) = started();
    let (_other_data, other_local) = started();
    let alice = local.actor("alice");
    let bench = Openssl::with_new_key(2048);
    let exchange = transfer_key(&alice);
    let blob = by_openssl(&bench, &exchange);
    let before = names_in_vault(&data);

    let foreign = by_openssl(&bench, &transfer_key(&other_local.actor("alice")));
    import(&alice, "k1", &foreign).must_refuse(422, "byok_other_vault");
    let mut renamed = foreign;
    renamed["header"]["kid"] = exchange["kid"].clone();
    import(&alice, "k1", &renamed).must_refuse(422, "byok_not_for_this_vault");
    let (key, _version) = exchange["kid"].as_str().unwrap().rsplit_once('/').unwrap();
    let mut old = blob.clone();
    old["header"]["kid"] = json!(format!("{key}/0000000000000000"));
    import(&alice, "k1", &old).must_refuse(422, "byok_unknown_version");
    for (member, value, code) in [
        ("schema_version", json!("2.0.0"), "byok_unsupported"),
        ("ciphertext", json!("AAAA"), "byok_malformed"),
        ("more", json!(1), "byok_malformed"),
    ] {
        let mut changed = blob.clone();
        changed[member] = value;
        import(&alice, "k1", &changed).must_refuse(422, code);
    }
    let body = json!({ "id": "k1", "region": "europe", "transferBlob": "not base64!" });
    alice.post("/keys/import", &body).must_refuse(422, "byok_malformed");

    let large = Openssl::with_new_key(3072);
    import(&alice, "k1", &by_openssl(&large, &exchange)).must_refuse(422, "key_size_not_allowed");
    assert_eq!(names_in_vault(&data), before, "a refused key was left in the vault");
    assert_eq!(alice.get("/keys").must_be(200).body["value"], json!([]));
    import(&alice, "k1", &blob).must_be(201);
}

#[test]
fn the_exchange_key_stays_when_the_process_is_started_again() {
    let data = tempfile::tempdir().unwrap();
    let start = || Local::start(&data.path().join("data"), &data.path().join("log"));
    let first = start();
    first.actor("alice").post("/opt-in", &json!({})).must_be(200);
    let exchange = transfer_key(&first.actor("alice"));
    assert_eq!(exchange["bits"], 3072);
    let blob = by_openssl(&Openssl::with_new_key(2048), &exchange);
    drop(first);
    let second = start();
    assert_eq!(second.get(&second.token("alice"), &format!("{CONTOSO}/exchange-key")).body["transfer"], exchange);
    import(&second.actor("alice"), "k1", &blob).must_be(201);
}

fn names_in_vault(data: &TempDir) -> std::collections::BTreeSet<String> {
    keyward_tests::picture::names_on_disk(&data.path().join("data"))
}
