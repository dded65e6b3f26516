//! One life of a tenant, from its first key change to the deletion of what stays locked, with crashes in every step.

use std::{collections::BTreeSet, path::Path, sync::atomic::Ordering::Relaxed};

use keyward_keyfile::jwe;
use keyward_tests::{keys::PASSWORD, local::Answer};
use serde_json::{Value, json};

use crate::{
    audit::{AuditLog, Effect},
    crashing::{Change, Crashing, Tally},
    template::{ENVIRONMENTS, Exchange},
};

const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;

/// How a life begins.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Beginning {
    /// Another key takes over and is rolled back.
    KeyRolledBack,
    /// The first key is rolled back: the provider's is back.
    ProviderBack,
}

struct Life<'a> {
    crashing: Crashing<'a>,
    exchange: &'a Exchange,
}

/// Lives one life on a copy of the template.
pub(crate) fn live(template: &Path, exchange: &Exchange, beginning: Beginning, seed: u64, tally: &Tally) {
    let mut life = Life { crashing: Crashing::new(Some(template), seed, tally), exchange };
    life.crashing.start(&[]);
    life.crashing.check();
    life.crashing.check_all_data_keys();
    match beginning {
        Beginning::KeyRolledBack => life.key_rolled_back(),
        Beginning::ProviderBack => life.provider_back(),
    }
    life.keys_change();
    life.locked_and_unlocked();
    life.locked_and_deleted();
    life.ends();
}

