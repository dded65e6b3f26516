//! How the Azure SDK reaches the network: TLS to one place only, with bounds on time and size.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use azure_core::error::{Error, ErrorKind};
use azure_core::http::headers::{
    AUTHORIZATION, HeaderName, Headers, RETRY_AFTER, RETRY_AFTER_MS, WWW_AUTHENTICATE, X_MS_RETRY_AFTER_MS,
};
use azure_core::http::{
    AsyncRawResponse, Body, ClientOptions, ExponentialRetryOptions, HttpClient, Request, RetryOptions, StatusCode,
    Transport, Url,
};
use azure_core::{Bytes, Result};
use zeroize::Zeroizing;

use super::vault::AzureVaultError;

/// Longest answer that is read, in bytes. A page of 25 key versions has about 10 kB, a token some 3 kB.
const ANSWER_LIMIT: usize = 256 * 1024;

/// Of an answer's headers those that the SDK looks at.
const HEADERS: [HeaderName; 4] = [WWW_AUTHENTICATE, RETRY_AFTER, RETRY_AFTER_MS, X_MS_RETRY_AFTER_MS];

/// How long things may take and how often they are tried.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// Longest time for a connection.
    pub connect: Duration,
    /// Longest time for one request and its answer.
    pub attempt: Duration,
    /// Longest time for a call with its repetitions, whatever waits the vault asks for.
    pub operation: Duration,
    /// First pause before a repetition; it doubles each time. A longer one that the vault asks for is kept.
    pub first_pause: Duration,
    /// Repetitions after the first attempt where the vault throttles, fails or is not reached.
    pub repetitions: u32,
    /// Pause between two looks at a key that Azure is removing, or whose name it is giving free.
    pub removal_pause: Duration,
    /// Looks at such a key before it is left to a later attempt.
    pub removal_looks: u32,
}

impl Default for Pace {
    /// An HTTP API waits 30 s for a function: one call and one removal fit into that.
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(2),
            attempt: Duration::from_secs(5),
            operation: Duration::from_secs(10),
            first_pause: Duration::from_millis(200),
            repetitions: 4,
            removal_pause: Duration::from_secs(1),
            removal_looks: 12,
        }
    }
}

/// The connections that a vault and its credential share.
#[derive(Clone, Debug)]
pub struct AzureTransport {
    client: reqwest::Client,
    pace: Pace,
}

impl AzureTransport {
    /// Connections with the certificates that the system trusts. Nothing is sent.
    ///
    /// # Errors
    /// [`AzureVaultError::NoTransport`] where the system has no certificates.
    pub fn new(pace: Pace) -> std::result::Result<Self, AzureVaultError> {
        Self::over(reqwest::Client::builder(), pace)
    }

    /// The same with settings of one's own: certificates, name resolution, a proxy. Redirects are not followed, and nothing
    /// goes without TLS, whatever they say.
    ///
    /// # Errors
    /// [`AzureVaultError::NoTransport`].
    pub fn over(builder: reqwest::ClientBuilder, pace: Pace) -> std::result::Result<Self, AzureVaultError> {
        let client = builder
            .https_only(true)
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(pace.connect)
            .timeout(pace.attempt)
            .build()
            .map_err(|error| AzureVaultError::NoTransport { reason: error.to_string() })?;
        Ok(Self { client, pace })
    }

    pub(super) fn pace(&self) -> Pace {
        self.pace
    }

    /// Options of an SDK client that may talk to the origin of `url` only. With an `audience`, what it sends unauthorised is
    /// not sent.
    pub(super) fn options(&self, url: &Url, audience: Option<&str>) -> ClientOptions {
        let pinned = Pinned {
            client: self.client.clone(),
            url: url.clone(),
            challenge: audience.map(|audience| format!("Bearer resource=\"{audience}\"")),
        };
        let retry = ExponentialRetryOptions {
            initial_delay: seconds(self.pace.first_pause),
            max_retries: self.pace.repetitions,
            max_total_elapsed: seconds(self.pace.operation),
            max_delay: seconds(self.pace.operation),
        };
        ClientOptions {
            transport: Some(Transport::new(Arc::new(pinned))),
            retry: RetryOptions::exponential(retry),
            ..ClientOptions::default()
        }
    }
}

