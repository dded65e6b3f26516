//! The port over the DynamoDB SDK.

use async_trait::async_trait;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use keyward_service::ports::table::{DuePage, DueQuery, Item, Key, Page, Query, Span, Table, TableError, Write};

use super::encoding::{self, PARTITION, SORT};
use super::errors::{Outcome, of_transaction, unavailable};
use super::retry::{Backoff, request_token};
use super::schema::{self, SchemaError};
use super::writes::{self, KEY_BYTES, is_possible};
use super::{due, expressions, position};

/// Most items that one page holds.
pub(super) const PAGE_ITEMS: u32 = 1000;

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

    async fn query_due(&self, query: &DueQuery) -> Result<DuePage, TableError> {
        due::page(&self.client, &self.name, query).await
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
