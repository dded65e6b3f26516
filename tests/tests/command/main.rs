//! The command: exit codes, output, confirmation, passwords, files, people, and sealed files large and damaged.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test fails by panicking and says what it measured"
)]

mod byok;
mod login;
mod people;
mod sealed_files;

use std::{
    fs,
    io::{BufRead as _, BufReader, Write as _},
    net::TcpListener,
    os::unix::fs::PermissionsExt as _,
    path::Path,
    process::Stdio,
    thread,
};

use keyward_tests::{command::Terminal, keys::PASSWORD, local::Local};
use serde_json::{Value, json};
use tempfile::TempDir;

fn started() -> (TempDir, Local) {
    let data = tempfile::tempdir().unwrap();
    let local = Local::start(&data.path().join("data"), &data.path().join("log"));
    (data, local)
}

/// Alice with a key that is active.
fn alice(local: &Local) -> Terminal {
    let alice = Terminal::of(local, "alice");
    fs::write(alice.file("password"), format!("{PASSWORD}\nnot this line\n")).unwrap();
    alice.run(&["tenant", "opt-in"]).must_be(0);
    let generate = ["key", "generate", "k1", "--region", "europe", "--out", "k1.pfx", "--password-file", "password"];
    alice.run(&generate).must_be(0);
    alice.run(&["key", "activate", "k1"]).must_be(0);
    alice
}

/// A server that gives every request this answer.
fn answering(status: &str, body: &str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let answer = format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/problem+json\r\nretry-after: 0\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    );
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            let mut line = String::new();
            while reader.read_line(&mut line).unwrap() > 2 {
                line.clear();
            }
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    url
}

#[test]
fn exit_codes_say_what_happened() {
    let (_data, local) = started();
    let alice = alice(&local);
    alice.run(&["whoami"]).must_be(0);
    for wrong in [
        &["key"][..],
        &["key", "show"],
        &["key", "show", "K1"],
        &["lock", "now"],
        &["--colour"],
        &["tenant", "show", "--output", "xml"],
    ] {
        alice.run(wrong).must_be(2);
    }
    alice.run(&["key", "check", "nothing.pfx", "--password-file", "password"]).must_say(2, "nothing.pfx");
    let nobody = Terminal::at(local.url());
    nobody.run(&["whoami"]).must_say(3, "not_signed_in");
    nobody.run(&["--tenant", "contoso", "tenant", "show"]).must_say(3, "not_signed_in");
    let token = [("KEYWARD_TOKEN", "no.such.token")];
    nobody.run_with(&["--tenant", "contoso", "tenant", "show"], &token, b"").must_say(3, "unauthenticated");
    Terminal::of(&local, "orders").run(&["tenant", "show"]).must_say(3, "forbidden");
    alice
        .run(&["environment", "register", "x", "--name", "X", "--kind", "sandbox", "--region", "europe"])
        .must_say(3, "forbidden");
    alice.run(&["tenant", "opt-in"]).must_say(4, "already_opted_in");
    alice.run(&["key", "roll-back", "--confirm", "Contoso Ltd"]).must_say(4, "same_administrator");
    alice.run(&["key", "show", "k9"]).must_say(6, "not_found");
    alice.run(&["--tenant", "fabrikam", "tenant", "show"]).must_say(6, "not_found");
    let gone = { TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap() };
    alice.run(&["--url", &format!("http://{gone}"), "whoami"]).must_be(3);
    let token = [("KEYWARD_TOKEN", "a.b.c")];
    let show = |url: &str| alice.run_with(&["--url", url, "--tenant", "contoso", "tenant", "show"], &token, b"");
    show(&format!("http://{gone}")).must_say(7, "not_reachable");
    for (status, code) in [
        ("412 Stale", 5),
        ("503 Busy", 7),
        ("429 Slow", 7),
        ("500 Fault", 1),
        ("302 Elsewhere", 1),
        ("409 No", 4),
        ("200 OK", 1),
    ] {
        show(&answering(status, "{}")).must_be(code);
    }
    let problem =
        json!({ "title": "The plan has changed", "detail": "d", "code": "plan_changed", "nextStep": "Look again." });
    show(&answering("412 Stale", &problem.to_string())).must_say(5, "plan_changed");
    // A name that steers the terminal is shown without its power.
    let hostile = json!({ "title": "a\u{1b}[2Jb", "detail": "d\u{7}", "code": "x" });
    let shown = show(&answering("409 No", &hostile.to_string())).must_be(4);
    assert!(!shown.stderr.contains(['\u{1b}', '\u{7}']), "{}", shown.stderr);
    alice.run(&["--url", "http://192.0.2.1", "whoami"]).must_be(2);
}

