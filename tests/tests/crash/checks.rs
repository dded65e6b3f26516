//! What must be true after every crash, seen from outside.

use std::{
    collections::BTreeMap,
    fs, thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::{
    audit::AuditLog,
    crashing::{Crashing, TENANT},
};

/// A tenant as its administrators see it.
pub(crate) struct Seen {
    pub(crate) tenant: Value,
    pub(crate) keys: Vec<Value>,
    pub(crate) environments: Vec<Value>,
}

impl Seen {
    /// Environments in a state: `present`, `locked` or `deleted`.
    pub(crate) fn identifiers(&self, state: &str) -> Vec<String> {
        let in_state = self.environments.iter().filter(|environment| environment["state"] == state);
        in_state.map(|environment| environment["id"].as_str().unwrap().to_owned()).collect()
    }

    pub(crate) fn keys_in_vault(&self) -> usize {
        self.keys.iter().filter(|key| key["inVault"] == true).count()
    }

    fn active_key(&self) -> Option<&str> {
        self.tenant["activeKey"].as_str()
    }
}

impl Crashing<'_> {
    pub(crate) fn get(&mut self, who: &str, path: &str) -> Value {
        let token = self.token(who);
        let answer = self.local().get(&token, path);
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        answer.body
    }

    /// Reads until no operation runs; the one that ran has succeeded. What else is due is done.
    pub(crate) fn settle(&mut self) {
        let start = Instant::now();
        let mut ran = None;
        loop {
            let tenant = self.get("bob", TENANT);
            let Some(running) = tenant["runningOperation"].as_str() else { break };
            ran = Some(running.to_owned());
            assert!(start.elapsed() < Duration::from_secs(60), "operation {running} does not go on by itself");
            thread::yield_now();
        }
        if let Some(ran) = ran {
            let operation = self.get("ada", &format!("{TENANT}/operations/{ran}"));
            assert_eq!(operation["status"], "succeeded", "{operation}");
        }
    }

    pub(crate) fn read_audit(&mut self) {
        let token = self.token("ada");
        let mut audit = std::mem::replace(&mut self.audit, AuditLog::new(""));
        audit.read_on(|path| {
            let answer = self.local().get(&token, path);
            assert_eq!(answer.status, 200, "{path}: {}", answer.body);
            answer.body
        });
        self.audit = audit;
    }

    pub(crate) fn see(&mut self) -> Seen {
        let list = |value: Value| value["value"].as_array().unwrap().clone();
        let environments = self.get("ada", &format!("{TENANT}/environments?limit=100"));
        assert_eq!(environments.get("nextLink"), None, "one page holds all environments of this test");
        Seen {
            tenant: self.get("ada", TENANT),
            keys: list(self.get("ada", &format!("{TENANT}/keys"))),
            environments: list(environments),
        }
    }

    /// Everything after a crash; of the data keys a few.
    pub(crate) fn check(&mut self) {
        self.settle();
        // Deletions and reminders are nobody's operation: what is due of them is done before we look.
        self.local().advance(0);
        self.read_audit();
        let seen = self.see();
        is_consistent(&seen);
        for _ in 0..3 {
            let environment = self.chance.pick(&seen.environments).clone();
            let newest = environment["newestGeneration"].as_u64().unwrap();
            let generation = 1 + self.chance.below(newest);
            self.check_data_key(&environment, generation);
        }
        let (sealed, known) = (self.private_keys(), seen.keys_in_vault());
        assert!(sealed >= known, "{known} keys should be in the vault, {sealed} are");
    }

    /// Every generation of every environment gives the data key that it gave before, or none where it is locked or deleted.
    pub(crate) fn check_all_data_keys(&mut self) {
        let seen = self.see();
        is_consistent(&seen);
        for environment in &seen.environments {
            for generation in 1..=environment["newestGeneration"].as_u64().unwrap() {
                self.check_data_key(environment, generation);
            }
        }
    }

    fn check_data_key(&mut self, environment: &Value, generation: u64) {
        let id = environment["id"].as_str().unwrap();
        let token = self.token("orders");
        let path = format!("{TENANT}/environments/{id}/data-keys/lease");
        let answer = self.local().post(&token, &path, &json!({ "generation": generation }));
        self.tally.leases.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        match environment["state"].as_str().unwrap() {
            "present" => {
                assert_eq!(answer.status, 200, "data key {generation} of {id} is lost: {}", answer.body);
                let key = answer.body["dataKey"].as_str().unwrap().to_owned();
                let known = self.data_keys.entry((id.to_owned(), generation)).or_insert_with(|| key.clone());
                assert!(*known == key, "data key {generation} of {id} has become another one");
            }
            state => {
                assert_eq!(answer.code(), format!("environment_{state}"), "{id}: {} {}", answer.status, answer.body);
                assert_eq!(answer.body.get("dataKey"), None);
            }
        }
    }

    /// Private keys of tenants that lie in the vault, whether they can be opened or not.
    pub(crate) fn private_keys(&self) -> usize {
        let names = fs::read_dir(self.data().join("vault/keys")).unwrap();
        let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.filter(|name| !name.starts_with("embedded.")).count()
    }

    /// After the time that a request may take, no private key is in the vault that is not known.
    pub(crate) fn check_vault(&mut self) {
        self.advance(0, "advance", 11 * 60);
        let known = self.see().keys_in_vault();
        assert_eq!(self.private_keys(), known, "private keys in the vault, and keys that are said to be there");
    }
}

/// What a tenant says of itself is what its lists say, and no operation has left anything half done.
fn is_consistent(seen: &Seen) {
    let Seen { tenant, keys, environments } = seen;
    let active: Vec<_> = keys.iter().filter(|key| key["state"] == "active").collect();
    assert!(active.len() <= 1, "more than one active key");
    assert_eq!(active.first().and_then(|key| key["id"].as_str()), seen.active_key());
    let mut wrapped: BTreeMap<&str, u64> = BTreeMap::new();
    let (mut present, mut protected, mut locked) = (0_u64, 0_u64, 0_u64);
    for environment in environments.iter().filter(|environment| environment["state"] != "deleted") {
        present += 1;
        locked += u64::from(environment["state"] == "locked");
        let key = environment["wrappedBy"]["key"].as_str();
        match environment["managedBy"].as_str().unwrap() {
            "tenant" => {
                protected += 1;
                assert_eq!(key, seen.active_key(), "{} is wrapped by another key", environment["id"]);
                *wrapped.entry(key.unwrap()).or_default() += 1;
            }
            _ => assert_eq!(environment["wrappedBy"]["kind"], "provider", "{environment}"),
        }
    }
    assert_eq!(tenant["environments"], present, "{tenant}");
    assert_eq!(tenant["protectedEnvironments"], protected, "{tenant}");
    assert_eq!(tenant["lockedEnvironments"], locked, "{tenant}");
    for key in keys {
        let expected = wrapped.get(key["id"].as_str().unwrap()).copied().unwrap_or(0);
        assert_eq!(key["environments"], expected, "{key}");
    }
}
