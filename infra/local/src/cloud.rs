//! The operations of a local cloud: requests go through its gateway to the functions, sweeps are invoked as its schedules invoke them.

use std::{collections::BTreeMap, time::Duration};

use axum::http::{self, HeaderMap, HeaderName, header};
use chrono::NaiveDateTime;
use keyward_domain::TenantId;
use keyward_service::{
    Keyward,
    ports::mail::Message,
    sweeps::{Sweep, SweepReport},
};
use serde::Deserialize;

/// How long the cloud may take for a request; a function that starts for the first time takes seconds.
const PATIENCE: Duration = Duration::from_secs(60);

/// Says which key would have signed. A local cloud that enforces roles asks for it, and checks no signature.
const UNSIGNED: &str =
    "AWS4-HMAC-SHA256 Credential=local/20260101/eu-central-1/lambda/aws4_request, SignedHeaders=host, Signature=0";

/// Where the cloud is and what its parts are called.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    /// Base address of the gateway, to which a route's path is appended.
    pub(crate) api: String,
    /// Address of the cloud's own interfaces.
    pub(crate) endpoint: String,
    /// What stands before an operation's name in that of its function.
    pub(crate) prefix: String,
}

/// Why the cloud did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CloudError {
    /// It does not answer, or not in time.
    #[error("the local cloud does not answer: {0}")]
    Unreachable(#[from] reqwest::Error),
    /// A function failed.
    #[error("{function} failed: {answer}")]
    Failed {
        /// Its name.
        function: String,
        /// What it said.
        answer: String,
    },
}

/// A local cloud.
pub(crate) struct Cloud {
    place: Place,
    client: reqwest::Client,
    /// Over the cloud's table, for what is asked beside the functions: the demo world, and what is due next.
    pub(crate) keyward: Keyward,
}

/// A mail as the cloud's mail service took it.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct TakenMail {
    message_id: String,
    to: Vec<String>,
    subject: String,
    body_text: String,
    #[serde(default)]
    body_html: Option<String>,
}

impl TakenMail {
    /// The notice that it carries. The service gives no headers, so the rest is read from the text.
    fn message(self) -> Option<Message> {
        let line = |name: &str| self.body_text.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
        let tenant = line("Tenant:")?.rsplit_once('(')?.1.trim_end_matches(')');
        let at = NaiveDateTime::parse_from_str(line("When:")?, "%Y-%m-%d %H:%M:%S UTC").ok()?.and_utc();
        let tenant = TenantId::new(tenant).ok()?;
        let recipient = self.to.first()?;
        let (to_name, to_address) = match recipient.rsplit_once('<') {
            Some((name, address)) => (name.trim().trim_matches('"'), address.trim_end_matches('>')),
            None => ("", recipient.as_str()),
        };
        Some(Message {
            id: self
                .message_id
                .chars()
                .filter(char::is_ascii_hexdigit)
                .map(|digit| digit.to_ascii_lowercase())
                .collect(),
            tenant,
            sequence: 0,
            recipient: 0,
            to_address: to_address.to_owned(),
            to_name: to_name.to_owned(),
            subject: self.subject,
            text: self.body_text,
            html: self.body_html,
            at,
        })
    }
}

impl Cloud {
    pub(crate) fn new(place: Place, keyward: Keyward) -> Result<Self, CloudError> {
        let client = reqwest::Client::builder().timeout(PATIENCE).no_proxy().build()?;
        Ok(Self { place, client, keyward })
    }

    /// Hands a request on to the gateway and its answer back.
    pub(crate) async fn answer(&self, request: http::Request<Vec<u8>>) -> Result<http::Response<Vec<u8>>, CloudError> {
        let (parts, body) = request.into_parts();
        let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
        let url = format!("{}{path}", self.place.api);
        let headers = passed_on(&parts.headers);
        let answer = self.client.request(parts.method, url).headers(headers).body(body).send().await?;
        let (status, headers) = (answer.status(), passed_on(answer.headers()));
        let mut response = http::Response::new(answer.bytes().await?.to_vec());
        *response.status_mut() = status;
        *response.headers_mut() = headers;
        Ok(response)
    }

    /// Invokes a sweep's function and waits for its report.
    pub(crate) async fn sweep(&self, sweep: Sweep) -> Result<SweepReport, CloudError> {
        let function = format!("{}{}", self.place.prefix, sweep.as_str());
        let url = format!("{}/2015-03-31/functions/{function}/invocations", self.place.endpoint);
        let request = self.client.post(url).header(header::AUTHORIZATION, UNSIGNED).body("{}");
        let answer = request.send().await?;
        let failed = !answer.status().is_success() || answer.headers().contains_key("x-amz-function-error");
        let text = answer.text().await?;
        match serde_json::from_str(&text) {
            Ok(report) if !failed => Ok(report),
            _ => Err(CloudError::Failed { function, answer: text }),
        }
    }

    /// Everything that was mailed.
    pub(crate) async fn mails(&self) -> Result<Vec<Message>, CloudError> {
        /// By account.
        #[derive(Deserialize)]
        struct Mails {
            messages: BTreeMap<String, Vec<TakenMail>>,
        }
        let url = format!("{}/_ministack/ses/messages", self.place.endpoint);
        let mails: Mails = self.client.get(url).send().await?.error_for_status()?.json().await?;
        Ok(mails.messages.into_values().flatten().filter_map(TakenMail::message).collect())
    }
}

/// All headers but those that belong to one connection (RFC 9110, section 7.6.1).
fn passed_on(headers: &HeaderMap) -> HeaderMap {
    const OF_ONE_CONNECTION: [HeaderName; 6] = [
        header::CONNECTION,
        header::HOST,
        header::CONTENT_LENGTH,
        header::TRANSFER_ENCODING,
        header::UPGRADE,
        header::TE,
    ];
    let kept = headers.iter().filter(|(name, _)| !OF_ONE_CONNECTION.contains(*name));
    kept.map(|(name, value)| (name.clone(), value.clone())).collect()
}