#[test]
fn json_is_json_and_nothing_else() {
    let (_data, local) = started();
    let alice = alice(&local);
    let commands: [&[&str]; 23] = [
        &["whoami"],
        &["login", "--list"],
        &["tenant", "show"],
        &["administrator", "list"],
        &["approval", "list"],
        &["quorum", "on", "--dry-run"],
        &["key", "list"],
        &["key", "show", "k1"],
        &["exchange-key"],
        &["environment", "list"],
        &["environment", "list", "--managed-by", "tenant"],
        &["environment", "show", "prod-eu"],
        &["environment", "protect", "prod-eu"],
        &["environment", "history", "prod-eu"],
        &["environment", "revert", "prod-eu", "--dry-run"],
        &["environment", "delete", "prod-eu", "--dry-run"],
        &["backup", "list", "prod-eu"],
        &["lock", "plan"],
        &["lock", "challenge"],
        &["audit", "list"],
        &["clock", "show"],
        &["mailbox", "list"],
        &["key", "check", "k1.pfx", "--password-file", "password"],
    ];
    for arguments in commands {
        let ended = alice.run(&[arguments, &["--output", "json"]].concat()).must_be(0);
        assert!(ended.json().is_object() || ended.json().is_array(), "{arguments:?}");
        let by_variable = alice.run_with(&["whoami"], &[("KEYWARD_OUTPUT", "json")], b"").must_be(0);
        assert!(by_variable.json().is_object());
    }
    for arguments in [&["key", "show", "k9"][..], &["lock", "now", "--key-file", "k1.pfx", "--confirm", "Contoso Ltd"]]
    {
        let ended = alice.run(&[arguments, &["--output", "json"]].concat());
        assert!(ended.code != 0 && ended.stdout.is_empty(), "{arguments:?}");
        let problem: Value = serde_json::from_str(&ended.stderr).unwrap_or_else(|e| panic!("{e}: {}", ended.stderr));
        assert!(problem["code"].is_string(), "{problem}");
    }
    let quiet = alice.run(&["-q", "key", "activate", "k1"]).must_be(0);
    assert_eq!(quiet.stderr, "");
    // At a terminal errors have colors, unless nobody wants them.
    let colors = |environment: &[(&str, &str)], more: &str| {
        let line = format!("{} key show k9 {more}", keyward_tests::local::program("keyward").display());
        let mut command = alice.command(&[]);
        let mut at_terminal = std::process::Command::new("script");
        at_terminal.args(["-qec", &line, "/dev/null"]).env_clear().current_dir(alice.folder()).stdin(Stdio::null());
        at_terminal.envs(
            command.envs(environment.iter().copied()).get_envs().filter_map(|(name, value)| Some((name, value?))),
        );
        String::from_utf8_lossy(&at_terminal.output().unwrap().stdout).contains("\u{1b}[")
    };
    assert_eq!([colors(&[], ""), colors(&[("NO_COLOR", "1")], ""), colors(&[], "--no-color")], [true, false, false]);
}

