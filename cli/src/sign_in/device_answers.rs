//! How the token endpoint is asked while somebody signs in on another device (RFC 8628, 3.5): how often, and until when.

use std::time::Duration;

use super::token_endpoint::{Refusal, brief};
use super::web::{Reply, address, unusable};
use crate::failure::{Exit, Failure};

/// Between two questions, if the provider does not say.
const INTERVAL: u64 = 5;
/// Longest that a provider may ask to wait between two questions, in seconds.
const LONGEST_INTERVAL: u64 = 120;
/// Longest that a code is good for, whatever the provider says, in seconds.
const LONGEST_LIFE: u64 = 1800;
/// Longest code for people, in characters.
const LONGEST_CODE: usize = 64;
/// How much `slow_down` adds.
const SLOWER: Duration = Duration::from_secs(5);

/// What the provider gave for the device.
#[derive(serde::Deserialize)]
pub(crate) struct DeviceCode {
    /// For the token endpoint.
    pub(crate) device_code: keyward_api::SecretText,
    /// For the person.
    pub(crate) user_code: String,
    /// Where to type it.
    pub(crate) verification_uri: String,
    /// The same with the code in it.
    #[serde(default)]
    pub(crate) verification_uri_complete: Option<String>,
    /// For how many seconds it is good.
    expires_in: u64,
    /// Seconds between two questions.
    #[serde(default)]
    interval: Option<u64>,
}

/// What to do after an answer.
#[derive(Debug)]
pub(crate) enum Then {
    /// Ask again, after the interval.
    Wait,
    /// It is decided: read the answer as that of the token endpoint.
    Read,
}

/// How it is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Polling {
    /// Between two questions.
    pub(crate) interval: Duration,
    /// From the first to the last.
    pub(crate) longest: Duration,
}

impl DeviceCode {
    /// What the provider gave, checked as far as it is shown.
    pub(crate) fn of_reply(reply: &Reply) -> Result<Self, Failure> {
        if reply.status != 200 {
            return Err(match reply.read::<Refusal>() {
                Ok(refusal) => refusal.failure(),
                Err(_) => unusable(format!("its device authorization answers with status {}", reply.status)),
            });
        }
        let mut code: Self = reply.read()?;
        if code.user_code.is_empty() || code.user_code.chars().count() > LONGEST_CODE {
            return Err(unusable("its code for people is empty or too long"));
        }
        // As they are understood here, so that what is shown is what was checked.
        let checked = |text: &str| address(text, "address to sign in at").map(String::from);
        code.verification_uri = checked(&code.verification_uri)?;
        code.verification_uri_complete = code.verification_uri_complete.as_deref().map(checked).transpose()?;
        Ok(code)
    }

    /// How often and how long to ask.
    pub(crate) fn polling(&self) -> Polling {
        Polling {
            interval: Duration::from_secs(self.interval.unwrap_or(INTERVAL).clamp(1, LONGEST_INTERVAL)),
            longest: Duration::from_secs(self.expires_in.min(LONGEST_LIFE)),
        }
    }
}

impl Polling {
    /// After an answer, or after none came.
    pub(crate) fn after(&mut self, reply: Option<&Reply>) -> Result<Then, Failure> {
        let Some(reply) = reply.filter(|reply| reply.status == 200 || !reply.may_pass()) else {
            // Where the line is bad it is asked less often (RFC 8628, 3.5).
            self.slow(self.interval);
            return Ok(Then::Wait);
        };
        if reply.status == 200 {
            return Ok(Then::Read);
        }
        let Ok(refusal) = reply.read::<Refusal>() else { return Ok(Then::Read) };
        match refusal.error.as_str() {
            "authorization_pending" => Ok(Then::Wait),
            "slow_down" => {
                self.slow(SLOWER);
                Ok(Then::Wait)
            }
            "expired_token" => Err(expired()),
            _ => Err(refusal.failure()),
        }
    }

