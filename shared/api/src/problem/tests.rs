use std::collections::BTreeSet;

use chrono::DateTime;
use keyward_domain::{Dependents, Instant};
use serde_json::{Value, json};

use super::*;

/// The codes that a source file of another crate names, as `=> "code"`.
fn codes_in(source: &str) -> BTreeSet<&str> {
    let after_arrow = source.split("=> \"").skip(1).filter_map(|rest| rest.split_once('"'));
    let is_code = |text: &&str| text.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
    after_arrow.map(|(text, _)| text).filter(is_code).collect()
}

#[test]
fn every_code_has_one_row() {
    let mut codes: Vec<_> = CODES.iter().map(|row| row.code).collect();
    codes.sort_unstable();
    codes.dedup();
    assert_eq!(codes.len(), CODES.len());
}

#[test]
fn every_rejection_has_a_row() {
    let codes = codes_in(include_str!("../../../domain/src/rejection.rs"));
    assert!(codes.len() > 40 && codes.contains("not_found"));
    for wanted in codes {
        let status = code(wanted).map(|row| row.status);
        // Who the caller is decides one of them (A6), as the role does (A1).
        let of_caller = wanted == "administrator_not_listed" && status == Some(403);
        assert!(
            of_caller || status.is_some_and(|status| matches!(status, 404 | 409 | 410 | 422)),
            "{wanted}: {status:?}"
        );
    }
}

#[test]
fn every_fault_of_a_key_file_has_a_row() {
    let sources = [include_str!("../../../keyfile/src/error.rs"), include_str!("../../../keyfile/src/jwe.rs")];
    let codes: BTreeSet<_> = sources.into_iter().flat_map(codes_in).collect();
    assert!(codes.len() > 20 && codes.contains("wrong_password"));
    for wanted in codes {
        assert_eq!(code(wanted).map(|row| row.status), Some(422), "{wanted}");
    }
}

#[test]
fn rows_are_whole_sentences_in_order() {
    assert!(CODES.is_sorted_by_key(|row| row.status));
    for row in CODES {
        assert!(!row.title.is_empty() && !row.title.ends_with('.'), "{}", row.code);
        assert!(row.next_step.ends_with('.') || row.next_step.contains("openssl"), "{}", row.code);
        let table_breaks = |text: &str| text.contains('|') || text.contains('\n');
        assert!(!table_breaks(row.title) && !table_breaks(row.next_step), "{}", row.code);
    }
}

fn instant(seconds: i64) -> Instant {
    DateTime::from_timestamp(seconds, 0).unwrap_or_default()
}

#[test]
fn a_rejection_brings_its_facts() -> Result<(), serde_json::Error> {
    let rejection = Rejection::LockNotOpen { changed_at: instant(0), retry_at: instant(259_200) };
    let problem = Problem::from(&rejection);
    let json: Value = serde_json::to_value(&problem)?;
    assert_eq!(
        json,
        json!({
            "type": "urn:keyward:problem:lock_not_open",
            "title": "Locking is not open yet",
            "status": 409,
            "detail": rejection.to_string(),
            "code": "lock_not_open",
            "rule": "L2",
            "retryAt": "1970-01-04T00:00:00Z",
            "nextStep": "Wait until then, and ask again.",
            "changedAt": "1970-01-01T00:00:00Z",
        })
    );
    assert_eq!(serde_json::from_value::<Problem>(json)?, problem);
    Ok(())
}

#[test]
fn dependents_are_named() {
    let dependents = Dependents { backups: Vec::new(), backups_until: Some(instant(60)) };
    let problem = Problem::from(Rejection::KeyInUse { environments: 2, dependents, retry_at: None });
    assert_eq!(problem.facts.get("environments"), Some(&json!(2)));
    assert_eq!(problem.facts.get("dependents"), Some(&json!({"backups": [], "backupsUntil": "1970-01-01T00:01:00Z"})));
}

#[test]
fn no_fact_hides_a_member() {
    let members = ["type", "title", "status", "detail", "code", "rule", "retryAt", "nextStep"];
    let until = instant(0);
    let rejections = [
        Rejection::EnvironmentLocked { locked_at: until, deletion_at: until },
        Rejection::RollbackClosed { until },
        Rejection::TooFewSeats { seats: 1, needed_more_than: 1000, contact: "x".to_owned() },
        Rejection::NoSuchGeneration { asked: 2, newest: 1 },
    ];
    for problem in rejections.iter().map(Problem::from) {
        assert!(!problem.facts.is_empty(), "{}", problem.code);
        assert!(problem.facts.keys().all(|name| !members.contains(&name.as_str())), "{}", problem.code);
    }
}

#[test]
fn a_fault_tells_nothing() {
    let problem = Problem::new("no_such_code", "the table's name");
    assert_eq!((problem.status, problem.code.as_str()), (500, "internal"));
    assert!(!problem.detail.contains("table"));
}

#[test]
fn an_unknown_fault_of_a_key_file_is_one_still() {
    let problem = Problem::key_file("brand_new", "what it is", "What to do.");
    assert_eq!((problem.status, problem.code.as_str()), (422, "unusable_key_file"));
    assert_eq!((problem.detail.as_str(), problem.next_step.as_deref()), ("what it is", Some("What to do.")));
    assert_eq!(Problem::key_file("wrong_password", "d", "n").code, "wrong_password");
    assert_eq!(Problem::key_file("internal", "d", "n").status, 422);
}

#[test]
fn exit_statuses_follow_the_status() {
    let wanted = [(200, 0), (400, 2), (401, 3), (403, 3), (404, 6), (405, 1), (409, 4), (410, 4), (412, 5), (422, 4)];
    for (status, exit) in wanted.into_iter().chain([(429, 7), (500, 1), (503, 7)]) {
        assert_eq!(exit_code(status), exit, "{status}");
    }
}
