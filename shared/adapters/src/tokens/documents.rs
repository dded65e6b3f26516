//! Fetching what a provider publishes.

use async_trait::async_trait;
use http::Uri;

/// Why a document was not got. For the log; it holds no secret.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct DocumentError(pub String);

/// Fetches documents. Redirects are not followed, and nothing is sent but the request itself.
#[async_trait]
pub trait Documents: Send + Sync {
    /// The document at this address, of at most `limit` bytes. The caller bounds the wait.
    ///
    /// # Errors
    /// [`DocumentError`], also where the status is not 200.
    async fn get(&self, address: &Uri, limit: usize) -> Result<Vec<u8>, DocumentError>;
}
