//! The table's keys and its sparse index.

use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::{BuildError, ProvideErrorMetadata};
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, GlobalSecondaryIndex, IndexStatus, KeySchemaElement, KeyType, Projection,
    ProjectionType, ScalarAttributeType, TableDescription, TableStatus,
};

use super::encoding::{DUE_AT, DUE_SHARD, PARTITION, SORT};
use super::errors::describe;

/// Name of the sparse index on what is due.
pub(super) const DUE_INDEX: &str = "due";

/// How often a table that is being created is looked at, and how long in between: two minutes in all.
const LOOKS: u32 = 240;
const BETWEEN_LOOKS: Duration = Duration::from_millis(500);

/// Why the table can't be used.
#[derive(Debug, thiserror::Error)]
pub enum SchemaError {
    /// There is a table of this name, with other keys or without the index.
    #[error("the table {table} exists but {difference}; name another table, or delete it if nothing else uses it")]
    Different {
        /// The table's name.
        table: String,
        /// What is different.
        difference: &'static str,
    },
    /// It was created but did not get ready in two minutes.
    #[error("the table {table} is not ready after two minutes; look at its status and start again")]
    NotReady {
        /// The table's name.
        table: String,
    },
    /// The service refused or did not answer.
    #[error("the table {table} can't be set up: {reason}")]
    Refused {
        /// The table's name.
        table: String,
        /// What the service said.
        reason: String,
    },
}

/// Creates the table unless it is there, and waits until it takes requests.
pub(super) async fn ensure(client: &Client, table: &str) -> Result<(), SchemaError> {
    if look(client, table).await?.is_none() {
        create(client, table).await?;
    }
    for _ in 0..LOOKS {
        if let Some(found) = look(client, table).await? {
            if let Some(difference) = difference(&found) {
                return Err(SchemaError::Different { table: table.into(), difference });
            }
            if is_ready(&found) {
                return Ok(());
            }
        }
        tokio::time::sleep(BETWEEN_LOOKS).await;
    }
    Err(SchemaError::NotReady { table: table.into() })
}

async fn look(client: &Client, table: &str) -> Result<Option<TableDescription>, SchemaError> {
    match client.describe_table().table_name(table).send().await {
        Ok(found) => Ok(found.table),
        Err(error) if error.code() == Some("ResourceNotFoundException") => Ok(None),
        Err(error) => Err(SchemaError::Refused { table: table.into(), reason: describe(&error) }),
    }
}

async fn create(client: &Client, table: &str) -> Result<(), SchemaError> {
    let refused = |reason| SchemaError::Refused { table: table.into(), reason };
    let incomplete = |error: BuildError| refused(error.to_string());
    let text = ScalarAttributeType::S;
    let index = GlobalSecondaryIndex::builder()
        .index_name(DUE_INDEX)
        .key_schema(key(DUE_SHARD, KeyType::Hash).map_err(incomplete)?)
        .key_schema(key(DUE_AT, KeyType::Range).map_err(incomplete)?)
        // The whole item: a sweep decides from one read what it goes on with.
        .projection(Projection::builder().projection_type(ProjectionType::All).build())
        .build()
        .map_err(incomplete)?;
    let answer = client
        .create_table()
        .table_name(table)
        .billing_mode(BillingMode::PayPerRequest)
        .attribute_definitions(attribute(PARTITION, text.clone()).map_err(incomplete)?)
        .attribute_definitions(attribute(SORT, text.clone()).map_err(incomplete)?)
        .attribute_definitions(attribute(DUE_SHARD, text).map_err(incomplete)?)
        .attribute_definitions(attribute(DUE_AT, ScalarAttributeType::N).map_err(incomplete)?)
        .key_schema(key(PARTITION, KeyType::Hash).map_err(incomplete)?)
        .key_schema(key(SORT, KeyType::Range).map_err(incomplete)?)
        .global_secondary_indexes(index)
        .send()
        .await;
    match answer {
        Ok(_) => Ok(()),
        // Another process was faster.
        Err(error) if error.code() == Some("ResourceInUseException") => Ok(()),
        Err(error) => Err(refused(describe(&error))),
    }
}

fn attribute(name: &str, kind: ScalarAttributeType) -> Result<AttributeDefinition, BuildError> {
    AttributeDefinition::builder().attribute_name(name).attribute_type(kind).build()
}

fn key(name: &str, kind: KeyType) -> Result<KeySchemaElement, BuildError> {
    KeySchemaElement::builder().attribute_name(name).key_type(kind).build()
}

fn difference(found: &TableDescription) -> Option<&'static str> {
    if !has_keys(found.key_schema(), PARTITION, SORT) {
        return Some("its keys are not pk and sk");
    }
    let index = found.global_secondary_indexes().iter().find(|index| index.index_name() == Some(DUE_INDEX));
    match index {
        None => Some("it has no index named due"),
        Some(index) if !has_keys(index.key_schema(), DUE_SHARD, DUE_AT) => {
            Some("the keys of its index due are not due_shard and due_at")
        }
        Some(index) => {
            let kind = index.projection().and_then(Projection::projection_type);
            (kind != Some(&ProjectionType::All)).then_some("its index due does not hold all attributes")
        }
    }
}

fn has_keys(schema: &[KeySchemaElement], hash: &str, range: &str) -> bool {
    let named =
        |kind: KeyType, name: &str| schema.iter().any(|key| *key.key_type() == kind && key.attribute_name() == name);
    schema.len() == 2 && named(KeyType::Hash, hash) && named(KeyType::Range, range)
}

fn is_ready(found: &TableDescription) -> bool {
    found.table_status() == Some(&TableStatus::Active)
        && found.global_secondary_indexes().iter().all(|index| index.index_status() == Some(&IndexStatus::Active))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use dynoxide::Database;

    use super::super::embedded::configuration;
    use super::super::engine::EngineClient;
    use super::*;

    fn client() -> Client {
        let engine = EngineClient::new(Database::memory().unwrap(), None);
        Client::from_conf(configuration().http_client(engine).build())
    }

    #[tokio::test]
    async fn it_is_created_once() {
        let client = client();
        ensure(&client, "keyward").await.unwrap();
        // The slower of two processes finds the table only when it creates it.
        create(&client, "keyward").await.unwrap();
        ensure(&client, "keyward").await.unwrap();
    }

    #[tokio::test]
    async fn a_table_with_other_keys_is_not_taken() {
        let client = client();
        for (table, range, different) in [("one", "other", "keys"), ("two", SORT, "no index named due")] {
            client
                .create_table()
                .table_name(table)
                .billing_mode(BillingMode::PayPerRequest)
                .attribute_definitions(attribute(PARTITION, ScalarAttributeType::S).unwrap())
                .attribute_definitions(attribute(range, ScalarAttributeType::S).unwrap())
                .key_schema(key(PARTITION, KeyType::Hash).unwrap())
                .key_schema(key(range, KeyType::Range).unwrap())
                .send()
                .await
                .unwrap();
            let refused = ensure(&client, table).await.unwrap_err().to_string();
            assert!(refused.contains(table) && refused.contains(different), "{refused}");
        }
    }
}
