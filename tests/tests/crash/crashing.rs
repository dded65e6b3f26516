//! A local process that is killed while it is asked, started again and asked the same again.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
        mpsc,
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use keyward_tests::local::{Answer, Local, program};
use reqwest::blocking::RequestBuilder;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{
    audit::{AuditLog, Effect},
    chance::Chance,
};

pub(crate) const TENANT: &str = "/v1/tenants/contoso";

/// How long a step is thought to take before one was seen.
const UNSEEN: Duration = Duration::from_millis(200);

/// How long a started process is at what was left, about.
const GOING_ON: Duration = Duration::from_millis(150);

/// How long a start takes that makes the vault's keys and the demo world.
const FIRST_START: Duration = Duration::from_millis(700);

/// An environment and the number of a data key generation.
type Generation = (String, u64);

/// A lease that is being asked for.
type Leasing = JoinHandle<Option<(Generation, Value)>>;

/// What was done, over all lives.
#[derive(Default)]
pub(crate) struct Tally {
    pub(crate) kills: AtomicU64,
    pub(crate) unanswered: AtomicU64,
    /// Of these, changes that were made all the same.
    pub(crate) made_unanswered: AtomicU64,
    pub(crate) while_starting: AtomicU64,
    pub(crate) changes: AtomicU64,
    pub(crate) repeated: AtomicU64,
    pub(crate) operations: AtomicU64,
    pub(crate) resumed: AtomicU64,
    pub(crate) leases: AtomicU64,
    pub(crate) deleted: AtomicU64,
    pub(crate) deletions_resumed: AtomicU64,
    /// One life has failed: the others end too.
    pub(crate) failed: AtomicBool,
    /// How long each kind of step takes, so that the kill comes while it runs.
    typical: Mutex<BTreeMap<&'static str, Duration>>,
}

impl Tally {
    fn typical(&self, step: &'static str) -> Duration {
        self.typical.lock().unwrap().get(step).copied().unwrap_or(UNSEEN)
    }

    /// A step was seen to take so long, or, where it was cut, at least so long.
    fn saw(&self, step: &'static str, took: Duration, whole: bool) {
        let mut typical = self.typical.lock().unwrap();
        let before = typical.get(step).copied().unwrap_or(UNSEEN);
        let now = if whole { (before + took.mul_f32(1.2)) / 2 } else { before.max(took * 2) };
        typical.insert(step, now);
    }
}

/// One data directory with its process.
pub(crate) struct Crashing<'a> {
    directory: TempDir,
    local: Option<Local>,
    pub(crate) chance: Chance,
    pub(crate) tally: &'a Tally,
    pub(crate) audit: AuditLog,
    /// Every data key that was ever leased, by environment and generation.
    pub(crate) data_keys: BTreeMap<Generation, String>,
    tokens: BTreeMap<String, String>,
    requests: u64,
}

impl<'a> Crashing<'a> {
    /// A process on a copy of a data directory, or on an empty one.
    pub(crate) fn new(template: Option<&Path>, seed: u64, tally: &'a Tally) -> Self {
        let directory = TempDir::new().unwrap();
        if let Some(template) = template {
            copy(template, &directory.path().join("data"));
        }
        Self {
            directory,
            local: None,
            chance: Chance::new(seed),
            tally,
            audit: AuditLog::new("contoso"),
            data_keys: BTreeMap::new(),
            tokens: BTreeMap::new(),
            requests: 0,
        }
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.directory.path().join("data")
    }

    fn log(&self) -> PathBuf {
        self.directory.path().join("log")
    }

    pub(crate) fn local(&self) -> &Local {
        self.local.as_ref().unwrap()
    }

    pub(crate) fn start(&mut self, more: &[&str]) {
        self.local = Some(Local::start_with(&self.data(), &self.log(), more));
    }

    pub(crate) fn kill(&mut self) {
        self.local.take().unwrap().kill();
        // The clock may have been moved past their end.
        self.tokens.clear();
        self.tally.kills.fetch_add(1, Relaxed);
    }

    /// Ends the process for good, not counted as a crash.
    pub(crate) fn end(&mut self) {
        self.local = None;
    }

    /// Starts a process and kills it before, or just when, it is ready.
    pub(crate) fn kill_while_starting(&mut self, more: &[&str]) {
        let log = File::options().create(true).append(true).open(self.log()).unwrap();
        let mut child = Command::new(program("keyward-local"))
            .args(["serve", "--listen", "127.0.0.1:0", "--data"])
            .arg(self.data())
            .args(more)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        let longest = if more.is_empty() { self.tally.typical("start") } else { FIRST_START };
        wait(self.chance.within(longest));
        child.kill().unwrap();
        let status = child.wait().unwrap();
        assert!(status.code().is_none(), "keyward-local ended by itself ({status}): see its log");
        self.tally.kills.fetch_add(1, Relaxed);
        self.tally.while_starting.fetch_add(1, Relaxed);
    }

    /// Starts again after a kill; not always at the first try, and not always for long.
    fn start_again(&mut self) {
        while self.chance.one_in(6) {
            self.kill_while_starting(&[]);
        }
        let before = Instant::now();
        self.start(&[]);
        self.tally.saw("start", before.elapsed(), true);
        while self.chance.one_in(3) {
            // What was left is being gone on with now.
            wait(self.chance.within(GOING_ON));
            self.kill();
            self.start(&[]);
        }
        self.check();
    }

