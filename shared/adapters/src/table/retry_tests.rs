//! Answers that get lost or say "later", between the SDK and the engine.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::http::{HttpRequest, HttpResponse};
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::error::ConnectorError;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use dynoxide::Database;
use keyward_service::ports::table::{Condition, Item, Key, Table, TableError, Write};

use super::DynamoTable;
use super::embedded::configuration;
use super::engine::EngineClient;

/// What happens to one transaction on its way.
#[derive(Clone, Copy, Debug)]
enum Fault {
    /// It is applied; the answer does not arrive.
    AnswerLost,
    /// It does not arrive.
    RequestLost,
    /// The table answers that another transaction is in the way.
    Conflict,
    /// The table answers that it is throttled.
    Throttled,
    /// Something on the way answers in the table's place.
    BadGateway,
}

/// The engine behind a line with faults. Each transaction takes the next fault; after the last one all is well.
#[derive(Clone, Debug)]
struct Line {
    engine: EngineClient,
    faults: Arc<Mutex<VecDeque<Fault>>>,
}

impl HttpClient for Line {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Line {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let transaction =
            request.headers().get("x-amz-target").is_some_and(|target| target.ends_with("TransactWriteItems"));
        let fault = transaction.then(|| self.faults.lock().unwrap().pop_front()).flatten();
        let line = self.clone();
        HttpConnectorFuture::new(async move {
            match fault {
                None => line.engine.call(request).await,
                Some(Fault::AnswerLost) => {
                    line.engine.call(request).await?;
                    Err(broken())
                }
                Some(Fault::RequestLost) => Err(broken()),
                Some(Fault::Conflict) => Ok(refusal(
                    "TransactionCanceledException",
                    r#","CancellationReasons":[{"Code":"TransactionConflict","Message":"Transaction is ongoing"}]"#,
                )),
                Some(Fault::Throttled) => Ok(refusal("ThrottlingException", "")),
                Some(Fault::BadGateway) => Ok(HttpResponse::new(502.try_into().unwrap(), SdkBody::from("<html>"))),
            }
        })
    }
}

fn broken() -> ConnectorError {
    ConnectorError::io("the line is broken".into())
}

fn refusal(kind: &str, rest: &str) -> HttpResponse {
    let body = format!(r#"{{"__type":"com.amazonaws.dynamodb.v20120810#{kind}","Message":"no"{rest}}}"#);
    HttpResponse::new(400.try_into().unwrap(), SdkBody::from(body))
}

async fn table(faults: &[Fault]) -> DynamoTable {
    let line = Line {
        engine: EngineClient::new(Database::memory().unwrap(), None),
        faults: Arc::new(Mutex::new(faults.iter().copied().collect())),
    };
    // The SDK's own attempts, which wait for a second and more, are not what is tested.
    let config = configuration().http_client(line).retry_config(RetryConfig::disabled()).build();
    let table = DynamoTable::new(Client::from_conf(config), "lines");
    table.ensure_table().await.unwrap();
    table
}

fn key() -> Key {
    Key { partition: "a".into(), sort: "b".into() }
}

fn create() -> Vec<Write> {
    let item = Item { key: key(), revision: 1, fence: None, due: None, expires: None, body: "{}".into() };
    vec![Write::Put { item, condition: Condition::Absent }]
}

/// The second attempt would find the item of the first one, were it not for the token.
#[tokio::test]
async fn an_applied_transaction_is_not_applied_again() {
    for faults in [
        &[Fault::AnswerLost][..],
        &[Fault::AnswerLost, Fault::AnswerLost],
        &[Fault::RequestLost, Fault::AnswerLost],
        &[Fault::BadGateway, Fault::AnswerLost],
        &[Fault::Conflict, Fault::AnswerLost, Fault::Throttled, Fault::RequestLost],
    ] {
        let table = table(faults).await;
        assert_eq!(table.transact(create()).await, Ok(()), "{faults:?}");
        assert!(table.get(&key()).await.unwrap().is_some());
        // Another transaction with the same content has another token.
        assert_eq!(table.transact(create()).await, Err(TableError::ConditionFailed { index: 0 }));
    }
}

#[tokio::test]
async fn a_line_that_stays_broken_is_reported() {
    for (fault, applied) in [(Fault::AnswerLost, true), (Fault::RequestLost, false)] {
        let table = table(&[fault; 3]).await;
        let answer = table.transact(create()).await;
        assert!(
            matches!(&answer, Err(TableError::Unavailable { reason }) if reason.contains("the line is broken")),
            "{answer:?}"
        );
        assert_eq!(table.get(&key()).await.unwrap().is_some(), applied);
    }
}

#[tokio::test]
async fn an_operation_that_the_engine_does_not_serve_is_named() {
    let engine = EngineClient::new(Database::memory().unwrap(), None);
    let config = configuration().http_client(engine).build();
    let answer = Client::from_conf(config).list_tables().send().await;
    let reason = super::errors::describe(&answer.unwrap_err());
    assert!(reason.contains("'ListTables' is not supported"), "{reason}");
}
