//! Documents by HTTPS, with the client that the AWS SDK has.

use std::sync::OnceLock;

use async_trait::async_trait;
use aws_smithy_http_client::{Connector, tls};
use aws_smithy_runtime_api::client::http::HttpConnector as _;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use http::Uri;
use http_body_util::{BodyExt as _, Limited};

use super::documents::{DocumentError, Documents};

/// Fetches documents over the network. It goes by no proxy, keeps no connection and follows no redirect.
#[derive(Debug, Default)]
pub struct HttpsDocuments {
    /// Made at the first need: it reads the machine's root certificates.
    connector: OnceLock<Connector>,
}

impl HttpsDocuments {
    /// Nothing is opened yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn connector(&self) -> &Connector {
        self.connector.get_or_init(|| {
            Connector::builder()
                .tls_provider(tls::Provider::Rustls(tls::rustls_provider::CryptoMode::AwsLc))
                // Lambda may freeze the process between two requests, for longer than a server keeps a connection.
                .pool_max_idle_per_host(0)
                .build()
        })
    }
}

fn failed(error: impl std::error::Error) -> DocumentError {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    DocumentError(text)
}

#[async_trait]
impl Documents for HttpsDocuments {
    async fn get(&self, address: &Uri, limit: usize) -> Result<Vec<u8>, DocumentError> {
        let mut request = HttpRequest::get(address.to_string()).map_err(failed)?;
        request.headers_mut().insert("accept", "application/json");
        request.headers_mut().insert("user-agent", concat!("keyward/", env!("CARGO_PKG_VERSION")));
        let response = self.connector().call(request).await.map_err(failed)?;
        if response.status().as_u16() != 200 {
            return Err(DocumentError(format!("the answer has the status {}, not 200", response.status().as_u16())));
        }
        let body = Limited::new(response.into_body(), limit).collect().await;
        body.map(|body| body.to_bytes().to_vec()).map_err(|error| DocumentError(error.to_string()))
    }
}
