//! A real OpenID provider to sign in at, oauth2-mock-server, which `make test-tools` installs.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use serde_json::{Value, json};

pub(super) struct Provider {
    process: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    pub(super) issuer: String,
}

impl Drop for Provider {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Provider {
    /// Its tokens are for Keyward, of somebody who administers contoso's keys.
    pub(super) fn start() -> Self {
        let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let modules = std::env::var_os("KEYWARD_NODE_MODULES")
            .map_or_else(|| repository.join(".tools/node/node_modules"), PathBuf::from);
        assert!(
            modules.join("oauth2-mock-server").exists(),
            "{} has no oauth2-mock-server: run `make test-tools`",
            modules.display()
        );
        let mut process = Command::new("node")
            .arg(repository.join("tests/tools/sign-in-provider.mjs"))
            .env("KEYWARD_NODE_MODULES", modules.canonicalize().unwrap())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("node: {error}: run `make test-tools`"));
        let (input, output) = (process.stdin.take().unwrap(), BufReader::new(process.stdout.take().unwrap()));
        let mut provider = Self { process, input, output, issuer: String::new() };
        provider.issuer = provider.line().as_str().unwrap().to_owned();
        provider.set(json!({ "claims": { "aud": "keyward", "roles": ["key-admin"], "preferred_username": "anna" } }));
        provider
    }

    /// From now on it does this.
    pub(super) fn set(&mut self, what: Value) {
        assert_eq!(self.ask(&json!({ "set": what })), true);
    }

    /// What it was asked since the last time.
    pub(super) fn seen(&mut self) -> Vec<Value> {
        self.ask(&json!({ "seen": true })).as_array().unwrap().clone()
    }

    fn line(&mut self) -> Value {
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("the provider said `{line}`: {error}"))
    }

    fn ask(&mut self, question: &Value) -> Value {
        writeln!(self.input, "{question}").unwrap();
        self.line()
    }
}
