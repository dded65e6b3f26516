//! Transfer blobs: made, checked, brought and presented by the command, and the guide's commands as they stand there.

use std::{fs, os::unix::fs::PermissionsExt as _, process::Command};

use keyward_tests::{
    command::Terminal,
    keys::PASSWORD,
    local::{Local, program},
    openssl::Openssl,
};
use serde_json::json;

use crate::started;

const GUIDE: &str = include_str!("../../../docs/guide.md");

/// Alice, opted in, with her password in a file and a key of openssl in `key.pem` and `key.pfx`.
fn alice(local: &Local) -> (Terminal, Openssl) {
    let alice = Terminal::of(local, "alice");
    alice.run(&["tenant", "opt-in"]).must_be(0);
    fs::write(alice.file("password"), format!("{PASSWORD}\n")).unwrap();
    let bench = Openssl::with_new_key(2048);
    fs::write(alice.file("key.pem"), bench.get("key.pem")).unwrap();
    fs::write(alice.file("key.pfx"), bench.export(PASSWORD, &[])).unwrap();
    (alice, bench)
}

/// Somebody without a server, in the folder of somebody else's files.
fn offline(of: &Terminal, files: &[&str]) -> Terminal {
    let offline = Terminal::at("http://127.0.0.1:9");
    for file in files {
        fs::copy(of.file(file), offline.file(file)).unwrap();
    }
    offline
}

#[test]
fn a_blob_that_is_wrapped_here_protects_locks_and_unlocks() {
    let (_data, local) = started();
    let (alice, _) = alice(&local);
    let wrap = ["key", "wrap", "key.pfx", "--out", "k.byok", "--password-file", "password"];
    let wrapped = alice.run(&[&wrap[..], &["--output", "json"]].concat()).must_be(0);
    assert!(wrapped.stderr.contains("keyward key import k.byok --id ID --region REGION"), "{}", wrapped.stderr);
    assert_eq!(fs::metadata(alice.file("k.byok")).unwrap().permissions().mode() & 0o777, 0o600);
    let imported = alice.run(&["key", "import", "k.byok", "--id", "k1", "--region", "europe"]).must_be(0);
    assert!(imported.stderr.contains("Wrapped for") && imported.stderr.contains("keyward key activate k1"));
    let key = alice.run(&["key", "show", "k1", "--output", "json"]).must_be(0).json();
    assert_eq!((&key["source"], &key["fingerprint"]), (&json!("imported"), &wrapped.json()["fingerprint"]));
    alice.run(&["key", "import", "k.byok", "--id", "k2", "--region", "europe"]).must_say(4, "key_exists");
    alice.run(&["key", "activate", "k1", "--key-file", "k.byok"]).must_say(0, "k1 is in the vault");
    alice.run(&["environment", "protect", "prod-eu"]).must_be(0);
    let orders = Terminal::of(&local, "orders");
    fs::write(orders.file("plain"), b"42 chairs").unwrap();
    orders.run(&["seal", "prod-eu", "plain", "-o", "sealed"]).must_be(0);
    local.advance(72 * 3600);
    let lock = |file: &str| {
        let lock = ["lock", "now", "--confirm", "Contoso Ltd", "--password-file", "password", "--key-file", file];
        alice.run(&lock)
    };
    lock("k.byok").must_say(4, "keyward lock challenge");
    lock("key.pfx").must_be(0);
    orders.run(&["open", "sealed"]).must_say(4, "environment_locked");
    // Another key's blob brings nothing back.
    let other = Openssl::with_new_key(2048);
    fs::write(alice.file("other.pem"), other.get("key.pem")).unwrap();
    alice.run(&["key", "wrap", "other.pem", "--out", "other.byok"]).must_be(0);
    let refused = alice.run(&["key", "activate", "k1", "--key-file", "other.byok"]).must_be(4);
    assert!(!refused.stderr.contains("was presented"), "{}", refused.stderr);
    alice.run(&["environment", "unlock", "prod-eu"]).must_be(4);
    alice.run(&["key", "activate", "k1", "--key-file", "k.byok"]).must_say(0, "was presented");
    alice.run(&["environment", "unlock", "prod-eu"]).must_be(0);
    assert_eq!(orders.run(&["open", "sealed"]).must_be(0).stdout, b"42 chairs");
}

