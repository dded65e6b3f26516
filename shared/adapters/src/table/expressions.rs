//! Conditions and key ranges in DynamoDB's expression language.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use keyward_service::ports::table::{Condition, Span};

use super::encoding::{DUE_AT, DUE_SHARD, FENCE, PARTITION, REVISION, SORT, number};

/// An expression with the names and values it refers to.
///
/// Every attribute is referred to by a placeholder, so that no reserved word of DynamoDB's can get in the way.
#[derive(Debug)]
pub(super) struct Expression {
    /// The text.
    pub(super) text: &'static str,
    /// What `#name` stands for.
    pub(super) names: HashMap<String, String>,
    /// What `:value` stands for; `None` where there is none, since DynamoDB refuses an empty map.
    pub(super) values: Option<HashMap<String, AttributeValue>>,
}

impl Expression {
    fn new<const N: usize, const V: usize>(
        text: &'static str,
        names: [(&str, &str); N],
        values: [(&str, AttributeValue); V],
    ) -> Self {
        Self {
            text,
            names: names.map(|(name, of)| (name.into(), of.into())).into(),
            values: (V > 0).then(|| values.map(|(name, value)| (name.into(), value)).into()),
        }
    }
}

/// What a write expects to find.
pub(super) fn condition(condition: Condition) -> Expression {
    match condition {
        Condition::Absent => Expression::new("attribute_not_exists(#found)", [("#found", PARTITION)], []),
        Condition::Revision(revision) => equals(REVISION, revision),
        Condition::Fence(fence) => equals(FENCE, fence),
    }
}

fn equals(attribute: &str, value: u64) -> Expression {
    Expression::new("#found = :expected", [("#found", attribute)], [(":expected", number(value))])
}

/// The keys of one partition inside a span. An empty prefix takes the whole partition.
pub(super) fn keys(partition: &str, span: &Span) -> Expression {
    let partition = AttributeValue::S(partition.into());
    match span {
        Span::Prefix(prefix) if prefix.is_empty() => {
            Expression::new("#pk = :pk", [("#pk", PARTITION)], [(":pk", partition)])
        }
        Span::Prefix(prefix) => Expression::new(
            "#pk = :pk AND begins_with(#sk, :prefix)",
            [("#pk", PARTITION), ("#sk", SORT)],
            [(":pk", partition), (":prefix", AttributeValue::S(prefix.clone()))],
        ),
        // DynamoDB takes no empty text as a bound.
        Span::Between { from, to } if from.is_empty() => Expression::new(
            "#pk = :pk AND #sk <= :to",
            [("#pk", PARTITION), ("#sk", SORT)],
            [(":pk", partition), (":to", AttributeValue::S(to.clone()))],
        ),
        Span::Between { from, to } => Expression::new(
            "#pk = :pk AND #sk BETWEEN :from AND :to",
            [("#pk", PARTITION), ("#sk", SORT)],
            [(":pk", partition), (":from", AttributeValue::S(from.clone())), (":to", AttributeValue::S(to.clone()))],
        ),
    }
}

/// The entries of one partition of the sparse index that are due at `until_millis` or before.
pub(super) fn due(shard: String, until_millis: i64) -> Expression {
    Expression::new(
        "#shard = :shard AND #at <= :until",
        [("#shard", DUE_SHARD), ("#at", DUE_AT)],
        [(":shard", AttributeValue::S(shard)), (":until", number(until_millis))],
    )
}
