//! Known secrets go through everything, with the log at its most talkative; then they are looked for in all that was written.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a test fails by panicking and says what it measured")]

mod key_parts;
mod walk;

use std::{cell::RefCell, fs};

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use keyward_tests::{
    command::{Ended, Terminal},
    keys::key,
    local::Local,
    traces::{Search, Secret, Trace, files},
};
use serde_json::{Value, json};
use tempfile::TempDir;

const UPLOADED: &str = "uploaded under this password 1848";
const GENERATED: &str = "generated under this password 1871";
const WRONG: &str = "this password was a wrong one 1918";
const MISPLACED: &str = "this password stood in a wrong place 1919";
const TYPED: &str = "typed at the command line 1989";
const CONTENT: &str = "what the sealed file says, for nobody else 2026";

/// A local process at its most talkative, and everything secret that it came to know.
struct Stage {
    data: TempDir,
    local: Local,
    secrets: RefCell<Vec<Secret>>,
    said: RefCell<Vec<u8>>,
}

impl Stage {
    fn new() -> Self {
        let data = tempfile::tempdir().unwrap();
        let local = Local::start_logging(&data.path().join("data"), &data.path().join("log"), "trace", &["--demo"]);
        let passwords = [UPLOADED, GENERATED, WRONG, MISPLACED, TYPED, CONTENT].map(|text| Secret::text(text, text));
        Self { data, local, secrets: RefCell::new(passwords.into()), said: RefCell::default() }
    }

    fn knows(&self, secret: Secret) {
        self.secrets.borrow_mut().push(secret);
    }

    /// A token that is used, signature by itself too.
    fn token(&self, name: &str) -> String {
        let token = self.local.token(name);
        self.knows(Secret::new(&format!("token of {name}"), token.as_bytes()));
        let signature = token.rsplit_once('.').unwrap().1;
        self.knows(Secret::new(&format!("signature of {name}'s token"), &URL_SAFE_NO_PAD.decode(signature).unwrap()));
        token
    }

    fn lease(&self, environment: &str) {
        let answer = self.local.actor("orders").lease(environment).must_be(200).body;
        let data_key = STANDARD.decode(answer["dataKey"].as_str().unwrap()).unwrap();
        self.knows(Secret::new(&format!("data key {} of {environment}", answer["generation"]), &data_key));
    }

    fn run(&self, terminal: &Terminal, arguments: &[&str]) -> Ended {
        let ended = terminal.run(&[arguments, &["--verbose"]].concat());
        self.said.borrow_mut().extend_from_slice(&ended.stdout);
        self.said.borrow_mut().extend_from_slice(ended.stderr.as_bytes());
        ended
    }
}

#[test]
fn no_secret_is_written_anywhere() {
    let stage = Stage::new();
    walk::over_http(&stage);
    let terminals = walk::by_command(&stage);
    stage.local.settle();
    let Stage { data, local, secrets, said } = stage;
    local.kill();
    let mut secrets = secrets.into_inner();
    let folder = data.path().join("data");
    let master_key = fs::read(folder.join("master.key")).unwrap();
    let issuer_key = fs::read(folder.join("development-issuer.p8")).unwrap();
    secrets.push(Secret::new("master key as in its file", master_key.trim_ascii_end()));
    secrets.push(Secret::new("master key", &STANDARD.decode(master_key.trim_ascii_end()).unwrap()));
    secrets.push(Secret::new("issuer's key", &issuer_key));
    secrets.push(Secret::new("issuer's private number", &issuer_key[36..68]));

    let search = Search::of(&secrets);
    let (mut found, mut bytes, mut places) = (search.traces("output", &said.into_inner()), 0, 0);
    for root in [data.path(), terminals.0.folder(), terminals.1.folder()] {
        for path in files(root) {
            let content = fs::read(&path).unwrap();
            (bytes, places) = (bytes + content.len(), places + 1);
            let place = path.strip_prefix(root).unwrap().display().to_string();
            found.extend(search.traces(&place, &content).into_iter().filter(|trace| !is_its_place(trace)));
        }
    }
    println!(
        "{} secrets looked for in {places} files of {bytes} bytes, log of {} bytes",
        secrets.len(),
        fs::metadata(data.path().join("log")).unwrap().len()
    );
    assert!(found.is_empty(), "{found:#?}");
}

/// The files that hold a secret because they are there for it.
fn is_its_place(trace: &Trace) -> bool {
    let starts = |text: &str| trace.secret.starts_with(text);
    match trace.place.as_str() {
        "data/master.key" => starts("master key"),
        "data/development-issuer.p8" => starts("issuer's"),
        "profile/token" => starts("token of") || starts("signature of"),
        "password" => trace.secret == TYPED,
        "plain" | "opened" => trace.secret == CONTENT,
        "leased.key" => starts("data key"),
        _ => false,
    }
}

/// The search finds what is there, in each form, wherever it stands.
#[test]
fn what_is_planted_is_found() {
    let mut secrets = key_parts::parts("key", key(0));
    secrets.push(Secret::text("password", UPLOADED));
    let search = Search::of(&secrets);
    let mut planted = 0;
    for secret in &secrets {
        for (form, bytes) in &secret.forms {
            let file = [&b"some text before it: "[..], bytes, b"\", and after it"].concat();
            let traces = search.traces("here", &file);
            assert!(
                traces.iter().any(|trace| trace.secret == secret.name && trace.form == *form),
                "{} {form}",
                secret.name
            );
            planted += 1;
        }
    }
    let der = key(0).pkcs8_der();
    for before in 0..9 {
        let encoded = STANDARD.encode([&vec![7; before][..], der, b"after"].concat());
        let body: Value = json!({ "file": encoded });
        let names: Vec<String> =
            search.traces("here", body.to_string().as_bytes()).into_iter().map(|trace| trace.secret).collect();
        for part in ["PKCS#8", "d", "p", "q", "dp", "dq", "qinv"] {
            assert!(names.contains(&format!("key: {part}")), "{part} in base64 after {before} bytes");
        }
    }
    assert_eq!(search.traces("here", &vec![b'A'; 1 << 20]), []);
    assert_eq!(search.traces("here", key(0).public_key().spki_der()), []);
    println!("{planted} planted, all found");
}
