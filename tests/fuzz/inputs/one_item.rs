//! DynamoDB with one item, behind the SDK's HTTP client: it answers each query with that item, or with the one after which it is to begin.

use std::sync::{Arc, Mutex};

use aws_sdk_dynamodb::config::http::{HttpRequest, HttpResponse};
use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region, StalledStreamProtectionConfig};
use aws_sdk_dynamodb::{Client, Config};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use keyward_adapters::table::DynamoTable;
use keyward_service::ports::table::{Page, Query, Table as _, TableError};
use serde_json::{Value, json};

/// The table over it, and what was asked last.
pub(crate) struct OneItem {
    table: DynamoTable,
    runtime: tokio::runtime::Runtime,
    engine: Engine,
}

impl OneItem {
    pub(crate) fn new() -> Self {
        let engine = Engine::default();
        let config = Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("local"))
            .endpoint_url("http://table.invalid")
            .credentials_provider(Credentials::new("fuzz", "fuzz", None, None, "fuzz"))
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            .http_client(engine.clone())
            .build();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        Self { table: DynamoTable::new(Client::from_conf(config), "keyward"), runtime, engine }
    }

    /// Puts the item in the place of the one before.
    pub(crate) fn put(&self, partition: &str, sort: &str) {
        self.engine.0.lock().unwrap().item = key(partition, sort);
    }

    /// Asks the table.
    pub(crate) fn ask(&self, query: &Query) -> Result<Page, TableError> {
        self.engine.0.lock().unwrap().asked = None;
        self.runtime.block_on(self.table.query(query))
    }

    /// Whether the last question got here.
    pub(crate) fn was_asked(&self) -> bool {
        self.engine.0.lock().unwrap().asked.is_some()
    }

    /// Partition and sort key of the item after which the last answer was to begin.
    pub(crate) fn began_after(&self) -> Option<(String, String)> {
        let held = self.engine.0.lock().unwrap();
        let start = held.asked.as_ref()?.get("ExclusiveStartKey")?;
        let part = |name: &str| start[name]["S"].as_str().map(str::to_owned);
        Some((part("pk")?, part("sk")?))
    }
}

fn key(partition: &str, sort: &str) -> Value {
    json!({ "pk": { "S": partition }, "sk": { "S": sort } })
}

#[derive(Debug, Default)]
struct Held {
    item: Value,
    asked: Option<Value>,
}

#[derive(Clone, Debug, Default)]
struct Engine(Arc<Mutex<Held>>);

impl HttpClient for Engine {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Engine {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let asked: Value = serde_json::from_slice(request.body().bytes().unwrap()).unwrap();
        let mut held = self.0.lock().unwrap();
        let key = asked.get("ExclusiveStartKey").unwrap_or(&held.item).clone();
        let mut item = key.clone();
        item["rev"] = json!({ "N": "1" });
        item["body"] = json!({ "S": "{}" });
        held.asked = Some(asked);
        // A last key says that there may be more.
        let answer = json!({ "Items": [item], "LastEvaluatedKey": key });
        let mut response = HttpResponse::new(200.try_into().unwrap(), SdkBody::from(answer.to_string()));
        response.headers_mut().insert("content-type", "application/x-amz-json-1.0");
        HttpConnectorFuture::ready(Ok(response))
    }
}