#[test]
fn a_machine_without_a_network_wraps() {
    let (_data, local) = started();
    let (alice, bench) = alice(&local);
    alice.run(&["exchange-key", "--out", "exchange.json"]).must_say(0, "fingerprint");
    alice.run(&["exchange-key", "--pem", "--out", "exchange.pem"]).must_be(0);
    alice.run(&["exchange-key", "--pem", "--out", "exchange.pem"]).must_say(2, "not overwritten");
    assert_eq!(fs::read(alice.file("exchange.pem")).unwrap(), alice.run(&["exchange-key", "--pem"]).must_be(0).stdout);
    let table = alice.run(&["exchange-key"]).must_be(0).text();
    assert!(table.contains("for sealing") && table.contains("for transfer blobs"), "{table}");
    let exchange = alice.run(&["exchange-key", "--output", "json"]).must_be(0).json();
    let kid = exchange["transfer"]["kid"].as_str().unwrap();
    let away = offline(&alice, &["exchange.json", "exchange.pem", "key.pem", "key.pfx", "password"]);
    let wrap = |file: &str, out: &str, more: &[&str]| {
        away.run(&[&["key", "wrap", file, "--out", out, "--password-file", "password"][..], more].concat())
    };
    wrap("key.pem", "a.byok", &["--exchange-key", "exchange.json"]).must_say(0, "in the clear");
    wrap("key.pem", "b.byok", &["--exchange-key", "exchange.pem", "--kid", kid]).must_be(0);
    wrap("key.pfx", "c.byok", &["--exchange-key", "exchange.json", "--kid", kid]).must_be(0);
    wrap("key.pem", "a.byok", &["--exchange-key", "exchange.json"]).must_say(2, "not overwritten");
    for (file, more, code, word) in [
        ("key.pem", &["--exchange-key", "exchange.pem"][..], 2, "--kid"),
        ("key.pem", &["--exchange-key", "exchange.json", "--kid", "another"], 2, "--kid"),
        ("key.pem", &["--exchange-key", "a.byok"], 2, "keyward exchange-key --out"),
        ("key.pem", &["--exchange-key", "key.pem", "--kid", kid], 4, "not_pem"),
        ("key.pem", &["--exchange-key", "none"], 2, "none"),
        ("a.byok", &["--exchange-key", "exchange.json"], 4, "not_pfx"),
        ("password", &["--exchange-key", "exchange.json"], 4, "not_pfx"),
    ] {
        wrap(file, "d.byok", more).must_say(code, word);
        assert!(!away.file("d.byok").exists(), "{file} {more:?}");
    }
    for blob in ["a.byok", "b.byok", "c.byok"] {
        let check = ["key", "check", blob, "--exchange-key", "exchange.json"];
        let checked = away.run(&[&check[..], &["--output", "json"]].concat()).must_be(0).json();
        assert_eq!((&checked["kid"], &checked["fitsExchangeKey"]), (&json!(kid), &json!(true)));
        fs::copy(away.file(blob), alice.file(blob)).unwrap();
    }
    alice.run(&["key", "import", "a.byok", "--id", "k1", "--region", "europe"]).must_be(0);
    let shown = alice.run(&["key", "show", "k1", "--output", "json"]).must_be(0).json();
    assert_eq!(shown["publicKey"].as_str().unwrap().as_bytes(), bench.run("pkey -in key.pem -pubout"));
}

#[test]
fn pem_files_are_wrapped_and_checked() {
    let (_data, local) = started();
    let (alice, bench) = alice(&local);
    alice.run(&["exchange-key", "--out", "exchange.json"]).must_be(0);
    let pass = format!("pass:{PASSWORD}");
    for (name, arguments) in [
        ("pkcs1", &["rsa", "-in", "key.pem", "-traditional"][..]),
        ("pbes2", &["pkcs8", "-topk8", "-in", "key.pem", "-passout", &pass]),
        ("scrypt", &["pkcs8", "-topk8", "-scrypt", "-in", "key.pem", "-passout", &pass]),
        ("traditional", &["rsa", "-in", "key.pem", "-traditional", "-aes256", "-passout", &pass]),
        ("ec", &["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"]),
        ("short", &["genrsa", "1024"]),
        ("public", &["pkey", "-in", "key.pem", "-pubout"]),
    ] {
        fs::write(alice.file(name), bench.run_with(arguments)).unwrap();
    }
    let wrap = |file: &str, password: &[u8]| {
        let out = format!("{file}.byok");
        let wrap = ["key", "wrap", file, "--out", &out, "--exchange-key", "exchange.json", "--password-stdin"];
        alice.run_with(&wrap, &[], password)
    };
    wrap("pkcs1", b"").must_be(0);
    for file in ["pbes2", "scrypt"] {
        wrap(file, b"another\n").must_say(4, "wrong_password");
        assert!(!alice.file(&format!("{file}.byok")).exists());
        let wrapped = wrap(file, PASSWORD.as_bytes()).must_be(0);
        assert!(!wrapped.stderr.contains("in the clear"), "{}", wrapped.stderr);
    }
    for (file, code) in
        [("traditional", "pem_unsupported"), ("ec", "not_rsa"), ("short", "key_size_not_allowed"), ("public", "no_key")]
    {
        wrap(file, PASSWORD.as_bytes()).must_say(4, code);
        alice.run_with(&["key", "check", file, "--password-stdin"], &[], PASSWORD.as_bytes()).must_say(4, code);
    }
    wrap("traditional", b"").must_say(4, "openssl pkcs8 -topk8");
    // Without anybody to ask, a password is not needed for a key in the clear.
    let check = alice.run(&["key", "check", "key.pem"]).must_say(4, "keyward key wrap key.pem --out key.byok");
    assert!(check.stderr.contains("openssl pkcs12 -export -nocerts -inkey key.pem -out key.pfx"), "{}", check.stderr);
    assert!(check.text().contains("in the clear"), "{}", check.text());
    alice.run(&["key", "check", "pbes2"]).must_say(2, "--password-stdin");
    alice.run(&["key", "upload", "key.pem", "--id", "k1"]).must_say(4, "keyward key wrap key.pem --out key.byok");
    alice.run(&["key", "upload", "pkcs1.byok", "--id", "k1"]).must_say(4, "keyward key import");
    // The command that is named makes a PFX that is taken.
    fs::write(bench.file("clear.pem"), bench.get("key.pem")).unwrap();
    bench.run_with(&["pkcs12", "-export", "-nocerts", "-inkey", "clear.pem", "-out", "made.pfx", "-passout", &pass]);
    fs::write(alice.file("made.pfx"), bench.get("made.pfx")).unwrap();
    alice.run(&["key", "check", "made.pfx", "--password-file", "password"]).must_be(0);
}

