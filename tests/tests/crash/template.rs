//! The data directory that every life begins with a copy of: thirty protected environments with two data key generations.

use std::path::Path;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use keyward_keyfile::PublicKey;
use keyward_tests::{
    keys::{PASSWORD, key, pfx_of, sealed},
    local::Local,
};
use serde_json::{Value, json};

use crate::crashing::TENANT;

pub(crate) const ENVIRONMENTS: usize = 30;

/// The key to which key files are sealed.
pub(crate) struct Exchange {
    pub(crate) kid: String,
    pub(crate) public_key: PublicKey,
}

impl Exchange {
    fn read(local: &Local, token: &str) -> Self {
        let exchange = local.get(token, &format!("{TENANT}/exchange-key")).body;
        let spki = STANDARD.decode(exchange["spki"].as_str().unwrap()).unwrap();
        let kid = exchange["kid"].as_str().unwrap().to_owned();
        Self { kid, public_key: PublicKey::from_spki_der(&spki).unwrap() }
    }

    /// One of the tests' keys as a sealed key file.
    pub(crate) fn sealed_key_file(&self, number: usize) -> String {
        sealed(&pfx_of(key(number)), PASSWORD, &self.public_key, &self.kid)
    }
}

/// Makes the directory; key 0 is active in it, as `k0`.
pub(crate) fn make(data: &Path, log: &Path) -> Exchange {
    let local = Local::start(data, log);
    let (alice, olivia) = (local.token("alice"), local.token("olivia"));
    let exchange = Exchange::read(&local, &alice);
    let done = |token: &str, path: &str, body: Value| {
        let answer = local.post(token, &format!("{TENANT}{path}"), &body);
        assert!((200..300).contains(&answer.status), "{path}: {}", answer.body);
    };
    done(&alice, "/opt-in", json!({}));
    let upload = json!({ "id": "k0", "region": "europe", "sealedKeyFile": exchange.sealed_key_file(0) });
    done(&alice, "/keys/upload", upload);
    done(&alice, "/keys/k0/activate", json!({}));
    // The demo world has two.
    for number in 3..=ENVIRONMENTS {
        let id = format!("env-{number:02}");
        let environment = json!({
            "id": id, "name": id, "kind": "sandbox", "region": "europe", "workloads": ["orders"],
        });
        done(&olivia, "/environments", environment);
    }
    let listed = local.get(&alice, &format!("{TENANT}/environments?limit=100")).body;
    for environment in listed["value"].as_array().unwrap() {
        done(&alice, &format!("/environments/{}/protect", environment["id"].as_str().unwrap()), json!({}));
    }
    exchange
}
