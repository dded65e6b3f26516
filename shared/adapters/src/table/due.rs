//! What the sparse index says is due.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use keyward_service::ports::table::{DuePage, DueQuery, Key, Position, TableError, Unreadable};

use super::dynamo::PAGE_ITEMS;
use super::encoding::{self, Attributes, DUE_AT, DUE_SHARD, PARTITION, SORT};
use super::errors::unavailable;
use super::expressions;
use super::schema::DUE_INDEX;

/// One page of the port. DynamoDB cuts a page at 1 MB; one of the port is cut at its limit only.
pub(super) async fn page(client: &Client, table: &str, query: &DueQuery) -> Result<DuePage, TableError> {
    let limit = query.limit.clamp(1, PAGE_ITEMS) as usize;
    let shard = encoding::due_shard(&query.kind, query.shard);
    let mut after = query.after.as_ref().map(|position| start(&shard, position)).transpose()?;
    let mut page = DuePage::default();
    // Each round brings an item or ends.
    loop {
        let found = page.items.len() + page.unreadable.len();
        let wanted = i32::try_from(limit - found).unwrap_or(i32::MAX);
        let keys = expressions::due(shard.clone(), query.until.timestamp_millis());
        let answer = client
            .query()
            .table_name(table)
            .index_name(DUE_INDEX)
            .key_condition_expression(keys.text)
            .set_expression_attribute_names(Some(keys.names))
            .set_expression_attribute_values(keys.values)
            .limit(wanted)
            .set_exclusive_start_key(after)
            .send()
            .await
            .map_err(|error| unavailable(&error))?;
        for attributes in answer.items() {
            match encoding::item(attributes) {
                Ok(item) => page.items.push(item),
                Err(error) => page.unreadable.push(unreadable(attributes, &error)),
            }
        }
        let is_empty = answer.items().is_empty();
        after = answer.last_evaluated_key;
        if after.is_none() || is_empty || page.items.len() + page.unreadable.len() >= limit {
            break;
        }
    }
    page.next = after.as_ref().map(position).transpose()?;
    Ok(page)
}

fn unreadable(attributes: &Attributes, error: &TableError) -> Unreadable {
    let part = |name| attributes.get(name).and_then(|value| value.as_s().ok()).cloned().unwrap_or_default();
    Unreadable { key: Key { partition: part(PARTITION), sort: part(SORT) }, reason: error.to_string() }
}

/// The key of the index's last entry as an opaque text. The shard is not in it: it comes from the query, so that no position leaves that.
fn position(last: &Attributes) -> Result<Position, TableError> {
    let text = |name: &str| last.get(name).and_then(|value| value.as_s().ok());
    let at = last.get(DUE_AT).and_then(|value| value.as_n().ok());
    let (Some(partition), Some(sort), Some(at)) = (text(PARTITION), text(SORT), at) else {
        return Err(TableError::Unavailable { reason: "a page of the index ends without a key".to_owned() });
    };
    Ok(Position(serde_json::json!([partition, sort, at]).to_string()))
}

/// Where the index is gone on with.
fn start(shard: &str, position: &Position) -> Result<Attributes, TableError> {
    let [partition, sort, at]: [String; 3] = serde_json::from_str(&position.0).map_err(|_| TableError::BadPosition)?;
    if at.parse::<f64>().is_err() {
        return Err(TableError::BadPosition);
    }
    let mut start = encoding::key_attributes(&Key { partition, sort });
    start.insert(DUE_SHARD.into(), AttributeValue::S(shard.to_owned()));
    start.insert(DUE_AT.into(), AttributeValue::N(at));
    Ok(start)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use aws_sdk_dynamodb::types::{Put, TransactWriteItem};
    use chrono::DateTime;
    use dynoxide::Database;
    use keyward_service::ports::table::{Condition, Due, Item, Table, Write};

    use super::super::dynamo::DynamoTable;
    use super::super::embedded::configuration;
    use super::super::encoding::REVISION;
    use super::super::engine::EngineClient;
    use super::*;

    fn item(number: i64) -> Item {
        Item {
            key: Key { partition: "tenant".into(), sort: number.to_string() },
            revision: 1,
            fence: None,
            due: Some(Due { kind: "deletion".into(), shard: 3, at: DateTime::from_timestamp_millis(number).unwrap() }),
            expires: None,
            body: "{\"secret\":1}".into(),
        }
    }

    /// Four rows, of which something else wrote the second and the third.
    async fn table() -> DynamoTable {
        let engine = EngineClient::new(Database::memory().unwrap(), None);
        let client = Client::from_conf(configuration().http_client(engine).build());
        let table = DynamoTable::new(client.clone(), "keyward");
        table.ensure_table().await.unwrap();
        for number in [1, 4] {
            table.transact(vec![Write::Put { item: item(number), condition: Condition::Absent }]).await.unwrap();
        }
        for (sort, name, value) in
            [(2, REVISION, AttributeValue::S("one".into())), (3, DUE_AT, AttributeValue::N("3.5".into()))]
        {
            let mut attributes = encoding::attributes(&item(sort));
            attributes.insert(name.into(), value);
            let put = Put::builder().table_name("keyward").set_item(Some(attributes)).build().unwrap();
            let step = TransactWriteItem::builder().put(put).build();
            client.transact_write_items().transact_items(step).send().await.unwrap();
        }
        table
    }

    fn query(limit: u32, after: Option<Position>) -> DueQuery {
        let until = DateTime::from_timestamp_millis(1000).unwrap();
        DueQuery { kind: "deletion".into(), shard: 3, until, limit, after }
    }

    #[tokio::test]
    async fn a_row_that_cannot_be_read_is_named_and_hides_no_other() {
        let page = table().await.query_due(&query(10, None)).await.unwrap();
        assert_eq!(page.items, [item(1), item(4)]);
        let keys: Vec<&Key> = page.unreadable.iter().map(|row| &row.key).collect();
        assert_eq!(keys, [&item(2).key, &item(3).key]);
        for (row, name) in page.unreadable.iter().zip([REVISION, DUE_AT]) {
            assert!(row.reason.ends_with(name) && !row.reason.contains("secret"), "{}", row.reason);
        }
    }

    #[tokio::test]
    async fn a_page_may_end_at_a_row_that_cannot_be_read() {
        let table = table().await;
        let (mut after, mut seen) = (None, Vec::new());
        loop {
            let page = table.query_due(&query(1, after)).await.unwrap();
            seen.extend(page.items.into_iter().map(|item| item.key.sort));
            seen.extend(page.unreadable.into_iter().map(|row| row.key.sort));
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(seen, ["1", "2", "3", "4"]);
    }

    #[tokio::test]
    async fn a_made_up_position_is_an_error() {
        let table = table().await;
        for text in ["", "[]", r#"["a","b",1]"#, r#"["a","b","now"]"#, r#"["a","b","1","c"]"#] {
            let page = table.query_due(&query(1, Some(Position(text.into())))).await;
            assert_eq!(page, Err(TableError::BadPosition), "{text}");
        }
    }
}
