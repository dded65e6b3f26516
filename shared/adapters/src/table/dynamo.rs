//! The port over the DynamoDB SDK.

use async_trait::async_trait;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use chrono::{DateTime, Utc};
use keyward_service::ports::table::{Item, Key, Page, Query, Span, Table, TableError, Write};

use super::encoding::{self, PARTITION, SORT};
use super::errors::{Outcome, of_transaction, unavailable};
use super::retry::{Backoff, request_token};
use super::schema::{self, DUE_INDEX, SchemaError};
use super::writes::{self, KEY_BYTES, is_possible};
use super::{expressions, position};

/// Most items that one page holds.
const PAGE_ITEMS: u32 = 1000;

/// A DynamoDB table.
///
/// Reads are consistent, except by the sparse index, which DynamoDB keeps up to date a little later. Every write is a
/// transaction with a request token: when an answer is lost, the same transaction is sent again and applied once.
#[derive(Clone, Debug)]
pub struct DynamoTable {
    client: Client,
    name: String,
}

impl DynamoTable {
    /// The table `name` as `client` reaches it. Nothing is sent yet.
    #[must_use]
    pub fn new(client: Client, name: impl Into<String>) -> Self {
        Self { client, name: name.into() }
    }

    /// Creates the table with its sparse index unless it is there, and waits until it takes requests.
    ///
    /// In the cloud the deployment's template creates the table; this is for one machine and for tests.
    ///
    /// # Errors
    /// [`SchemaError`] when it can't be created, or when there is a table of this name with other keys.
    pub async fn ensure_table(&self) -> Result<(), SchemaError> {
        schema::ensure(&self.client, &self.name).await
    }

    async fn due_page(
        &self,
        shard: String,
        until_millis: i64,
        limit: i32,
        after: Option<encoding::Attributes>,
    ) -> Result<(Vec<Item>, Option<encoding::Attributes>), TableError> {
        let keys = expressions::due(shard, until_millis);
        let answer = self
            .client
            .query()
            .table_name(&self.name)
            .index_name(DUE_INDEX)
            .key_condition_expression(keys.text)
            .set_expression_attribute_names(Some(keys.names))
            .set_expression_attribute_values(keys.values)
            .limit(limit)
            .set_exclusive_start_key(after)
            .send()
            .await
            .map_err(|error| unavailable(&error))?;
        let items = answer.items().iter().map(encoding::item).collect::<Result<_, _>>()?;
        Ok((items, answer.last_evaluated_key))
    }
}

#[async_trait]
impl Table for DynamoTable {
    async fn get(&self, key: &Key) -> Result<Option<Item>, TableError> {
        if !is_possible(key) {
            return Ok(None);
        }
        let answer = self
            .client
            .get_item()
            .table_name(&self.name)
            .set_key(Some(encoding::key_attributes(key)))
            .consistent_read(true)
            .send()
            .await
            .map_err(|error| unavailable(&error))?;
        answer.item().map(encoding::item).transpose()
    }

    async fn query(&self, query: &Query) -> Result<Page, TableError> {
        let after = query.after.as_ref().map(|at| position::sort_of(query, at)).transpose()?;
        if !can_match(query)? {
            return Ok(Page::default());
        }
        let limit = query.limit.clamp(1, PAGE_ITEMS) as usize;
        let keys = expressions::keys(&query.partition, &query.span);
        let start = after.map(|sort| {
            [(PARTITION, query.partition.clone()), (SORT, sort)]
                .map(|(name, part)| (name.to_owned(), AttributeValue::S(part)))
                .into()
        });
        let answer = self
            .client
            .query()
            .table_name(&self.name)
            .consistent_read(true)
            .key_condition_expression(keys.text)
            .set_expression_attribute_names(Some(keys.names))
            .set_expression_attribute_values(keys.values)
            .scan_index_forward(!query.descending)
            // One more than asked for tells whether there is a next page, so that no client is sent to an empty one.
            .limit(i32::try_from(limit + 1).unwrap_or(i32::MAX))
            .set_exclusive_start_key(start)
            .send()
            .await
            .map_err(|error| unavailable(&error))?;
        let mut items = answer.items().iter().map(encoding::item).collect::<Result<Vec<_>, _>>()?;
        // Fewer than asked for and still a last key: DynamoDB cut the page at 1 MB.
        let more = items.len() > limit || answer.last_evaluated_key().is_some();
        items.truncate(limit);
        let last = items.last().filter(|_| more);
        let next = last.map(|item| position::after(query, &item.key.sort));
        Ok(Page { items, next })
    }

    async fn query_due(
        &self,
        kind: &str,
        shard: u8,
        until: DateTime<Utc>,
        limit: u32,
    ) -> Result<Vec<Item>, TableError> {
        let limit = limit.clamp(1, PAGE_ITEMS) as usize;
        let shard = encoding::due_shard(kind, shard);
        let mut due = Vec::new();
        let mut after = None;
        // DynamoDB cuts a page at 1 MB; a page of the port is cut at its limit only. Each round brings an item or ends.
        while due.len() < limit {
            let wanted = i32::try_from(limit - due.len()).unwrap_or(i32::MAX);
            let (items, next) = self.due_page(shard.clone(), until.timestamp_millis(), wanted, after).await?;
            let empty = items.is_empty();
            due.extend(items);
            after = next;
            if after.is_none() || empty {
                break;
            }
        }
        Ok(due)
    }

    async fn transact(&self, writes: Vec<Write>) -> Result<(), TableError> {
        if writes.is_empty() {
            return Ok(());
        }
        let steps = writes::encode(&writes, &self.name)?;
        let token = request_token()?;
        let mut backoff = Backoff::default();
        loop {
            let answer = self
                .client
                .transact_write_items()
                .set_transact_items(Some(steps.clone()))
                .client_request_token(&token)
                .send()
                .await;
            let Err(error) = answer else {
                return Ok(());
            };
            match of_transaction(&error) {
                Outcome::Refused(error) => return Err(error),
                Outcome::Retry { again, reason } => {
                    if !backoff.pause(again).await {
                        return Err(TableError::Unavailable { reason });
                    }
                    tracing::debug!(%reason, "the transaction is sent again");
                }
            }
        }
    }
}

/// Whether any item can answer the query; DynamoDB refuses some of the questions that none can.
///
/// # Errors
/// [`TableError::Unavailable`] for a bound that is longer than a key may be.
fn can_match(query: &Query) -> Result<bool, TableError> {
    if !(1..=KEY_BYTES).contains(&query.partition.len()) {
        return Ok(false);
    }
    match &query.span {
        Span::Prefix(prefix) => Ok(prefix.len() <= KEY_BYTES),
        Span::Between { from, to } if from.len().max(to.len()) > KEY_BYTES => Err(TableError::Unavailable {
            reason: format!("not sent: a bound of a query is longer than {KEY_BYTES} bytes"),
        }),
        Span::Between { from, to } => Ok(!to.is_empty() && from <= to),
    }
}