impl Life<'_> {
    fn change(&mut self, most: u64, step: &'static str, path: &str, body: &Value, effect: Effect) -> Answer {
        // Whoever made a key change can't roll it back.
        let who = if step == "roll back" { "bob" } else { "alice" };
        self.crashing.change(most, step, &Change { who, path, body, effect })
    }

    fn upload(&mut self, number: usize) {
        let id = format!("k{number}");
        let body = json!({ "id": id, "region": "europe", "sealedKeyFile": self.exchange.sealed_key_file(number) });
        self.change(2, "upload", "/keys/upload", &body, Effect::of("key_added", "/key/id", &id));
    }

    fn activate(&mut self, most: u64, id: &str) {
        let effect = Effect::of("key_activated", "/key", id);
        self.change(most, "activate", &format!("/keys/{id}/activate"), &json!({}), effect);
    }

    fn roll_back(&mut self) {
        self.change(3, "roll back", "/keys/roll-back", &json!({}), Effect::plain("key_rolled_back"));
        self.crashing.check_all_data_keys();
    }

    fn of_environment(&mut self, most: u64, step: &'static str, id: &str, body: &Value, event: &'static str) {
        let path = format!("/environments/{id}/{step}");
        self.change(most, step, &path, body, Effect::of(event, "/environment", id));
    }

    fn protect(&mut self, most: u64, id: &str) {
        self.of_environment(most, "protect", id, &json!({}), "environment_protected");
    }

    fn unlock(&mut self, most: u64, id: &str) {
        self.of_environment(most, "unlock", id, &json!({}), "environment_unlocked");
    }

    fn generate(&mut self, id: &str) {
        let password = jwe::seal(PASSWORD.as_bytes(), &self.exchange.public_key, &self.exchange.kid).unwrap();
        let body = json!({ "id": id, "region": "europe", "sealedPassword": password });
        self.change(2, "generate", "/keys/generate", &body, Effect::of("key_added", "/key/id", id));
    }

    fn key_rolled_back(&mut self) {
        self.crashing.advance(1, "advance", 25 * HOUR);
        self.upload(1);
        self.activate(3, "k1");
        self.crashing.check_all_data_keys();
        self.roll_back();
        let environments = self.crashing.see().identifiers("present");
        for _ in 0..2 {
            let id = self.crashing.chance.pick(&environments).clone();
            let name = if id == "prod-eu" { json!({ "statedName": "Contoso Production" }) } else { json!({}) };
            self.of_environment(2, "revert", &id, &name, "environment_reverted");
            self.protect(2, &id);
        }
    }

    fn provider_back(&mut self) {
        self.roll_back();
        self.upload(1);
    }

    /// Key 1 becomes the active one, and everything is protected by it; key 0 is destroyed.
    fn keys_change(&mut self) {
        self.generate("g1");
        self.crashing.check_vault();
        self.crashing.advance(1, "advance", 73 * HOUR);
        self.activate(3, "k1");
        for environment in self.crashing.see().environments {
            if environment["managedBy"] == "provider" {
                let crashes = u64::from(self.crashing.chance.one_in(8));
                self.protect(crashes, environment["id"].as_str().unwrap());
            }
        }
        self.crashing.advance(1, "advance", 73 * HOUR);
        self.change(2, "destroy", "/keys/k0/destroy", &json!({}), Effect::of("key_destroyed", "/key", "k0"));
        self.crashing.check_all_data_keys();
        self.crashing.check_vault();
    }

    /// Once the lock's operation has succeeded, nothing that could unwrap is left, and nothing is leased.
    fn lock(&mut self) {
        let body = json!({ "statedName": "Contoso Ltd", "sealedKeyFile": self.exchange.sealed_key_file(1) });
        self.change(3, "lock", "/lock", &body, Effect::plain("tenant_locked"));
        let seen = self.crashing.see();
        assert_eq!(seen.tenant["keyAwaited"], true);
        assert_eq!(seen.keys_in_vault(), 0);
        assert_eq!(self.crashing.private_keys(), 0, "private keys that are in the vault after a lock");
        assert_eq!(seen.identifiers("present"), [""; 0]);
        self.crashing.check_all_data_keys();
    }

    /// Presents key 1 again. Environments stay locked until each is unlocked.
    fn present(&mut self) {
        let body = json!({ "sealedKeyFile": self.exchange.sealed_key_file(1) });
        self.change(2, "present", "/keys/upload", &body, Effect::of("key_presented", "/key", "k1"));
        let effect = Effect::of("key_reactivated", "/key", "k1");
        self.change(1, "reactivate", "/keys/k1/activate", &json!({}), effect);
        assert_eq!(self.crashing.see().identifiers("present"), [""; 0]);
    }

    /// Unlocks up to so many environments.
    fn unlock_some(&mut self, most: usize) {
        let mut locked = self.crashing.see().identifiers("locked");
        for _ in 0..most.min(locked.len()) {
            let id = self.crashing.chance.pick(&locked).clone();
            locked.retain(|other| *other != id);
            let crashes = u64::from(self.crashing.chance.one_in(6));
            self.unlock(crashes, &id);
        }
    }

    fn locked_and_unlocked(&mut self) {
        self.lock();
        self.present();
        self.unlock_some(8);
        // At once again: what a crash has left of the presentation must not outlive the second lock.
        self.lock();
        self.present();
        self.unlock_some(ENVIRONMENTS);
        assert_eq!(self.crashing.see().identifiers("present").len(), ENVIRONMENTS);
        self.crashing.check_all_data_keys();
        self.crashing.check_vault();
    }

    /// What is still locked at the deadline is deleted, each environment once, and nothing else.
    fn locked_and_deleted(&mut self) {
        self.lock();
        self.crashing.advance(1, "advance", 14 * DAY);
        self.present();
        self.unlock_some(6);
        let (kept, doomed) = (self.crashing.see().identifiers("present"), self.crashing.see().identifiers("locked"));
        assert_eq!(kept.len() + doomed.len(), ENVIRONMENTS);
        self.crashing.advance(0, "advance", 14 * DAY - HOUR);
        assert_eq!(self.crashing.see().identifiers("locked"), doomed, "an hour before the deadline");
        self.crashing.advance(4, "delete", 2 * HOUR);
        let seen = self.crashing.see();
        let deleted: BTreeSet<_> = seen.identifiers("deleted").into_iter().collect();
        assert_eq!(deleted, doomed.iter().cloned().collect());
        assert_eq!(seen.tenant["environments"], kept.len());
        assert_eq!(self.crashing.audit.count(&Effect::plain("environment_deleted")), doomed.len());
        for id in &doomed {
            let times = self.crashing.audit.count(&Effect::of("environment_deleted", "/environment", id));
            assert_eq!(times, 1, "{id} was deleted so many times");
        }
        self.crashing.check_all_data_keys();
        let resumed = self.crashing.audit.instants("environment_deleted") > 1;
        self.crashing.tally.deletions_resumed.fetch_add(u64::from(resumed), Relaxed);
        self.crashing.tally.deleted.fetch_add(u64::try_from(doomed.len()).unwrap(), Relaxed);
    }

    /// The log from its first entry once more, and the vault.
    fn ends(&mut self) {
        self.crashing.check_vault();
        let (operations, resumed) = self.crashing.audit.operations();
        self.crashing.tally.operations.fetch_add(operations, Relaxed);
        self.crashing.tally.resumed.fetch_add(resumed, Relaxed);
        let read = self.crashing.audit.len();
        self.crashing.audit = AuditLog::new("contoso");
        self.crashing.read_audit();
        assert_eq!(self.crashing.audit.len(), read);
        self.crashing.end();
    }
}
