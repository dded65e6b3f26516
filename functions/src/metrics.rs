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
    let units = [
        ("RowsLookedAt", "Count"),
        ("RowsDone", "Count"),
        ("Changes", "Count"),
        ("RowsFailed", "Count"),
        ("RunsThatLeftWork", "Count"),
        ("LongestWait", "Seconds"),
    ];
    let metrics: Vec<Value> = units.iter().map(|(name, unit)| json!({ "Name": name, "Unit": unit })).collect();
    json!({
        "_aws": {
            "Timestamp": now.timestamp_millis(),
            // By sweep, and over all of them.
            "CloudWatchMetrics": [{ "Namespace": namespace, "Dimensions": [["Sweep"], []], "Metrics": metrics }],
        },
        "Sweep": sweep.as_str(),
        "RowsLookedAt": report.looked_at,
        "RowsDone": report.done,
        "Changes": report.changes,
        "RowsFailed": report.failed,
        "RunsThatLeftWork": u64::from(report.more),
        "LongestWait": report.longest_wait_seconds,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_metric_that_is_declared_has_its_value() {
        let report =
            SweepReport { looked_at: 3, failed: 1, longest_wait_seconds: 61, more: true, ..SweepReport::default() };
        let line = of_sweep("stack", Sweep::EnforceDeletions, &report, Instant::UNIX_EPOCH);
        let declared =
            line["_aws"]["CloudWatchMetrics"][0]["Metrics"].as_array().map(Vec::as_slice).unwrap_or_default();
        assert_eq!(declared.len(), 6);
        for metric in declared {
            let name = metric["Name"].as_str().unwrap_or_default();
            assert!(line[name].is_u64(), "{name} in {line}");
        }
        assert_eq!((&line["LongestWait"], &line["RunsThatLeftWork"]), (&json!(61), &json!(1)));
        assert_eq!(line["Sweep"], "enforce-deletions");
    }
}