#[test]
fn what_destroys_is_confirmed_by_a_name() {
    let (_data, local) = started();
    let alice = alice(&local);
    let delete = |more: &[&str]| alice.run(&[&["environment", "delete", "test-us"][..], more].concat());
    let audit = || local.actor("alice").audit().len();
    let before = audit();
    delete(&[]).must_say(2, "--confirm 'Contoso Test'");
    delete(&["--yes"]).must_say(2, "--yes alone is not enough");
    delete(&["-y"]).must_be(2);
    for wrong in ["", "contoso test", "test-us", "Contoso Test ", "Contoso Production"] {
        delete(&["--confirm", wrong]).must_say(2, "not_confirmed");
        delete(&["--yes", "--confirm", wrong]).must_be(2);
    }
    alice.run_with(&["environment", "delete", "test-us"], &[], b"Contoso Test\n").must_be(2);
    delete(&["--dry-run"]).must_be(0);
    assert_eq!(audit(), before);
    local.advance(72 * 3600);
    let lock = |more: &[&str]| {
        let lock = ["lock", "now", "--key-file", "k1.pfx", "--password-file", "password"];
        alice.run(&[&lock[..], more].concat())
    };
    lock(&[]).must_be(2);
    lock(&["--yes"]).must_be(2);
    lock(&["--confirm", "Contoso"]).must_be(2);
    lock(&["--dry-run"]).must_be(0);
    assert_eq!(local.actor("alice").get("").body["lockedEnvironments"], 0);
    delete(&["--confirm", "Contoso Test"]).must_be(0);
    assert_eq!(local.actor("alice").get("/environments/test-us").body["state"], "deleted");
}

#[test]
fn passwords_and_files() {
    let (_data, local) = started();
    let alice = alice(&local);
    let check = |password: &[u8]| alice.run_with(&["key", "check", "k1.pfx", "--password-stdin"], &[], password);
    for password in [PASSWORD.to_owned(), format!("{PASSWORD}\n"), format!("{PASSWORD}\r\nmore")] {
        check(password.as_bytes()).must_be(0);
    }
    check(b"").must_say(4, "empty_password");
    check(b"\n").must_say(4, "empty_password");
    check(format!(" {PASSWORD}\n").as_bytes()).must_say(4, "wrong_password");
    check(b"\xff\n").must_be(2);
    check(&[b'a'; 5000]).must_be(2);
    alice.run(&["key", "check", "k1.pfx"]).must_say(2, "--password-stdin");
    alice.run(&["key", "check", "k1.pfx", "--password-file", "none"]).must_be(2);
    alice.run(&["key", "check", "k1.pfx", "--password-stdin", "--password-file", "password"]).must_be(2);
    alice.run(&["key", "check", "k1.pfx", "--password", PASSWORD]).must_be(2);

    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&alice.file("k1.pfx")), mode(&alice.file("profile/token"))), (0o600, 0o600));
    assert_eq!(mode(&alice.file("profile")), 0o700);
    let pfx = fs::read(alice.file("k1.pfx")).unwrap();
    let keys = || local.actor("alice").get("/keys").body["value"].as_array().unwrap().len();
    let generate = |id: &str, out: &str| {
        alice.run(&["key", "generate", id, "--region", "europe", "--out", out, "--password-file", "password"])
    };
    generate("k2", "k1.pfx").must_say(2, "not overwritten");
    generate("k2", "none/k2.pfx").must_be(2);
    assert_eq!((keys(), fs::read(alice.file("k1.pfx")).unwrap()), (1, pfx));
    // A refused one leaves no file.
    generate("k1", "k2.pfx").must_say(4, "key_exists");
    assert!(!alice.file("k2.pfx").exists());
    alice.run(&["lock", "challenge", "--out", "k1.pfx"]).must_be(2);
    let orders = Terminal::of(&local, "orders");
    orders.run(&["data-key", "lease", "prod-eu", "--output-key", "key"]).must_be(0);
    assert_eq!((fs::read(orders.file("key")).unwrap().len(), mode(&orders.file("key"))), (32, 0o600));
    orders.run(&["data-key", "lease", "prod-eu", "--output-key", "key"]).must_say(2, "not overwritten");
}

#[test]
fn completions_and_the_manual_are_printed() {
    let nobody = Terminal::at("http://127.0.0.1:9");
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let text = nobody.run(&["completions", shell]).must_be(0).text();
        assert!(
            ["keyward", "roll-back", "administrator", "quorum", "approval"].iter().all(|word| text.contains(word)),
            "{shell}"
        );
    }
    let manual = nobody.run(&["man"]).must_be(0).text();
    assert!(manual.contains(".TH keyward") && manual.contains("Exit codes"), "{manual}");
    let help = nobody.run(&["--help"]).must_be(0).text();
    for code in 0..=7 {
        assert!(help.contains(&format!("\n  {code}  ")), "{code}");
    }
    assert!(nobody.run(&["--version"]).must_be(0).text().starts_with("keyward "));
}
