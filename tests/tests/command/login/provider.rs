//! A real OpenID provider to sign in at, oauth2-mock-server, which `make test-tools` installs.

use std::path::Path;

use keyward_tests::node_program::NodeProgram;
use serde_json::{Value, json};

pub(super) struct Provider {
    program: NodeProgram,
    pub(super) issuer: String,
}

impl Provider {
    /// Its tokens are for Keyward, of somebody who administers contoso's keys.
    pub(super) fn start() -> Self {
        let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let mut program = NodeProgram::start(&repository, "sign-in-provider.mjs");
        let issuer = program.line().as_str().unwrap().to_owned();
        let mut provider = Self { program, issuer };
        provider.set(json!({ "claims": { "aud": "keyward", "roles": ["key-admin"], "preferred_username": "anna" } }));
        provider
    }

    /// From now on it does this.
    pub(super) fn set(&mut self, what: Value) {
        assert_eq!(self.program.ask(&json!({ "set": what })), true);
    }

    /// What it was asked since the last time.
    pub(super) fn seen(&mut self) -> Vec<Value> {
        self.program.ask(&json!({ "seen": true })).as_array().unwrap().clone()
    }
}
