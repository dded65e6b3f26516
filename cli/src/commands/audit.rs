//! `keyward audit`, and the history of an environment.

use aws_lc_rs::digest;
use keyward_api::views::{AuditEventView, PageView};
use keyward_domain::{OperationName, chain};
use serde_json::{Value, json};

use crate::client::{Call, Session};
use crate::failure::{Exit, Failure};
use crate::grammar::AuditCommand;
use crate::output::{Clock, Listing, word};

/// Runs a command about the audit log.
pub(crate) fn run(session: &Session, command: &AuditCommand) -> Result<(), Failure> {
    let AuditCommand::List { verify } = command;
    let call = Call::of(session.tenant()?, OperationName::ListAuditEvents);
    if !verify {
        return list(session, &call);
    }
    let answer = session.list(&call)?;
    let entries: PageView<Value> = answer.view()?;
    let head = verify_chain(&entries.value)?;
    let count = entries.value.len();
    session.output().result(&json!({ "verified": true, "entries": count, "head": head }), || {
        format!(
            "{count} entries, in order and unchanged. The last one's hash is\n{head}\n\
             Keep it: a later log that doesn't hold this hash at {count} was changed or cut off.\n"
        )
    })
}

/// Lists events.
pub(crate) fn list(session: &Session, call: &Call) -> Result<(), Failure> {
    let answer = session.list(call)?;
    let page: PageView<AuditEventView> = answer.view()?;
    session.output().result(&answer.json()?, || events_text(&page.value, answer.clock()))
}

fn events_text(events: &[AuditEventView], clock: Clock) -> String {
    let mut list = Listing::new(&["sequence", "at", "by", "what", "facts"], "Nothing has happened yet.");
    for entry in events {
        let what = entry.event.get("type").map(word).unwrap_or_default();
        let facts: Vec<String> = entry
            .event
            .as_object()
            .into_iter()
            .flatten()
            .filter(|(name, value)| *name != "type" && !value.is_null())
            .map(|(name, value)| format!("{name}={}", word(value)))
            .collect();
        list.row([
            entry.sequence.to_string(),
            clock.instant(entry.at),
            entry.by.to_string(),
            what,
            facts.join(" ").chars().take(160).collect(),
        ]);
    }
    list.text()
}

/// Computes every hash again, from the entries as they were read. Returns the last one.
fn verify_chain(entries: &[Value]) -> Result<String, Failure> {
    let mut previous = chain::GENESIS.to_owned();
    for (entry, sequence) in entries.iter().zip(1_u64..) {
        let text = |name: &str| entry.get(name).and_then(Value::as_str).unwrap_or_default();
        if entry.get("sequence").and_then(Value::as_u64) != Some(sequence) {
            return Err(broken(sequence, "is missing or in another place"));
        }
        if text("previousHash") != previous {
            return Err(broken(sequence, "does not follow the one before"));
        }
        let linked = json!({ "sequence": sequence, "at": entry["at"], "by": entry["by"], "event": entry["event"] });
        let hash = hash(&chain::link_text_of(&previous, &linked));
        if text("hash") != hash {
            return Err(broken(sequence, "was changed"));
        }
        previous = hash;
    }
    Ok(previous)
}

fn hash(text: &str) -> String {
    digest::digest(&digest::SHA256, text.as_bytes()).as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn broken(sequence: u64, how: &str) -> Failure {
    Failure::new(Exit::Refused, "audit_chain_broken", format!("entry {sequence} of the audit log {how}"))
        .next("Keep a copy of the log (--output json) and tell the provider's operator.")
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    fn log() -> Vec<Value> {
        let mut previous = chain::GENESIS.to_owned();
        (1..=3_u64)
            .map(|sequence| {
                let linked = json!({ "sequence": sequence, "at": "2026-11-21T00:00:00Z", "by": "alice",
                    "event": {"type": "tenant_opted_in"} });
                let hash = hash(&chain::link_text_of(&previous, &linked));
                let mut entry = linked;
                entry["previousHash"] = json!(previous);
                entry["hash"] = json!(hash);
                previous = hash;
                entry
            })
            .collect()
    }

    #[test]
    fn a_whole_log_is_verified() {
        let log = log();
        assert_eq!(json!(verify_chain(&log).unwrap()), log[2]["hash"]);
        assert_eq!(verify_chain(&[]).unwrap(), chain::GENESIS);
    }

    #[test]
    fn a_changed_log_is_noticed() {
        let detail = |change: fn(&mut Vec<Value>)| {
            let mut log = log();
            change(&mut log);
            verify_chain(&log).unwrap_err().detail.clone()
        };
        assert!(detail(|log| log[1]["by"] = json!("mallory")).contains("entry 2"));
        assert!(detail(|log| log[1]["event"]["type"] = json!("x")).contains("entry 2"));
        assert!(detail(|log| drop(log.remove(1))).contains("entry 2"));
        assert!(detail(|log| drop(log.remove(0))).contains("entry 1"));
        assert!(detail(|log| log.swap(0, 1)).contains("entry 1"));
        assert!(detail(|log| log[2]["previousHash"] = json!("00")).contains("entry 3"));
    }
}
