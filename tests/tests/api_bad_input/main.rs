//! What no client should send: each is refused with its status and code as a problem, repeats no secret and changes nothing.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test fails by panicking and says what it measured"
)]

mod addresses;
mod bodies;
mod key_files;
mod locks;
mod sealed;

use std::fs;

use keyward_tests::{
    actor::{Actor, CONTOSO},
    keys::{PASSWORD, key, pfx_of},
    local::{Answer, Local},
};
use serde_json::{Value, json};
use tempfile::TempDir;

/// In every place where a secret could be by mistake; no answer may repeat it.
const CANARY: &str = "kanarienvogel";

/// One request that has to be refused.
struct Case {
    name: String,
    who: &'static str,
    method: &'static str,
    path: String,
    headers: Vec<(&'static str, Vec<u8>)>,
    body: Vec<u8>,
    status: u16,
    code: &'static str,
    /// Type of the audit event that the refusal leaves; destructive requests that reach their operation leave one (A4).
    logged: Option<&'static str>,
}

impl Case {
    fn new(name: &str, who: &'static str, method: &'static str, path: impl Into<String>) -> Self {
        Self {
            name: name.to_owned(),
            who,
            method,
            path: path.into(),
            headers: Vec::new(),
            body: Vec::new(),
            status: 400,
            code: "malformed_request",
            logged: None,
        }
    }

    /// A change of contoso.
    fn post(name: &str, who: &'static str, path: &str, body: impl Into<Vec<u8>>) -> Self {
        Self { body: body.into(), ..Self::new(name, who, "POST", format!("{CONTOSO}{path}")) }
    }

    fn get(name: &str, path: &str) -> Self {
        Self::new(name, "alice", "GET", format!("{CONTOSO}{path}"))
    }

    fn is(self, status: u16, code: &'static str) -> Self {
        Self { status, code, ..self }
    }

    fn with(mut self, header: &'static str, value: &[u8]) -> Self {
        self.headers.push((header, value.to_vec()));
        self
    }

    fn logged(self) -> Self {
        Self { logged: Some("request_refused"), ..self }
    }

    fn told(self) -> Self {
        Self { logged: Some("possession_not_proven"), ..self }
    }
}

/// Contoso with an active key, a protected environment and a backup; locking is open.
struct Stage {
    data: TempDir,
    local: Local,
}

/// Who has a token.
const PEOPLE: [&str; 5] = ["alice", "bob", "olivia", "orders", "frank"];

impl Stage {
    fn new() -> Self {
        let data = tempfile::tempdir().unwrap();
        let local = Local::start(&data.path().join("data"), &data.path().join("log"));
        let alice = local.actor("alice");
        alice.post("/opt-in", &json!({})).must_be(200);
        alice.upload("k1", &pfx_of(key(0)), PASSWORD).must_be(201);
        alice.activate("k1").must_be(202);
        alice.post("/environments/prod-eu/protect", &json!({})).must_be(200);
        local.advance(73 * 3600);
        let until = local.now() + chrono::TimeDelta::days(9);
        let backup = json!({ "id": "b1", "retainedUntil": until });
        local.actor("olivia").post("/environments/prod-eu/backups", &backup).must_be(201);
        Self { data, local }
    }

    fn alice(&self) -> Actor<'_> {
        self.local.actor("alice")
    }

    /// What every change of contoso or of one of its environments moves.
    fn revisions(&self) -> Value {
        let alice = self.alice();
        let read = |path: &str| alice.get(path).must_be(200);
        let tenant = read("");
        let revision = tenant.header("etag").map(str::to_owned);
        json!({ "revision": revision, "tenant": tenant.decided(), "environments": read("/environments").body })
    }

    /// Everything that a request could have changed.
    fn state(&self) -> State {
        let alice = self.alice();
        let mut rest = vec![alice.get("/environments/prod-eu/backups").must_be(200).body];
        rest.push(alice.get("/keys").must_be(200).body);
        let fabrikam = self.local.get(&self.local.token("frank"), "/v1/tenants/fabrikam").must_be(200);
        rest.push(json!([fabrikam.header("etag"), fabrikam.body]));
        let vault = fs::read_dir(self.data.path().join("data/vault/keys")).unwrap();
        let mut files: Vec<_> = vault.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        files.sort();
        rest.push(json!(files));
        State { rest, audit: alice.audit() }
    }

