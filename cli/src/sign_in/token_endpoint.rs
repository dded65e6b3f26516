//! The token endpoint (RFC 6749, 5): what it gives, and why it gives nothing.

use chrono::{DateTime, TimeDelta, Utc};
use keyward_api::SecretText;
use reqwest::Url;
use serde::Deserialize;

use super::form::Form;
use super::web::{Reply, Web, not_reachable, unusable};
use super::{Discovered, Provider};
use crate::failure::{Exit, Failure};

/// Longest token that is taken, in bytes. The server takes 8 KiB; a refresh token may be longer.
const LONGEST_TOKEN: usize = 16 * 1024;
/// Longest that a token is taken to be good for.
const LONGEST_LIFE: i64 = 365 * 86_400;
/// Longest text of a provider that is repeated, in characters.
const LONGEST_WORDS: usize = 300;

/// Tokens of a provider.
#[derive(Clone, Debug)]
pub(crate) struct Grant {
    /// What is sent to the server.
    pub(crate) access: SecretText,
    /// What another one is got for, without the person.
    pub(crate) refresh: Option<SecretText>,
    /// When the first ends by this machine's clock.
    pub(crate) expires_at: Option<DateTime<Utc>>,
}

#[derive(Deserialize)]
struct Tokens {
    access_token: SecretText,
    token_type: String,
    expires_in: Option<i64>,
    refresh_token: Option<SecretText>,
}

/// Why a provider gave nothing.
#[derive(Debug, Deserialize)]
pub(crate) struct Refusal {
    /// The word for it.
    pub(crate) error: String,
    /// The provider's sentence.
    #[serde(default)]
    pub(crate) error_description: Option<String>,
}

impl Refusal {
    /// As a failure.
    pub(crate) fn failure(&self) -> Failure {
        let sentence = match &self.error_description {
            Some(sentence) if !sentence.trim().is_empty() => format!(": {}", brief(sentence)),
            _ => String::new(),
        };
        let said = format!("the identity provider says {}{sentence}", brief(&self.error));
        Failure::new(Exit::NotAllowed, "sign_in_refused", said).next(self.next_step())
    }

    fn next_step(&self) -> &'static str {
        match self.error.as_str() {
            "access_denied" => "Sign in again and agree, or ask your directory's administrator to.",
            "invalid_client" | "unauthorized_client" => {
                "Check --client-id: it has to be registered as a public client, without a secret, for this way of signing in."
            }
            "invalid_scope" => "Check --scope: keyward login --scope SCOPE",
            "invalid_target" => "Check --audience and --resource.",
            "invalid_request" => {
                "Check that http://127.0.0.1/signed-in, with any port, is registered as a redirect address of --client-id. Where the provider compares the port: keyward login --port N"
            }
            "temporarily_unavailable" | "server_error" => "Try again later.",
            _ => "Sign in again: keyward login",
        }
    }
}

impl Grant {
    /// Exchanges the code that the browser brought.
    pub(crate) fn of_code(
        web: &Web,
        (provider, discovered): (&Provider, &Discovered),
        (code, verifier, redirect): (&str, &str, &str),
        now: DateTime<Utc>,
    ) -> Result<Self, Failure> {
        let mut form = Form::new()
            .with("grant_type", "authorization_code")
            .with("client_id", &provider.client_id)
            .with("code", code)
            .with("redirect_uri", redirect)
            .with("code_verifier", verifier);
        provider.name_the_api(&mut form);
        Self::of_reply(&web.post(&discovered.token, &form)?, &discovered.token, now)
    }

    /// Gets another token without the person.
    pub(crate) fn of_refresh_token(
        web: &Web,
        provider: &Provider,
        refresh: &SecretText,
        now: DateTime<Utc>,
    ) -> Result<Self, Failure> {
        let discovered = Discovered::fetch(web, provider)?;
        let mut form = Form::new()
            .with("grant_type", "refresh_token")
            .with("client_id", &provider.client_id)
            .with("refresh_token", refresh.expose())
            .with("scope", &provider.scope(&discovered.scopes));
        provider.name_the_api(&mut form);
        let mut grant = Self::of_reply(&web.post(&discovered.token, &form)?, &discovered.token, now)?;
        // A provider that gives no new one means the old one to be used on.
        grant.refresh = grant.refresh.or_else(|| Some(refresh.clone()));
        Ok(grant)
    }

