//! How an [`Item`] is laid out in DynamoDB's attributes.
//!
//! | attribute | type | content |
//! |---|---|---|
//! | `pk`, `sk` | S | the key |
//! | `rev` | N | the revision |
//! | `fence` | N | the fence, where there is one |
//! | `due_shard` | S | kind and shard of the due work, joined by `#`; key of the sparse index |
//! | `due_at` | N | when it is due, in milliseconds since 1970 |
//! | `expires` | N | when the table may drop it, in seconds since 1970 (what DynamoDB's TTL reads) |
//! | `body` | S | the content |

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use chrono::DateTime;
use keyward_service::ports::table::{Due, Item, Key, TableError};

/// Attribute of the partition key.
pub(super) const PARTITION: &str = "pk";
/// Attribute of the sort key.
pub(super) const SORT: &str = "sk";
/// Attribute of the revision.
pub(super) const REVISION: &str = "rev";
/// Attribute of the fence.
pub(super) const FENCE: &str = "fence";
/// Attribute of the partition of the sparse index.
pub(super) const DUE_SHARD: &str = "due_shard";
/// Attribute of the sort key of the sparse index.
pub(super) const DUE_AT: &str = "due_at";
/// Attribute that DynamoDB's TTL reads.
pub(super) const EXPIRES: &str = "expires";
const BODY: &str = "body";

/// The attributes of an item by name.
pub(super) type Attributes = HashMap<String, AttributeValue>;

/// DynamoDB stores a number of 20 digits in at most 12 bytes; the bound is generous so that the check here is never
/// more lenient than the server's.
const NUMBER_BYTES: usize = 21;

/// The attributes under which `item` is stored.
pub(super) fn attributes(item: &Item) -> Attributes {
    let mut attributes = key_attributes(&item.key);
    attributes.insert(REVISION.into(), number(item.revision));
    attributes.insert(BODY.into(), AttributeValue::S(item.body.clone()));
    if let Some(fence) = item.fence {
        attributes.insert(FENCE.into(), number(fence));
    }
    if let Some(due) = &item.due {
        let shard = due_shard(&due.kind, due.shard);
        attributes.insert(DUE_SHARD.into(), AttributeValue::S(shard));
        attributes.insert(DUE_AT.into(), number(due.at.timestamp_millis()));
    }
    if let Some(expires) = item.expires {
        // Rounded up: the table must not drop an item before its time.
        let part = i64::from(expires.timestamp_subsec_nanos() > 0);
        attributes.insert(EXPIRES.into(), number(expires.timestamp() + part));
    }
    attributes
}

/// The attributes that address an item.
pub(super) fn key_attributes(key: &Key) -> Attributes {
    HashMap::from([
        (PARTITION.into(), AttributeValue::S(key.partition.clone())),
        (SORT.into(), AttributeValue::S(key.sort.clone())),
    ])
}

/// The partition of the sparse index that holds one shard of one kind of due work.
pub(super) fn due_shard(kind: &str, shard: u8) -> String {
    format!("{kind}#{shard}")
}

/// A whole number as an attribute.
pub(super) fn number(value: impl ToString) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

/// The bytes that DynamoDB counts for an item: names and values.
pub(super) fn size(attributes: &Attributes) -> usize {
    attributes
        .iter()
        .map(|(name, value)| {
            name.len()
                + match value {
                    AttributeValue::S(text) => text.len(),
                    _ => NUMBER_BYTES,
                }
        })
        .sum()
}

/// Reads an item back.
///
/// # Errors
/// [`TableError::Unavailable`] naming the attribute that is missing or malformed: something other than Keyward wrote
/// the item.
pub(super) fn item(attributes: &Attributes) -> Result<Item, TableError> {
    let reader = Reader { attributes };
    Ok(Item {
        key: Key { partition: reader.text(PARTITION)?, sort: reader.text(SORT)? },
        revision: reader.number(REVISION)?.ok_or_else(|| malformed(REVISION))?,
        fence: reader.number(FENCE)?,
        due: reader.due()?,
        expires: reader
            .number(EXPIRES)?
            .map(|seconds| DateTime::from_timestamp(seconds, 0).ok_or_else(|| malformed(EXPIRES)))
            .transpose()?,
        body: reader.text(BODY)?,
    })
}

struct Reader<'a> {
    attributes: &'a Attributes,
}

impl Reader<'_> {
    fn text(&self, name: &'static str) -> Result<String, TableError> {
        match self.attributes.get(name) {
            Some(AttributeValue::S(text)) => Ok(text.clone()),
            _ => Err(malformed(name)),
        }
    }

    fn number<T: std::str::FromStr>(&self, name: &'static str) -> Result<Option<T>, TableError> {
        match self.attributes.get(name) {
            None => Ok(None),
            Some(AttributeValue::N(digits)) => digits.parse().map(Some).map_err(|_| malformed(name)),
            Some(_) => Err(malformed(name)),
        }
    }

    fn due(&self) -> Result<Option<Due>, TableError> {
        let Some(millis) = self.number(DUE_AT)? else {
            return Ok(None);
        };
        let joined = self.text(DUE_SHARD)?;
        let (kind, shard) = joined.rsplit_once('#').ok_or_else(|| malformed(DUE_SHARD))?;
        Ok(Some(Due {
            kind: kind.into(),
            shard: shard.parse().map_err(|_| malformed(DUE_SHARD))?,
            at: DateTime::from_timestamp_millis(millis).ok_or_else(|| malformed(DUE_AT))?,
        }))
    }
}

fn malformed(name: &'static str) -> TableError {
    TableError::Unavailable { reason: format!("a stored item has no readable attribute {name}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Item {
        Item {
            key: Key { partition: "p".into(), sort: "s".into() },
            revision: 1,
            fence: None,
            due: None,
            expires: None,
            body: "{}".into(),
        }
    }

    #[test]
    fn an_expiry_is_never_stored_early() {
        for (nanos, seconds) in [(0, 10), (1, 11), (999_999_999, 11)] {
            let expires = DateTime::from_timestamp(10, nanos);
            let stored = item(&attributes(&Item { expires, ..sample() }));
            let read = stored.map(|item| item.expires);
            assert_eq!(read, Ok(DateTime::from_timestamp(seconds, 0)));
        }
    }

    #[test]
    fn size_counts_bytes_of_names_and_values() {
        let size_of = |body: &str| size(&attributes(&Item { body: body.into(), ..sample() }));
        assert_eq!(size_of("éé") - size_of(""), 4);
        assert_eq!(size_of(""), "pkpsksrevbody".len() + NUMBER_BYTES);
    }

    #[test]
    fn a_foreign_item_is_an_error_that_names_the_attribute() {
        let text = |text: &str| AttributeValue::S(text.into());
        for (name, value) in [
            (BODY, None),
            (SORT, None),
            (REVISION, None),
            (REVISION, Some(text("1"))),
            (REVISION, Some(number(-1))),
            (FENCE, Some(number("1.5"))),
            (DUE_AT, Some(number(i64::MAX))),
            (EXPIRES, Some(number(i64::MAX))),
        ] {
            let mut attributes = attributes(&sample());
            attributes.insert(DUE_SHARD.into(), text("kind#1"));
            match value {
                Some(value) => attributes.insert(name.into(), value),
                None => attributes.remove(name),
            };
            let read = item(&attributes);
            assert!(
                matches!(&read, Err(TableError::Unavailable { reason }) if reason.ends_with(name)),
                "{name}: {read:?}"
            );
        }
    }
}
