//! Metrics, written as a line of the log in CloudWatch's embedded metric format, from which it makes them without a request.
//!
//! Format: Amazon CloudWatch, "Embedded metric format specification".

use std::io::{self, Write};

use keyward_domain::Instant;
use keyward_service::sweeps::{Sweep, SweepReport};
use serde_json::{Value, json};

/// Name of the variable with the namespace; without it nothing is written.
const NAMESPACE: &str = "KEYWARD_METRICS";

/// Writes what one invocation of a sweep did.
pub(crate) fn swept(sweep: Sweep, report: &SweepReport, now: Instant) {
    let Some(namespace) = std::env::var(NAMESPACE).ok().filter(|value| !value.is_empty()) else { return };
    let line = of_sweep(&namespace, sweep, report, now);
    // A metric that is lost is no reason to fail what was done.
    if let Err(error) = writeln!(io::stdout().lock(), "{line}") {
        tracing::warn!(%error, "metrics were not written");
    }
}

fn of_sweep(namespace: &str, sweep: Sweep, report: &SweepReport, now: Instant) -> Value {
    let mut values = vec![
        ("RowsLookedAt", "Count", report.looked_at),
        ("RowsDone", "Count", report.done),
        ("Changes", "Count", report.changes),
        ("RowsFailed", "Count", report.failed),
        ("RunsThatLeftWork", "Count", u64::from(report.more)),
        ("LongestWait", "Seconds", report.longest_wait_seconds),
    ];
    if sweep == Sweep::DeliverNotices {
        let notices = report.notices.unwrap_or_default();
        values.extend([
            ("NoticesWaiting", "Count", notices.waiting),
            ("OldestNoticeSeconds", "Seconds", notices.oldest_seconds),
            ("RecipientsGivenUp", "Count", notices.given_up),
        ]);
    }
    let metrics: Vec<Value> = values.iter().map(|(name, unit, _)| json!({ "Name": name, "Unit": unit })).collect();
    let mut line = json!({
        "_aws": {
            "Timestamp": now.timestamp_millis(),
            // By sweep, and over all of them.
            "CloudWatchMetrics": [{ "Namespace": namespace, "Dimensions": [["Sweep"], []], "Metrics": metrics }],
        },
        "Sweep": sweep.as_str(),
    });
    for (name, _, value) in values {
        line[name] = json!(value);
    }
    line
}

#[cfg(test)]
mod tests {
    use keyward_service::sweeps::NoticesFound;

    use super::*;

    /// The names that a line declares, each of which has its value.
    fn declared(line: &Value) -> Vec<&str> {
        let metrics = line["_aws"]["CloudWatchMetrics"][0]["Metrics"].as_array().map(Vec::as_slice).unwrap_or_default();
        let names: Vec<&str> = metrics.iter().filter_map(|metric| metric["Name"].as_str()).collect();
        assert!(names.iter().all(|name| line[name].is_u64()), "{line}");
        names
    }

    #[test]
    fn every_metric_that_is_declared_has_its_value() {
        let report =
            SweepReport { looked_at: 3, failed: 1, longest_wait_seconds: 61, more: true, ..SweepReport::default() };
        let line = of_sweep("stack", Sweep::EnforceDeletions, &report, Instant::UNIX_EPOCH);
        assert_eq!(declared(&line).len(), 6);
        assert_eq!((&line["LongestWait"], &line["RunsThatLeftWork"]), (&json!(61), &json!(1)));
        assert_eq!(line["Sweep"], "enforce-deletions");
    }

    #[test]
    fn of_notices_is_told_too_how_many_wait_for_how_long_and_who_was_given_up() {
        let none = of_sweep("stack", Sweep::DeliverNotices, &SweepReport::default(), Instant::UNIX_EPOCH);
        assert_eq!(declared(&none)[6..], ["NoticesWaiting", "OldestNoticeSeconds", "RecipientsGivenUp"]);
        assert!(declared(&none).iter().all(|name| none[name] == 0), "{none}");
        let found = NoticesFound { waiting: 2, oldest_seconds: 901, given_up: 1 };
        let report = SweepReport { notices: Some(found), ..SweepReport::default() };
        let line = of_sweep("stack", Sweep::DeliverNotices, &report, Instant::UNIX_EPOCH);
        let values = ["NoticesWaiting", "OldestNoticeSeconds", "RecipientsGivenUp"].map(|name| line[name].as_u64());
        assert_eq!(values, [Some(2), Some(901), Some(1)]);
    }
}