    /// Sends a request and kills the process at some instant from then on; starts it again and checks it.
    fn cut(&mut self, step: &'static str, request: RequestBuilder) -> Option<Answer> {
        let delay = self.chance.within(self.tally.typical(step));
        let asking = thread::spawn(move || {
            let start = Instant::now();
            let response = request.send().ok()?;
            let status = response.status().as_u16();
            let body = response.json().ok()?;
            Some((Answer { status, headers: http::HeaderMap::new(), body }, start.elapsed()))
        });
        let leasing = self.lease_beside();
        wait(delay);
        self.kill();
        let answered = asking.join().unwrap();
        if let Some((leased, answer)) = leasing.and_then(|leasing| leasing.join().unwrap()) {
            self.tally.leases.fetch_add(1, Relaxed);
            assert!(
                answer["dataKey"] == self.data_keys[&leased],
                "{leased:?} was leased as another data key during {step}"
            );
        }
        match &answered {
            Some((_, took)) => self.tally.saw(step, *took, true),
            None => {
                self.tally.saw(step, delay, false);
                self.tally.unanswered.fetch_add(1, Relaxed);
            }
        }
        self.start_again();
        answered.map(|(answer, _)| answer)
    }

    /// Leases some data key that is known while something else is under way; gives what a lease gave, and nothing for a refusal.
    fn lease_beside(&mut self) -> Option<Leasing> {
        let known: Vec<_> = self.data_keys.keys().cloned().collect();
        if known.is_empty() {
            return None;
        }
        let leased = self.chance.pick(&known).clone();
        let token = self.token("orders");
        let path = format!("{TENANT}/environments/{}/data-keys/lease", leased.0);
        let request = self.local().request("POST", &path, Some(&token)).json(&json!({ "generation": leased.1 }));
        Some(thread::spawn(move || {
            let response = request.send().ok().filter(|response| response.status().is_success())?;
            Some((leased, response.json().ok()?))
        }))
    }

    /// A token, kept until the process is killed or the clock moved.
    pub(crate) fn token(&mut self, name: &str) -> String {
        if let Some(token) = self.tokens.get(name) {
            return token.clone();
        }
        let token = self.local().token(name);
        self.tokens.insert(name.to_owned(), token.clone());
        token
    }

    fn request(&mut self, who: &str, path: &str, body: &Value, key: &str) -> RequestBuilder {
        let token = self.token(who);
        let request = self.local().request("POST", &format!("{TENANT}{path}"), Some(&token));
        request.json(body).header("Idempotency-Key", key)
    }

    /// A change with up to so many crashes on the way. The request is the same each time, and it has one effect.
    pub(crate) fn change(&mut self, most: u64, step: &'static str, change: &Change<'_>) -> Answer {
        let Change { who, path, body, effect } = change;
        assert!(!self.tally.failed.load(Relaxed), "another life has failed");
        self.requests += 1;
        let key = format!("{step}-{}", self.requests);
        let before = self.audit.count(effect);
        let mut made = 0;
        for _ in 0..self.chance.below(most + 1) {
            let request = self.request(who, path, body, &key);
            let answer = self.cut(step, request);
            let effects = self.audit.count(effect) - before;
            assert!(effects <= 1, "{step} had {effects} effects after a crash");
            if let Some(answer) = answer {
                assert!((200..300).contains(&answer.status), "{step}: {}", answer.body);
                assert_eq!(effects, 1, "{step} was answered with {} and is lost", answer.status);
            } else if effects > made {
                self.tally.made_unanswered.fetch_add(1, Relaxed);
            }
            made = effects;
            self.tally.repeated.fetch_add(1, Relaxed);
        }
        let start = Instant::now();
        let answer = Answer::of(self.request(who, path, body, &key).send().unwrap());
        assert!((200..300).contains(&answer.status), "{step}, repeated: {}", answer.body);
        if self.audit.count(effect) == before {
            self.tally.saw(step, start.elapsed(), true);
        }
        self.settle();
        self.read_audit();
        assert_eq!(self.audit.count(effect), before + 1, "{step}, repeated, has one effect");
        self.tally.changes.fetch_add(1, Relaxed);
        answer
    }

    fn now(&self) -> chrono::DateTime<chrono::Utc> {
        let clock = Answer::of(self.local().request("GET", "/dev/clock", None).send().unwrap());
        clock.body["now"].as_str().unwrap().parse().unwrap()
    }

    /// Moves the clock, with up to so many crashes on the way.
    pub(crate) fn advance(&mut self, most: u64, step: &'static str, seconds: i64) {
        let target = self.now() + chrono::TimeDelta::seconds(seconds);
        for _ in 0..self.chance.below(most + 1) {
            let left = (target - self.now()).num_seconds().max(0);
            let request = self.local().request("POST", "/dev/clock/advance", None).json(&json!({ "seconds": left }));
            self.cut(step, request);
        }
        let left = (target - self.now()).num_seconds().max(0) + 1;
        self.local().advance(left);
        self.tokens.clear();
        self.check();
    }
}

impl Drop for Crashing<'_> {
    fn drop(&mut self) {
        if thread::panicking() && !self.tally.failed.swap(true, Relaxed) {
            let log = fs::read_to_string(self.log()).unwrap_or_default();
            let lines: Vec<_> = log.lines().collect();
            eprintln!("the last lines of the process's log:");
            lines[lines.len().saturating_sub(40)..].iter().for_each(|line| eprintln!("  {line}"));
        }
    }
}

/// A request that changes something, and what it leaves in the audit log.
pub(crate) struct Change<'a> {
    pub(crate) who: &'a str,
    /// Below the tenant.
    pub(crate) path: &'a str,
    pub(crate) body: &'a Value,
    pub(crate) effect: Effect,
}

/// Waits so long without working.
fn wait(delay: Duration) {
    let (_keep, never) = mpsc::channel::<()>();
    let _ = never.recv_timeout(delay);
}

/// Copies the data directory of a process that is not running.
fn copy(from: &Path, to: &Path) {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}