    fn slow(&mut self, by: Duration) {
        self.interval = (self.interval + by).min(Duration::from_secs(LONGEST_INTERVAL));
    }
}

/// The code was not typed in time.
pub(crate) fn expired() -> Failure {
    Failure::new(Exit::NotAllowed, "sign_in_timed_out", "nobody has typed the code in time")
        .next("Sign in again: keyward login --device")
}

/// What the person is told.
pub(crate) fn instructions(code: &DeviceCode) -> String {
    let mut text = format!("Sign in at {} with the code\n\n  {}\n", code.verification_uri, brief(&code.user_code));
    if let Some(complete) = &code.verification_uri_complete {
        text.push_str(&format!("\nor at {complete}\n"));
    }
    // Whoever types a code that somebody sent him signs that other one in.
    text.push_str("\nType it only if you began this sign-in yourself.");
    crate::output::plain(&text)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;
    use serde_json::{Value, json};

    fn reply(status: u16, body: &Value) -> Reply {
        Reply { status, body: body.to_string().into_bytes().into() }
    }

    fn code(change: impl FnOnce(&mut Value)) -> Result<DeviceCode, Failure> {
        let mut body = json!({
            "device_code": "d", "user_code": "WDJB-MJHT", "verification_uri": "https://id.example.org/device",
            "expires_in": 600,
        });
        change(&mut body);
        DeviceCode::of_reply(&reply(200, &body))
    }

    #[test]
    fn what_the_provider_says_is_bounded() {
        let polling = |change: fn(&mut Value)| {
            let polling = code(change).unwrap().polling();
            (polling.interval.as_secs(), polling.longest.as_secs())
        };
        assert_eq!(polling(|_| {}), (5, 600));
        assert_eq!(polling(|c| c["interval"] = json!(0)), (1, 600));
        assert_eq!(polling(|c| c["interval"] = json!(u64::MAX)), (120, 600));
        assert_eq!(polling(|c| c["expires_in"] = json!(u64::MAX)), (5, 1800));
        assert!(code(|c| c["verification_uri"] = json!("javascript:alert(1)")).is_err());
        assert!(code(|c| c["verification_uri_complete"] = json!("http://id.example.org/x")).is_err());
        assert!(code(|c| c["user_code"] = json!("")).is_err());
        assert!(code(|c| c["user_code"] = json!("x".repeat(65))).is_err());
        let refused = DeviceCode::of_reply(&reply(401, &json!({ "error": "invalid_client" }))).err().unwrap();
        assert_eq!(refused.code, "sign_in_refused");
        let hostile = code(|c| c["user_code"] = json!("a\u{1b}[2Jb")).unwrap();
        assert!(!instructions(&hostile).contains('\u{1b}'));
    }

    #[test]
    fn answers_are_followed() {
        let mut polling = code(|_| {}).unwrap().polling();
        let error = |error: &str| reply(400, &json!({ "error": error }));
        assert!(matches!(polling.after(Some(&error("authorization_pending"))), Ok(Then::Wait)));
        assert_eq!(polling.interval.as_secs(), 5);
        assert!(matches!(polling.after(Some(&error("slow_down"))), Ok(Then::Wait)));
        assert_eq!(polling.interval.as_secs(), 10);
        assert!(matches!(polling.after(None), Ok(Then::Wait)));
        assert_eq!(polling.interval.as_secs(), 20);
        for status in [429, 500, 503, 503, 503] {
            assert!(matches!(polling.after(Some(&reply(status, &json!({})))), Ok(Then::Wait)));
        }
        assert_eq!(polling.interval.as_secs(), 120);
        assert!(matches!(polling.after(Some(&reply(200, &json!({})))), Ok(Then::Read)));
        assert!(matches!(polling.after(Some(&reply(404, &json!("x")))), Ok(Then::Read)));
        assert_eq!(polling.after(Some(&error("expired_token"))).err().unwrap().code, "sign_in_timed_out");
        assert_eq!(polling.after(Some(&error("access_denied"))).err().unwrap().code, "sign_in_refused");
    }
}
