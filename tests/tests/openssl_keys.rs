//! Key files of `openssl`, and `openssl` on key files of Keyward.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a test fails by panicking and says what it measured")]

use std::{fs, process::Command};

use keyward_tests::{actor::CONTOSO, command::Terminal, local::Local, openssl::Openssl};
use serde_json::json;
use tempfile::TempDir;

const PASSWORD: &str = "Pässwörter sind 密码";

fn started() -> (TempDir, Local) {
    let data = tempfile::tempdir().unwrap();
    let local = Local::start(&data.path().join("data"), &data.path().join("log"));
    local.actor("alice").post("/opt-in", &json!({})).must_be(200);
    (data, local)
}

#[test]
fn openssl_reads_a_generated_key_file() {
    let (_data, local) = started();
    let alice = local.actor("alice");
    let pfx = alice.generate("k1", PASSWORD);
    let key = alice.get("/keys/k1").must_be(200).body;
    let bench = Openssl::with_key_of(&pfx, PASSWORD);
    let public = bench.run("pkey -in key.pem -pubout");
    assert_eq!(String::from_utf8(public).unwrap(), key["publicKey"].as_str().unwrap());
    bench.run("pkey -in key.pem -pubout -outform DER -out public.der");
    let digest = String::from_utf8(bench.run("dgst -sha256 -r public.der")).unwrap();
    assert_eq!(digest.split(' ').next(), key["fingerprint"].as_str());
    bench.run("rsa -in key.pem -check -noout");

    let passed = format!("pass:{PASSWORD}");
    bench.run_with(&["pkcs12", "-in", "in.pfx", "-clcerts", "-nokeys", "-passin", &passed, "-out", "cert.pem"]);
    let certified = bench.run("x509 -in cert.pem -noout -pubkey");
    assert_eq!(String::from_utf8(certified).unwrap(), key["publicKey"].as_str().unwrap());
    let info = Command::new("openssl")
        .args(["pkcs12", "-in", "in.pfx", "-info", "-noout", "-passin", &passed])
        .current_dir(bench.path())
        .output()
        .unwrap();
    let info = String::from_utf8(info.stderr).unwrap();
    println!("{info}");
    for part in ["MAC: sha256", "PBES2, PBKDF2, AES-256-CBC"] {
        assert!(info.contains(part), "{part} in: {info}");
    }
    let wrong = Command::new("openssl")
        .args(["pkcs12", "-in", "in.pfx", "-noout", "-passin", "pass:another"])
        .current_dir(bench.path())
        .output()
        .unwrap();
    assert!(!wrong.status.success());
}

#[test]
fn a_key_of_openssl_locks_and_unlocks() {
    let (_data, local) = started();
    let (alice, orders) = (local.actor("alice"), local.actor("orders"));
    let bench = Openssl::with_new_key(2048);
    let pfx = bench.export(PASSWORD, &[]);
    let key = alice.upload("k1", &pfx, PASSWORD).must_be(201).body;
    let public = String::from_utf8(bench.run("pkey -in key.pem -pubout")).unwrap();
    assert_eq!((&key["publicKey"], &key["source"], &key["bits"]), (&json!(public), &json!("uploaded"), &json!(2048)));
    alice.activate("k1").must_be(202);
    alice.post("/environments/prod-eu/protect", &json!({})).must_be(200);
    let data_key = orders.lease("prod-eu").must_be(200).body["dataKey"].clone();
    local.advance(72 * 3600);
    alice.lock_with_signature(|message| bench.sign_pss(message)).must_be(202);
    orders.lease("prod-eu").must_refuse(409, "environment_locked");

    // The same key in another file, as older Windows exports it, and under another password.
    let options = ["-keypbe", "PBE-SHA1-3DES", "-certpbe", "PBE-SHA1-3DES", "-macalg", "sha1"];
    let other_file = bench.export("another", &options);
    assert_eq!(alice.upload("k1", &other_file, "another").must_be(200).body["fingerprint"], key["fingerprint"]);
    assert_eq!(alice.activate("k1").must_be(200).body["outcome"], "reactivated");
    alice.post("/environments/prod-eu/unlock", &json!({})).must_be(200);
    assert_eq!(orders.lease("prod-eu").must_be(200).body["dataKey"], data_key);
    alice.lock_with_file(&other_file, "another").must_be(202);
    assert_eq!(local.get(&local.token("alice"), CONTOSO).body["lockedEnvironments"], 2);
}

#[test]
fn a_signature_has_to_be_the_one_that_is_asked_for() {
    let (_data, local) = started();
    let alice = local.actor("alice");
    let bench = Openssl::with_new_key(2048);
    alice.upload("k1", &bench.export(PASSWORD, &[]), PASSWORD).must_be(201);
    alice.activate("k1").must_be(202);
    local.advance(72 * 3600);
    let other = Openssl::with_new_key(2048);
    let other_padding = |message: &[u8]| {
        bench.put("message", message);
        bench.run("dgst -sha256 -sign key.pem -out signature message");
        bench.get("signature")
    };
    let other_salt = |message: &[u8]| {
        bench.put("message", message);
        bench.run(
            "dgst -sha256 -sign key.pem -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:20 -out signature message",
        );
        bench.get("signature")
    };
    let refused = "possession_not_proven";
    alice.lock_with_signature(|message| other.sign_pss(message)).must_refuse(409, refused);
    alice.lock_with_signature(other_padding).must_refuse(409, refused);
    alice.lock_with_signature(other_salt).must_refuse(409, refused);
    alice.lock_with_signature(|_| bench.sign_pss(b"another message")).must_refuse(409, refused);
    alice.lock_with_signature(|_| Vec::new()).must_refuse(409, refused);
    assert_eq!(alice.get("").body["lockedEnvironments"], 0);
    // A8: after five failed attempts not even the right signature is looked at, for a quarter of an hour.
    alice.lock_with_signature(|message| bench.sign_pss_digest(message)).must_refuse(429, "too_many_attempts");
    local.advance(15 * 60);
    alice.lock_with_signature(|message| bench.sign_pss_digest(message)).must_be(202);
}

#[test]
fn the_command_brings_a_key_of_openssl() {
    let (_data, local) = started();
    let terminal = Terminal::of(&local, "alice");
    let bench = Openssl::with_new_key(2048);
    fs::write(terminal.file("k1.pfx"), bench.export(PASSWORD, &[])).unwrap();
    fs::write(terminal.file("password"), PASSWORD).unwrap();
    let with = |arguments: &[&str]| terminal.run(&[arguments, &["--password-file", "password"]].concat());
    assert_eq!(with(&["key", "check", "k1.pfx", "--output", "json"]).must_be(0).json()["accepted"], true);
    with(&["key", "upload", "k1.pfx", "--id", "k1", "--region", "europe"]).must_be(0);
    terminal.run(&["key", "activate", "k1"]).must_be(0);
    assert_eq!(local.actor("alice").get("").body["activeKey"], "k1");
}
