//! The audit log as an auditor follows it: read on from where it was left, every hash computed again.

use std::collections::BTreeSet;

use aws_lc_rs::digest::{SHA256, digest};
use keyward_domain::chain;
use serde_json::{Value, json};

/// What a change leaves in the log: the event's type and, where it is about one thing, a member of it.
#[derive(Clone, Debug)]
pub(crate) struct Effect {
    pub(crate) event: &'static str,
    pub(crate) about: Option<(&'static str, String)>,
}

impl Effect {
    pub(crate) fn of(event: &'static str, member: &'static str, value: &str) -> Self {
        Self { event, about: Some((member, value.to_owned())) }
    }

    pub(crate) fn plain(event: &'static str) -> Self {
        Self { event, about: None }
    }

    fn is(&self, event: &Value) -> bool {
        event["type"] == self.event
            && self.about.as_ref().is_none_or(|(member, value)| event.pointer(member) == Some(&json!(value)))
    }
}

/// The log as far as it was read.
pub(crate) struct AuditLog {
    entries: Vec<Value>,
    last_page: String,
    last_page_starts: usize,
}

impl AuditLog {
    pub(crate) fn new(tenant: &str) -> Self {
        let last_page = format!("/v1/tenants/{tenant}/audit-events?limit=100");
        Self { entries: Vec::new(), last_page, last_page_starts: 0 }
    }

    /// Reads on. What was read before must still be there, what is new must follow on it.
    pub(crate) fn read_on(&mut self, get: impl Fn(&str) -> Value) {
        loop {
            let page = get(&self.last_page);
            let entries = page["value"].as_array().unwrap();
            for (index, entry) in entries.iter().enumerate() {
                match self.entries.get(self.last_page_starts + index) {
                    Some(known) => assert_eq!(known, entry, "an entry of the audit log has changed"),
                    None => self.follow(entry),
                }
            }
            let read = self.last_page_starts + entries.len();
            assert_eq!(read, self.entries.len(), "entries of the audit log are gone");
            match page["nextLink"].as_str() {
                Some(next) => (self.last_page, self.last_page_starts) = (next.to_owned(), read),
                None => break,
            }
        }
    }

    fn follow(&mut self, entry: &Value) {
        let previous = self.entries.last().map_or(chain::GENESIS, |last| last["hash"].as_str().unwrap());
        assert_eq!(entry["sequence"], self.entries.len() + 1, "a gap in the audit log");
        assert_eq!(entry["previousHash"], previous);
        let hashed =
            json!({ "at": entry["at"], "by": entry["by"], "event": entry["event"], "sequence": entry["sequence"] });
        let hash = digest(&SHA256, chain::link_text_of(previous, &hashed).as_bytes());
        let hash: String = hash.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(entry["hash"], hash, "a hash of the audit log is wrong");
        self.entries.push(entry.clone());
    }

    pub(crate) fn count(&self, effect: &Effect) -> usize {
        self.entries.iter().filter(|entry| effect.is(&entry["event"])).count()
    }

    /// At how many instants such an event happened.
    pub(crate) fn instants(&self, event: &str) -> usize {
        let happened = self.entries.iter().filter(|entry| entry["event"]["type"] == event);
        happened.map(|entry| entry["at"].as_str()).collect::<BTreeSet<_>>().len()
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// How many operations there were, and how many of them were gone on with after the request that started them. Each ended once.
    pub(crate) fn operations(&self) -> (u64, u64) {
        let (mut all, mut resumed) = (0, 0);
        for started in &self.entries {
            let kind = started["event"]["type"].as_str().unwrap();
            if !["key_activated", "key_rolled_back", "tenant_locked", "key_destroyed"].contains(&kind) {
                continue;
            }
            let id = &started["event"]["operation"];
            let ends: Vec<_> = self
                .entries
                .iter()
                .filter(|entry| entry["event"]["type"] == "operation_finished" && entry["event"]["operation"] == *id)
                .collect();
            assert_eq!(ends.len(), 1, "operation {id} of {kind} ended so many times");
            all += 1;
            // What a request does at once bears the request's instant.
            resumed += u64::from(ends[0]["at"] != started["at"]);
        }
        (all, resumed)
    }
}
