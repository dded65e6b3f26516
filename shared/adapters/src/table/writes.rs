//! A transaction in DynamoDB's terms, checked before it is sent.

use std::collections::HashSet;

use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::types::{ConditionCheck, Delete, Put, TransactWriteItem};
use keyward_service::ports::table::{Key, TableError, Write};

use super::encoding::{attributes, key_attributes, size};
use super::expressions::{Expression, condition};

/// Most bytes that a part of a key may have (DynamoDB's limit for the sort key).
pub(super) const KEY_BYTES: usize = 1024;
/// Most bytes that DynamoDB takes in one item.
const ITEM_BYTES: usize = 400 * 1024;
/// Most bytes that DynamoDB takes in one transaction.
const TRANSACTION_BYTES: usize = 4 * 1024 * 1024;
/// Most writes that DynamoDB takes in one transaction.
const WRITES: usize = 100;

/// The transaction as DynamoDB takes it.
///
/// # Errors
/// [`TableError::TooManyWrites`], [`TableError::ItemTooLarge`]; [`TableError::Unavailable`] for what no caller should
/// send: a key that no item can have, two writes to one item, more than 4 MB in all.
pub(super) fn encode(writes: &[Write], table: &str) -> Result<Vec<TransactWriteItem>, TableError> {
    if writes.len() > WRITES {
        return Err(TableError::TooManyWrites { count: writes.len() });
    }
    let mut addressed = HashSet::new();
    let mut total = 0;
    let mut encoded = Vec::with_capacity(writes.len());
    for write in writes {
        let key = key_of(write);
        if !is_possible(key) {
            return Err(refused(format!("a key is empty or longer than {KEY_BYTES} bytes")));
        }
        if !addressed.insert(key) {
            return Err(refused(format!("two writes to the item {}", key.sort)));
        }
        let (step, bytes) = encode_one(write, table)?;
        total += bytes;
        encoded.push(step);
    }
    if total > TRANSACTION_BYTES {
        return Err(refused(format!("a transaction of {total} bytes")));
    }
    Ok(encoded)
}

/// Whether an item can have this key at all.
pub(super) fn is_possible(key: &Key) -> bool {
    [&key.partition, &key.sort].iter().all(|part| (1..=KEY_BYTES).contains(&part.len()))
}

fn key_of(write: &Write) -> &Key {
    match write {
        Write::Put { item, .. } => &item.key,
        Write::Delete { key, .. } | Write::Check { key, .. } => key,
    }
}

fn encode_one(write: &Write, table: &str) -> Result<(TransactWriteItem, usize), TableError> {
    let step = TransactWriteItem::builder();
    match write {
        Write::Put { item, condition: c } => {
            let attributes = attributes(item);
            let bytes = size(&attributes);
            if bytes > ITEM_BYTES {
                return Err(TableError::ItemTooLarge { sort: item.key.sort.clone(), bytes });
            }
            let Expression { text, names, values } = condition(*c);
            let put = Put::builder()
                .table_name(table)
                .set_item(Some(attributes))
                .condition_expression(text)
                .set_expression_attribute_names(Some(names))
                .set_expression_attribute_values(values)
                .build()
                .map_err(incomplete)?;
            Ok((step.put(put).build(), bytes))
        }
        Write::Delete { key, condition: c } => {
            let Expression { text, names, values } = condition(*c);
            let delete = Delete::builder()
                .table_name(table)
                .set_key(Some(key_attributes(key)))
                .condition_expression(text)
                .set_expression_attribute_names(Some(names))
                .set_expression_attribute_values(values)
                .build()
                .map_err(incomplete)?;
            Ok((step.delete(delete).build(), 0))
        }
        Write::Check { key, condition: c } => {
            let Expression { text, names, values } = condition(*c);
            let check = ConditionCheck::builder()
                .table_name(table)
                .set_key(Some(key_attributes(key)))
                .condition_expression(text)
                .set_expression_attribute_names(Some(names))
                .set_expression_attribute_values(values)
                .build()
                .map_err(incomplete)?;
            Ok((step.condition_check(check).build(), 0))
        }
    }
}

fn incomplete(error: BuildError) -> TableError {
    refused(error.to_string())
}

fn refused(reason: String) -> TableError {
    TableError::Unavailable { reason: format!("not sent: {reason}") }
}