#[test]
fn what_is_wrong_with_a_blob_is_said_before_it_is_sent() {
    let (_data, local) = started();
    let (alice, _) = alice(&local);
    alice.run(&["exchange-key", "--out", "exchange.json"]).must_be(0);
    alice.run(&["key", "wrap", "key.pem", "--out", "k.byok"]).must_be(0);
    let whole = fs::read_to_string(alice.file("k.byok")).unwrap();
    let away = offline(&alice, &["k.byok", "exchange.json"]);
    let token = [("KEYWARD_TOKEN", "a.b.c"), ("KEYWARD_TENANT", "contoso")];
    let import = |file: &str| away.run_with(&["key", "import", file], &token, b"");
    import("k.byok").must_say(7, "not_reachable");
    for (name, content, code) in [
        ("version", whole.replace("1.0.0", "1.0.1"), "byok_unsupported"),
        ("cut", whole[..whole.len() - 9].to_owned(), "byok_malformed"),
        ("other", fs::read_to_string(alice.file("exchange.json")).unwrap(), "byok_malformed"),
        ("long", " ".repeat(64 * 1024) + &whole, "file_too_large"),
    ] {
        fs::write(away.file(name), content).unwrap();
        import(name).must_say(4, code);
        away.run(&["key", "check", name]).must_say(4, code);
    }
    // One whose form is right, but whose key is another one.
    let kid = alice.run(&["key", "check", "k.byok", "--output", "json"]).must_be(0).json()["kid"].clone();
    let kid = kid.as_str().unwrap();
    let (key, version) = kid.rsplit_once('/').unwrap_or(("", kid));
    for (named, code) in
        [(format!("{key}/other"), "byok_unknown_version"), (format!("x/{version}"), "byok_other_vault")]
    {
        fs::write(alice.file("named"), whole.replace(kid, &named)).unwrap();
        alice.run(&["key", "check", "named"]).must_be(0);
        alice.run(&["key", "check", "named", "--exchange-key", "exchange.json"]).must_say(4, code);
        alice.run(&["key", "import", "named", "--id", "k1", "--region", "europe"]).must_say(4, code);
    }
    let steering = whole.replace("keyward ", "\\u202ekeyward ");
    fs::write(alice.file("steering"), steering).unwrap();
    let shown = alice.run(&["key", "check", "steering"]).must_be(0);
    assert!(!shown.text().contains('\u{202e}'), "{}", shown.text());
}

/// The block of the guide with this word in it.
fn commands_with(word: &str) -> &'static str {
    GUIDE.split("```\n").skip(1).step_by(2).find(|block| block.contains(word)).unwrap()
}

#[test]
fn the_guides_commands_with_openssl_work() {
    let (_data, local) = started();
    let (alice, _) = alice(&local);
    let mut folders = vec![program("keyward").parent().unwrap().to_owned()];
    folders.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap()));
    let mut bash = Command::new("bash");
    bash.args(["-euo", "pipefail", "-c", commands_with("-id-aes256-wrap-pad")]).env_clear().current_dir(alice.folder());
    bash.envs(alice.command(&[]).get_envs().filter_map(|(name, value)| Some((name, value?))));
    bash.env("PATH", std::env::join_paths(folders).unwrap());
    let ended = bash.output().unwrap();
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    let key = alice.run(&["key", "show", "by-hand", "--output", "json"]).must_be(0).json();
    assert_eq!(key["source"], "imported");
    assert!(!alice.file("aes.key").exists() && alice.file("key.pem").exists());
    alice.run(&["key", "check", "by-hand.byok"]).must_be(0);
    alice.run(&["key", "activate", "by-hand"]).must_be(0);
}
