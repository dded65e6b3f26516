//! Records of the table's stream. As much of their form as is needed: the keys, and where the batch is to go on.

use std::fmt::Display;
use std::time::Duration;

use keyward_domain::TenantId;
use keyward_service::notice_at;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Kept for writing the answer.
const RESERVE: Duration = Duration::from_secs(2);

#[derive(Deserialize)]
struct Batch {
    #[serde(rename = "Records")]
    records: Vec<Record>,
}

/// One change of an item.
#[derive(Debug, Deserialize, PartialEq)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Record {
    event_source: String,
    event_name: String,
    dynamodb: Change,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(rename_all = "PascalCase")]
struct Change {
    keys: Keys,
    sequence_number: String,
}

/// The names of the table's key attributes.
#[derive(Debug, Deserialize, PartialEq)]
struct Keys {
    pk: Text,
    sk: Text,
}

#[derive(Debug, Deserialize, PartialEq)]
struct Text {
    #[serde(rename = "S")]
    text: String,
}

impl Record {
    /// Tenant and number of the notice that was written, if one was.
    fn new_notice(&self) -> Option<(TenantId, u64)> {
        let keys = &self.dynamodb.keys;
        notice_at(&keys.pk.text, &keys.sk.text).filter(|_| self.event_name == "INSERT")
    }
}

/// The records of an event; why it is no batch of this table's stream where it is none.
pub(super) fn records(event: Value) -> Result<Vec<Record>, String> {
    let batch: Batch = serde_json::from_value(event).map_err(|error| format!("not records of the table: {error}"))?;
    match batch.records.iter().find(|record| record.event_source != "aws:dynamodb") {
        Some(other) => Err(format!("records of {}", other.event_source)),
        None => Ok(batch.records),
    }
}

/// What Lambda is told of a batch: from the first of these on it is given again.
#[derive(Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct BatchAnswer {
    batch_item_failures: Vec<BatchItemFailure>,
}

#[derive(Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
struct BatchItemFailure {
    item_identifier: String,
}

/// Delivers every new notice of a batch. `remaining` is the time until Lambda ends the invocation.
///
/// One that fails does not stop those after it, which may be of other tenants. The answer names all records from the first failure on, as
/// Lambda will have it: it goes back to that one. A notice that was delivered is then found delivered.
pub(crate) async fn deliver<E: Display>(
    records: &[Record],
    mut deliver: impl AsyncFnMut(&TenantId, u64) -> Result<u64, E>,
    remaining: impl Fn() -> Duration,
) -> BatchAnswer {
    let mut first_failure = None;
    for (index, record) in records.iter().enumerate() {
        let Some((tenant, sequence)) = record.new_notice() else { continue };
        let left = remaining().saturating_sub(RESERVE);
        let failure = match tokio::time::timeout(left, deliver(&tenant, sequence)).await {
            Ok(Ok(sent)) => {
                tracing::info!(%tenant, sequence, sent, "delivered");
                continue;
            }
            Ok(Err(error)) => error.to_string(),
            Err(_) => "the time is over".to_owned(),
        };
        tracing::warn!(%tenant, sequence, failure, "a notice was not delivered; it stays due");
        first_failure.get_or_insert(index);
    }
    let failed = first_failure.and_then(|first| records.get(first..)).unwrap_or_default();
    let failure = |record: &Record| BatchItemFailure { item_identifier: record.dynamodb.sequence_number.clone() };
    BatchAnswer { batch_item_failures: failed.iter().map(failure).collect() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const PLENTY: Duration = Duration::from_secs(60);

    /// A record as Lambda gives it.
    fn record(number: u32, name: &str, pk: &str, sk: &str) -> Value {
        json!({
            "eventID": format!("c4ca4238a0b923820dcc509a6f75849{number}"),
            "eventName": name,
            "eventVersion": "1.1",
            "eventSource": "aws:dynamodb",
            "awsRegion": "eu-central-1",
            "dynamodb": {
                "ApproximateCreationDateTime": 1_800_000_000,
                "Keys": { "pk": { "S": pk }, "sk": { "S": sk } },
                "SequenceNumber": format!("4421584500000000017450439{number}"),
                "SizeBytes": 26,
                "StreamViewType": "KEYS_ONLY"
            },
            "eventSourceARN": "arn:aws:dynamodb:eu-central-1:123456789012:table/keyward/stream/2026-11-01T00:00:00.000"
        })
    }

    fn batch() -> Result<Vec<Record>, String> {
        let contoso = "TENANT#contoso";
        records(json!({ "Records": [
            record(0, "MODIFY", contoso, "TENANT"),
            record(1, "INSERT", contoso, "AUDIT#000000000007"),
            record(2, "INSERT", contoso, "NOTICE#000000000007"),
            record(3, "MODIFY", contoso, "NOTICE#000000000007"),
            record(4, "INSERT", "TENANT#fabrikam", "NOTICE#000000000003"),
            record(5, "INSERT", "ANSWERS#contoso", "NOTICE#000000000009"),
            record(6, "INSERT", contoso, "NOTICE#9"),
            record(7, "INSERT", contoso, "NOTICE#000000000011"),
        ]}))
    }

    /// Delivers the batch; what was asked for, and the answer.
    async fn over(fails: &[u64], left: Duration) -> Result<(Vec<String>, Value), String> {
        let mut asked = Vec::new();
        let answer = deliver(
            &batch()?,
            async |tenant, sequence| {
                asked.push(format!("{tenant}/{sequence}"));
                if fails.contains(&sequence) { Err("the table does not answer") } else { Ok(2) }
            },
            || left,
        )
        .await;
        Ok((asked, serde_json::to_value(answer).map_err(|error| error.to_string())?))
    }

    #[tokio::test]
    async fn new_notices_are_delivered_and_nothing_else_is_looked_at() -> Result<(), String> {
        let (asked, answer) = over(&[], PLENTY).await?;
        assert_eq!(asked, ["contoso/7", "fabrikam/3", "contoso/11"]);
        assert_eq!(answer, json!({ "batchItemFailures": [] }));
        Ok(())
    }

    #[tokio::test]
    async fn a_failure_in_the_middle_stops_nothing_and_the_batch_is_given_again_from_there() -> Result<(), String> {
        let (asked, answer) = over(&[3], PLENTY).await?;
        assert_eq!(asked, ["contoso/7", "fabrikam/3", "contoso/11"]);
        let failures: Vec<Value> =
            (4..=7).map(|number| json!({ "itemIdentifier": format!("4421584500000000017450439{number}") })).collect();
        assert_eq!(answer, json!({ "batchItemFailures": failures }));
        Ok(())
    }

    #[tokio::test]
    async fn what_the_time_does_not_suffice_for_is_given_again() -> Result<(), String> {
        let pending = async |_: &TenantId, _| std::future::pending::<Result<u64, &str>>().await;
        let answer = deliver(&batch()?, pending, || RESERVE).await;
        assert_eq!(answer.batch_item_failures.len(), 6);
        Ok(())
    }
}