    fn send(&self, case: &Case) -> (Answer, String) {
        // Of that moment: what takes something away needs a recent sign-in.
        let token = PEOPLE.contains(&case.who).then(|| self.local.token(case.who));
        let mut request = self.local.request(case.method, &case.path, token.as_deref()).body(case.body.clone());
        for (name, value) in &case.headers {
            request = request.header(*name, reqwest::header::HeaderValue::from_bytes(value).unwrap());
        }
        let response = request.send().unwrap_or_else(|error| panic!("{}: {error}", case.name));
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = String::from_utf8(response.bytes().unwrap().to_vec()).unwrap();
        let body = serde_json::from_str(&text).unwrap_or(Value::Null);
        (Answer { status, headers, body }, text)
    }

    /// Sends every case and compares the state before and after. Says what was wrong.
    fn check(&self, cases: &[Case]) -> Vec<String> {
        let mut wrong = Vec::new();
        let first = self.state();
        let mut before = self.revisions();
        for case in cases {
            let (answer, text) = self.send(case);
            let mut after = self.revisions();
            if let Err(what) = judge(case, &answer, &text) {
                wrong.push(format!("{}: {what}", case.name));
            }
            if case.logged.is_some() {
                before["revision"] = after["revision"].clone();
            }
            if after != before {
                wrong.push(format!("{}: something was changed: {before} {after}", case.name));
            }
            before = after.take();
        }
        if let Err(what) = compare(cases, &first, &self.state()) {
            wrong.push(what);
        }
        wrong
    }
}

struct State {
    rest: Vec<Value>,
    audit: Vec<Value>,
}

fn must(holds: bool, what: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(what()) }
}

fn judge(case: &Case, answer: &Answer, text: &str) -> Result<(), String> {
    let must = |holds: bool, what: &str| must(holds, || format!("{what}: {} {text}", answer.status));
    must((answer.status, answer.code()) == (case.status, case.code), "another answer")?;
    must(answer.header("content-type") == Some("application/problem+json"), "another content-type")?;
    must(answer.body["status"] == case.status && answer.body["type"].is_string(), "not a whole problem")?;
    must(answer.body["nextStep"].as_str().is_some_and(|step| !step.is_empty()), "no next step")?;
    must(!text.contains(CANARY) && !text.contains(PASSWORD), "a secret is repeated")?;
    must(text.len() < 2000, "a long answer")
}

/// Beside the state, exactly the refusals that are to be logged were added to the audit log, in order and without a secret.
fn compare(cases: &[Case], before: &State, after: &State) -> Result<(), String> {
    must(before.rest == after.rest, || format!("the state was changed: {:?} {:?}", before.rest, after.rest))?;
    must(after.audit.starts_with(&before.audit), || "the audit log was rewritten".to_owned())?;
    let new = &after.audit[before.audit.len()..];
    let word = |entry: &'_ Value, member: &str| entry["event"][member].as_str().unwrap_or_default().to_owned();
    let logged: Vec<_> = new.iter().map(|entry| (word(entry, "type"), word(entry, "code"))).collect();
    let expected = cases.iter().filter_map(|case| Some((case.logged?.to_owned(), case.code.to_owned())));
    let expected: Vec<_> = expected.collect();
    must(logged == expected, || format!("logged {logged:?}, expected {expected:?}"))?;
    let text = serde_json::to_string(new).unwrap();
    must(!text.contains(CANARY) && !text.contains(PASSWORD), || "a secret is logged".to_owned())
}

#[test]
fn nothing_that_is_wrong_is_done() {
    let stage = Stage::new();
    let (mut count, mut wrong) = (0, Vec::new());
    for cases in [
        bodies::cases(),
        bodies::instants(&stage),
        addresses::cases(),
        addresses::conditions(),
        addresses::pages(&stage),
        sealed::cases(&stage),
        key_files::cases(&stage),
    ] {
        wrong.extend(stage.check(&cases));
        count += cases.len();
    }
    for cases_of in [locks::cases, locks::files] {
        // A8: what failed before does not count any more.
        stage.local.advance(15 * 60);
        let cases = cases_of(&stage);
        wrong.extend(stage.check(&cases));
        count += cases.len();
    }
    println!("{count} cases");
    assert!(wrong.is_empty(), "{} of {count} cases:\n{}", wrong.len(), wrong.join("\n"));
    let log = fs::read_to_string(stage.data.path().join("log")).unwrap();
    assert!(!log.contains(CANARY) && !log.contains(PASSWORD));
    assert!(!log.contains("panicked"), "{log}");
    stage.local.actor("orders").lease("prod-eu").must_be(200);
}
