//! What only a local server has, under `/dev`: the issuer of tokens, the movable clock and the mailbox.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Answer, Server};
use crate::failure::{Exit, Failure};

/// Somebody whom the development issuer knows.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DevelopmentPerson {
    /// The name to sign in as.
    pub(crate) name: String,
    /// The person in the token.
    #[serde(default)]
    pub(crate) person: Option<String>,
    /// The tenant in the token; the operator has none.
    #[serde(default)]
    pub(crate) tenant: Option<String>,
    /// The roles in the token.
    #[serde(default)]
    pub(crate) roles: Vec<String>,
}

/// The answer of the issuer.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct IssuedToken {
    /// The token.
    pub(crate) token: keyward_api::SecretText,
    /// When it ends, by the server's clock.
    pub(crate) expires_at: DateTime<Utc>,
    /// The person in it.
    #[serde(default)]
    pub(crate) person: Option<String>,
    /// The tenant in it.
    #[serde(default)]
    pub(crate) tenant: Option<String>,
    /// The roles in it.
    #[serde(default)]
    pub(crate) roles: Vec<String>,
}

/// The clock.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ClockView {
    /// What it shows.
    pub(crate) now: DateTime<Utc>,
    /// How far it is ahead of the machine's.
    pub(crate) offset_seconds: i64,
}

/// The clock after it was moved.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct MovedClock {
    /// What it shows.
    pub(crate) now: DateTime<Utc>,
    /// What ran on the way.
    #[serde(default)]
    pub(crate) ran: Vec<RanSweep>,
}

/// A scheduled function that ran.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct RanSweep {
    /// At which instant.
    pub(crate) at: DateTime<Utc>,
    /// Which one.
    pub(crate) sweep: String,
    /// What it did.
    #[serde(default)]
    pub(crate) did: Value,
}

impl Server {
    /// A token for a name.
    pub(crate) fn issue_token(&self, name: &str) -> Result<IssuedToken, Failure> {
        self.development_post(&["token"], &serde_json::json!({ "as": name }))?.view()
    }

    /// GET under `/dev`.
    pub(crate) fn development_get(&self, segments: &[&str]) -> Result<Answer, Failure> {
        let url = self.development_address(segments)?;
        self.send(&self.get(url)).map_err(only_local)
    }

    /// POST under `/dev`.
    pub(crate) fn development_post(&self, segments: &[&str], body: &Value) -> Result<Answer, Failure> {
        let url = self.development_address(segments)?;
        self.send_once_only(self.post(url).json(body)).map_err(only_local)
    }

    fn development_address(&self, segments: &[&str]) -> Result<reqwest::Url, Failure> {
        let all: Vec<&str> = std::iter::once("dev").chain(segments.iter().copied()).collect();
        self.address(&all, &[])
    }
}

fn only_local(failure: Failure) -> Failure {
    if failure.exit == Exit::NotFound && failure.code == "no_such_path" {
        failure.next("Only a local server has this: keyward-local serve. Elsewhere sign in by: keyward login")
    } else {
        failure
    }
}
