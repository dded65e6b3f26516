//! Key files that are none, and keys that are not taken (K3).

use base64::{Engine as _, engine::general_purpose::STANDARD};
use keyward_tests::{
    keys::{PASSWORD, key, pfx_of},
    openssl::Openssl,
};
use serde_json::json;

use crate::{CANARY, Case, Stage};

pub(crate) fn cases(stage: &Stage) -> Vec<Case> {
    let alice = stage.alice();
    let upload = |name: &str, sealed: String| {
        let body = json!({ "id": "k2", "region": "europe", "sealedKeyFile": sealed }).to_string();
        Case::post(&format!("key file: {name}"), "alice", "/keys/upload", body)
    };
    let file = |name: &str, file: &[u8], password: &str, code: &'static str| {
        upload(name, alice.seal_file(file, password)).is(422, code)
    };
    let bench = Openssl::with_new_key(2048);
    let good = bench.export(CANARY, &[]);
    let mut cases = vec![
        file("empty", b"", CANARY, "not_pfx"),
        file("text", CANARY.as_bytes(), CANARY, "not_pfx"),
        file("PEM", &bench.get("key.pem"), CANARY, "not_pfx"),
        file("zeros", &[0; 3000], CANARY, "not_pfx"),
        file("nested", &[0x30, 0x80].repeat(3000), CANARY, "nested_too_deep"),
        file("too large", &vec![0x30; 65 * 1024], CANARY, "file_too_large"),
        file("cut off", &good[..good.len() / 2], CANARY, "damaged"),
        file("more after it", &[&good[..], b"more"].concat(), CANARY, "damaged"),
        file("wrong password", &good, "another", "wrong_password"),
        file("empty password", &bench.export("", &[]), "", "empty_password"),
        file("long password", &good, &"p".repeat(2000), "password_too_long"),
        file("no MAC", &bench.export(CANARY, &["-nomac"]), CANARY, "no_mac"),
        file(
            "key in the clear",
            &bench.export(CANARY, &["-keypbe", "NONE", "-certpbe", "NONE"]),
            CANARY,
            "unencrypted_key",
        ),
        file("only the key in the clear", &bench.export(CANARY, &["-keypbe", "NONE"]), CANARY, "unencrypted_key"),
        file("no key", &certificate_only(&bench), CANARY, "no_key"),
        file("4096 bits", &Openssl::with_new_key(4096).export(CANARY, &[]), CANARY, "key_size_not_allowed"),
        file("1024 bits", &Openssl::with_new_key(1024).export(CANARY, &[]), CANARY, "key_size_not_allowed"),
        file("elliptic curve", &elliptic(), CANARY, "not_rsa"),
    ];
    let content = |content: serde_json::Value| alice.seal(content.to_string().as_bytes());
    let base64 = STANDARD.encode(&good);
    for (name, sealed) in [
        ("not JSON", alice.seal(&good)),
        ("no password", content(json!({ "file": base64 }))),
        ("another member", content(json!({ "file": base64, "password": CANARY, "x": 1 }))),
        ("another type", content(json!({ "file": [1, 2], "password": CANARY }))),
        ("not base64", content(json!({ "file": CANARY, "password": CANARY }))),
        ("a password by itself", alice.seal(CANARY.as_bytes())),
    ] {
        cases.push(upload(name, sealed).is(422, "not_sealed_for_this_vault"));
    }
    cases.push(upload("not sealed", base64).is(422, "sealed_malformed"));
    let known = alice.seal_file(&pfx_of(key(0)), PASSWORD);
    cases.push(upload("a key that is there", known).is(409, "key_exists"));
    let body = json!({ "id": "k1", "region": "europe", "sealedKeyFile": alice.seal_file(&good, CANARY) }).to_string();
    cases.push(Case::post("another key under its name", "alice", "/keys/upload", body).is(409, "key_exists"));
    let body = json!({ "id": "k2", "region": "asia", "sealedKeyFile": alice.seal_file(&good, CANARY) }).to_string();
    cases.push(Case::post("another region", "alice", "/keys/upload", body).is(409, "region_not_of_tenant"));
    let body = json!({ "id": "K 2", "region": "europe", "sealedKeyFile": alice.seal_file(&good, CANARY) }).to_string();
    cases.push(Case::post("no identifier", "alice", "/keys/upload", body));
    let body =
        json!({ "id": "k2", "region": "europe", "sealedKeyFile": alice.seal_file(&good, CANARY), "password": CANARY });
    cases.push(Case::post("the password in the clear", "alice", "/keys/upload", body.to_string()));
    cases
}

fn certificate_only(bench: &Openssl) -> Vec<u8> {
    let passed = format!("pass:{CANARY}");
    bench.run_with(&["pkcs12", "-export", "-nokeys", "-in", "cert.pem", "-out", "nokey.pfx", "-passout", &passed]);
    bench.get("nokey.pfx")
}

fn elliptic() -> Vec<u8> {
    let bench = Openssl::default();
    bench.run("req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key.pem -out cert.pem -subj /CN=outside -days 1");
    bench.export(CANARY, &[])
}