fn seconds(duration: Duration) -> azure_core::time::Duration {
    azure_core::time::Duration::seconds_f64(duration.as_secs_f64())
}

/// Sends to one origin only: an answer can name another one (the next page of a list), and the token would go there.
struct Pinned {
    client: reqwest::Client,
    url: Url,
    /// What the vault would answer to a request without a token. The SDK asks for it without the request's body, and loses the
    /// body where that first request is throttled; and the answer is known, so it is given here.
    challenge: Option<String>,
}

impl fmt::Debug for Pinned {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Pinned({})", self.url.origin().ascii_serialization())
    }
}

#[async_trait]
impl HttpClient for Pinned {
    async fn execute_request(&self, request: &Request) -> Result<AsyncRawResponse> {
        if request.url().origin() != self.url.origin() {
            return Err(Error::with_message(ErrorKind::Other, "a request to another place was not sent"));
        }
        if let Some(challenge) = &self.challenge
            && request.headers().get_optional_str(&AUTHORIZATION).is_none()
        {
            let mut headers = Headers::new();
            headers.insert(WWW_AUTHENTICATE, challenge.clone());
            return Ok(AsyncRawResponse::from_bytes(StatusCode::Unauthorized, headers, Bytes::new()));
        }
        let Body::Bytes(body) = request.body() else {
            return Err(Error::with_message(ErrorKind::Other, "a body that is a stream was not sent"));
        };
        let method = reqwest::Method::from_bytes(request.method().as_str().as_bytes())
            .map_err(|_| Error::with_message(ErrorKind::Other, "a request of an unknown kind was not sent"))?;
        let mut sent = self.client.request(method, request.url().clone());
        for (name, value) in request.headers().iter() {
            sent = sent.header(name.as_str(), value.as_str());
        }
        let mut answer = sent.body(body.clone()).send().await.map_err(lost)?;
        let headers = headers(answer.headers());
        let status = StatusCode::from(answer.status().as_u16());
        Ok(AsyncRawResponse::from_bytes(status, headers, read(&mut answer).await?))
    }
}

/// Reads an answer into memory that is overwritten afterwards: it may be a data key.
async fn read(answer: &mut reqwest::Response) -> Result<Bytes> {
    let too_long = || Error::with_message(ErrorKind::DataConversion, "an answer was too long");
    let announced = answer.content_length().map_or(0, |length| usize::try_from(length).unwrap_or(usize::MAX));
    if announced > ANSWER_LIMIT {
        return Err(too_long());
    }
    // All at once where the length is known, so that growing leaves no copies behind.
    let mut content = Zeroizing::new(Vec::with_capacity(announced));
    while let Some(chunk) = answer.chunk().await.map_err(lost)? {
        if content.len() + chunk.len() > ANSWER_LIMIT {
            return Err(too_long());
        }
        content.extend_from_slice(&chunk);
    }
    Ok(Bytes::from_owner(content))
}

fn headers(received: &reqwest::header::HeaderMap) -> Headers {
    let mut headers = Headers::new();
    for name in HEADERS {
        if let Some(value) = received.get(name.as_str()).and_then(|value| value.to_str().ok()) {
            headers.insert(name, value.to_owned());
        }
    }
    headers
}

/// Says what was lost without repeating what was sent. The SDK repeats both kinds.
fn lost(error: reqwest::Error) -> Error {
    if error.is_connect() {
        Error::with_message(ErrorKind::Connection, "no connection")
    } else if error.is_timeout() {
        Error::with_message(ErrorKind::Io, "no answer in time")
    } else {
        Error::with_message(ErrorKind::Io, "the connection broke")
    }
}
