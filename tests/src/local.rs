//! `keyward-local` as a process of its own, killed when the test ends.

use std::{
    fs::File,
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use reqwest::blocking::{Client, RequestBuilder, Response};
use serde_json::{Value, json};

use crate::cloud::{self, Cloud};

/// A program of the workspace, as `cargo build` left it beside the test.
pub fn program(name: &str) -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let directory = test.ancestors().find(|above| above.join(name).is_file());
    directory.unwrap_or_else(|| panic!("{name} is not built: run `cargo build --workspace --bins` first")).join(name)
}

/// A running local process.
pub struct Local {
    child: Child,
    /// Where the functions of a local cloud do the work.
    cloud: Option<Cloud>,
    url: String,
    client: Client,
}

impl Local {
    /// Starts on a free port with the demo world in `data`; the log goes to `log`.
    pub fn start(data: &Path, log: &Path) -> Self {
        Self::start_with(data, log, &["--demo"])
    }

    pub fn start_with(data: &Path, log: &Path, more: &[&str]) -> Self {
        Self::start_logging(data, log, "info", more)
    }

    /// The same with more in the log, or less.
    pub fn start_logging(data: &Path, log: &Path, level: &str, more: &[&str]) -> Self {
        let cloud = cloud::is_stage().then(|| Cloud::start(data, log));
        let log = File::options().create(true).append(true).open(log).unwrap();
        let mut child = Command::new(program("keyward-local"))
            .arg(if cloud.is_some() { "front" } else { "serve" })
            .args(["--listen", "127.0.0.1:0", "--data"])
            .arg(data)
            .args(cloud.as_ref().map(Cloud::arguments).unwrap_or_default())
            .args(more)
            .env("RUST_LOG", level)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::from(log))
            .spawn()
            .expect("keyward-local starts");
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let line =
            lines.next().map(Result::unwrap).unwrap_or_else(|| panic!("keyward-local did not start: see its log"));
        // What else it says is read away, so that it never waits for us.
        thread::spawn(move || lines.for_each(drop));
        let url = line.split_whitespace().find(|word| word.starts_with("http://")).expect("its address").to_owned();
        // Each request has a connection of its own: one that a bad request made the server close must not be taken for the next.
        let client = Client::builder().timeout(Duration::from_secs(300)).pool_max_idle_per_host(0).build().unwrap();
        Self { child, cloud, url, client }
    }

    /// The cloud that it stands before.
    pub fn cloud(&self) -> Option<&Cloud> {
        self.cloud.as_ref()
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Ends the process at once, as a power failure would (SIGKILL), and waits until it is gone.
    pub fn kill(mut self) {
        self.end();
    }

    fn end(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// A token for somebody of the demo world.
    pub fn token(&self, name: &str) -> String {
        let answer = self.client.post(format!("{}/dev/token", self.url)).json(&json!({ "as": name })).send().unwrap();
        answer.json::<Value>().unwrap()["token"].as_str().expect("a token").to_owned()
    }

    /// Lets the development issuer know somebody.
    pub fn add_person(&self, person: &Value) {
        let answer = self.client.post(format!("{}/dev/people", self.url)).json(person).send().unwrap();
        assert_eq!(answer.status().as_u16(), 201);
    }

    pub fn request(&self, method: &str, path: &str, token: Option<&str>) -> RequestBuilder {
        let request = self.client.request(method.parse().unwrap(), format!("{}{path}", self.url));
        match token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    pub fn get(&self, token: &str, path: &str) -> Answer {
        Answer::of(self.request("GET", path, Some(token)).send().unwrap())
    }

    pub fn post(&self, token: &str, path: &str, body: &Value) -> Answer {
        Answer::of(self.request("POST", path, Some(token)).json(body).send().unwrap())
    }

    /// Moves the clock forward; gives what ran.
    pub fn advance(&self, seconds: i64) -> Value {
        let request = self.client.post(format!("{}/dev/clock/advance", self.url)).json(&json!({ "seconds": seconds }));
        let answer = Answer::of(request.send().unwrap());
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.body
    }

    /// Reads an operation until it has succeeded.
    pub fn finish(&self, token: &str, path: &str) {
        let start = Instant::now();
        loop {
            let answer = self.get(token, path);
            if answer.body["status"] == "succeeded" {
                return;
            }
            assert!(start.elapsed() < Duration::from_secs(60), "the operation does not end: {}", answer.body);
            thread::yield_now();
        }
    }
}

impl Drop for Local {
    fn drop(&mut self) {
        self.end();
    }
}

/// Status, headers and JSON body of an answer.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub headers: http::HeaderMap,
    pub body: Value,
}

impl Answer {
    pub fn of(response: Response) -> Self {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let bytes = response.bytes().unwrap();
        let body = if bytes.is_empty() { Value::Null } else { serde_json::from_slice(&bytes).unwrap_or(Value::Null) };
        Self { status, headers, body }
    }

    /// The body without what the delivery of notices changes by itself.
    pub fn decided(mut self) -> Value {
        if let Some(members) = self.body.as_object_mut() {
            members.remove("notices");
        }
        self.body
    }

    /// The code of a problem.
    pub fn code(&self) -> &str {
        self.body["code"].as_str().unwrap_or_default()
    }
}