    /// What the endpoint answered.
    pub(crate) fn of_reply(reply: &Reply, endpoint: &Url, now: DateTime<Utc>) -> Result<Self, Failure> {
        if reply.status != 200 {
            return Err(match reply.read::<Refusal>() {
                Ok(refusal) => refusal.failure(),
                Err(_) if reply.may_pass() => not_reachable(endpoint.host_str().unwrap_or_default()),
                Err(_) => unusable(format!("it answers with status {}", reply.status)),
            });
        }
        let tokens: Tokens = reply.read()?;
        if !tokens.token_type.eq_ignore_ascii_case("bearer") {
            return Err(unusable(format!("its tokens are of the type {}", brief(&tokens.token_type))));
        }
        check(&tokens.access_token)?;
        tokens.refresh_token.as_ref().map(check).transpose()?;
        let life = tokens.expires_in.map(|seconds| TimeDelta::seconds(seconds.clamp(0, LONGEST_LIFE)));
        Ok(Self { access: tokens.access_token, refresh: tokens.refresh_token, expires_at: life.map(|life| now + life) })
    }
}

/// A token is visible ASCII without spaces (RFC 6750, 2.1), so that it can stand in a header and a line.
fn check(token: &SecretText) -> Result<(), Failure> {
    let text = token.expose();
    if text.is_empty() || text.len() > LONGEST_TOKEN || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(unusable(format!(
            "a token of it is empty, longer than {LONGEST_TOKEN} bytes, or has strange signs"
        )));
    }
    Ok(())
}

/// The beginning, where somebody else wrote much.
pub(crate) fn brief(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(LONGEST_WORDS).collect()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;
    use serde_json::{Value, json};

    fn read(status: u16, body: &Value) -> Result<Grant, Failure> {
        let endpoint = "https://id.example.org/token".parse().unwrap();
        let reply = Reply { status, body: body.to_string().into_bytes().into() };
        Grant::of_reply(&reply, &endpoint, DateTime::UNIX_EPOCH)
    }

    #[test]
    fn tokens_are_read_and_not_shown() {
        let body = json!({ "access_token": "a.b", "token_type": "bearer", "expires_in": 60, "refresh_token": "r-s" });
        let grant = read(200, &body).unwrap();
        assert_eq!(grant.expires_at, Some(DateTime::UNIX_EPOCH + TimeDelta::seconds(60)));
        let shown = format!("{grant:?}");
        assert!(!shown.contains("a.b") && !shown.contains("r-s"), "{shown}");
        let bare = read(200, &json!({ "access_token": "a", "token_type": "Bearer" })).unwrap();
        assert!(bare.refresh.is_none() && bare.expires_at.is_none());
        let long = json!({ "access_token": "a", "token_type": "Bearer", "expires_in": i64::MAX });
        assert_eq!(read(200, &long).unwrap().expires_at, Some(DateTime::UNIX_EPOCH + TimeDelta::days(365)));
    }

    #[test]
    fn what_is_no_token_is_refused() {
        let good = json!({ "access_token": "a", "token_type": "Bearer" });
        for (member, value) in [
            ("access_token", json!("")),
            ("access_token", json!("a b")),
            ("access_token", json!("a\nb")),
            ("access_token", json!("a".repeat(LONGEST_TOKEN + 1))),
            ("access_token", json!(7)),
            ("refresh_token", json!("a\r\nb")),
            ("token_type", json!("DPoP")),
            ("expires_in", json!("soon")),
        ] {
            let mut body = good.clone();
            body[member] = value;
            let failure = read(200, &body).err().unwrap();
            assert_eq!((failure.code.as_str(), failure.exit), ("provider_not_usable", Exit::Usage), "{member}");
        }
    }

    #[test]
    fn refusals_say_what_to_do() {
        for (error, exit, word) in [
            ("access_denied", 3, "agree"),
            ("invalid_client", 3, "--client-id"),
            ("invalid_scope", 3, "--scope"),
            ("invalid_target", 3, "--audience"),
            ("invalid_grant", 3, "keyward login"),
        ] {
            let body = json!({ "error": error, "error_description": format!("because\n {}", "x".repeat(900)) });
            let failure = read(400, &body).err().unwrap();
            assert_eq!((failure.code.as_str(), failure.exit.code()), ("sign_in_refused", exit));
            assert!(failure.next_step.as_ref().unwrap().contains(word), "{failure}");
            assert!(failure.detail.contains("because") && failure.detail.len() < 400);
        }
        assert_eq!(read(503, &json!({})).err().unwrap().code, "provider_not_reachable");
        assert_eq!(read(404, &json!({})).err().unwrap().code, "provider_not_usable");
        assert_eq!(read(302, &json!({})).err().unwrap().code, "provider_not_usable");
    }
}
