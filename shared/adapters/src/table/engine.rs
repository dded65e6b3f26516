//! The engine in the process, as the SDK's HTTP client.
//!
//! The SDK hands over a request as it would send it to AWS: the operation in the header `x-amz-target`, the input as
//! JSON. The engine's answer goes back as DynamoDB's would, errors included, so that everything above, retries and
//! the reading of cancellation reasons too, is what production runs.

use std::fmt;
use std::fs::File;
use std::sync::Arc;

use aws_sdk_dynamodb::config::http::{HttpRequest, HttpResponse};
use aws_sdk_dynamodb::error::ConnectorError;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;
use dynoxide::{Database, DynoxideError};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// An open database and the lock on its directory, which is given up only when the last request is done with it.
struct Engine {
    // Dropped in this order: the file is closed before another process may open it.
    database: Database,
    _lock: Option<File>,
}

/// The engine behind the SDK's HTTP client. Clones share it.
#[derive(Clone)]
pub(super) struct EngineClient {
    engine: Arc<Engine>,
}

impl EngineClient {
    /// A client of `database`, which keeps `lock` for as long as the database is open.
    pub(super) fn new(database: Database, lock: Option<File>) -> Self {
        Self { engine: Arc::new(Engine { database, _lock: lock }) }
    }
}

impl fmt::Debug for EngineClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EngineClient")
    }
}

impl HttpClient for EngineClient {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for EngineClient {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let engine = Arc::clone(&self.engine);
        HttpConnectorFuture::new(async move {
            // SQLite waits for the disk: not on a thread that serves others.
            let answer = tokio::task::spawn_blocking(move || {
                let target = request.headers().get("x-amz-target").unwrap_or_default();
                let operation = target.rsplit('.').next().unwrap_or_default();
                let input = request.body().bytes().unwrap_or_default();
                answer(&engine.database, operation, input)
            })
            .await
            .map_err(|stopped| ConnectorError::other(stopped.into(), None))?;
            response(answer)
        })
    }
}

/// An output as JSON, or DynamoDB's error.
type Answer = Result<Vec<u8>, DynoxideError>;

/// Runs one operation. Only those that [`super::DynamoTable`] sends are served.
fn answer(database: &Database, operation: &str, input: &[u8]) -> Answer {
    match operation {
        "GetItem" => run(input, |request| database.get_item(request)),
        "Query" => run(input, |request| database.query(request)),
        "TransactWriteItems" => run(input, |request| database.transact_write_items(request)),
        "CreateTable" => run(input, |request| database.create_table(request)),
        "DescribeTable" => run(input, |request| database.describe_table(request)),
        other => Err(DynoxideError::UnsupportedCapability(other.to_owned())),
    }
}

fn run<I: DeserializeOwned, O: Serialize>(
    input: &[u8],
    operation: impl FnOnce(I) -> Result<O, DynoxideError>,
) -> Answer {
    let malformed = |error: serde_json::Error| DynoxideError::SerializationException(error.to_string());
    let request = serde_json::from_slice(input).map_err(malformed)?;
    serde_json::to_vec(&operation(request)?).map_err(malformed)
}

fn response(answer: Answer) -> Result<HttpResponse, ConnectorError> {
    let (status, kind, body) = match answer {
        Ok(body) => (200, None, body),
        Err(error) => (error.status_code(), Some(error.error_type()), error.to_json().into_bytes()),
    };
    let status = StatusCode::try_from(status).map_err(|error| ConnectorError::other(error.into(), None))?;
    let mut response = HttpResponse::new(status, SdkBody::from(body));
    let headers = response.headers_mut();
    headers.insert("content-type", "application/x-amz-json-1.0");
    if let Some(kind) = kind {
        headers.insert("x-amzn-errortype", kind);
    }
    Ok(response)
}
