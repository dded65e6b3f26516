//! What a token says of itself. Only the server can tell whether it is true.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

/// Most roles that are shown.
const MOST_ROLES: usize = 32;

/// The claims of a token, not verified.
#[derive(Clone, Debug, Default)]
pub(crate) struct Claims(Map<String, Value>);

impl Claims {
    /// Of a JWT; of anything else there are none.
    pub(crate) fn of(token: &str) -> Self {
        let read = || {
            let payload = token.split('.').nth(1)?;
            serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).ok()?).ok()
        };
        Self(read().unwrap_or_default())
    }

    /// All of them.
    pub(crate) fn all(&self) -> &Map<String, Value> {
        &self.0
    }

    /// Who it is, by the name that people know best.
    pub(crate) fn person(&self) -> Option<String> {
        let text = |name: &str| self.0.get(name).and_then(Value::as_str).map(str::to_owned);
        ["preferred_username", "email", "upn", "name", "oid", "sub"].into_iter().find_map(text)
    }

    /// What may be the identifier of the person: which it is, the server's settings say.
    pub(crate) fn identifiers(&self) -> BTreeMap<String, String> {
        let text = |name: &str| Some((name.to_owned(), self.0.get(name)?.as_str()?.to_owned()));
        ["oid", "uid", "sub"].into_iter().filter_map(text).collect()
    }

    /// What stands in `roles`.
    pub(crate) fn roles(&self) -> Vec<String> {
        let roles = self.0.get("roles").and_then(Value::as_array).into_iter().flatten();
        roles.filter_map(Value::as_str).take(MOST_ROLES).map(str::to_owned).collect()
    }

    /// When it ends.
    pub(crate) fn expires_at(&self) -> Option<DateTime<Utc>> {
        DateTime::from_timestamp(self.0.get("exp")?.as_i64()?, 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn claims_are_read_where_there_are_some() {
        let token = |payload: &str| format!("h.{}.s", URL_SAFE_NO_PAD.encode(payload));
        let anna = Claims::of(&token(r#"{"sub":"7","preferred_username":"anna","roles":["a",1,"b"],"exp":60}"#));
        assert_eq!(anna.person().as_deref(), Some("anna"));
        assert_eq!(anna.identifiers(), BTreeMap::from([("sub".to_owned(), "7".to_owned())]));
        assert_eq!(anna.roles(), ["a", "b"]);
        assert_eq!(anna.expires_at(), DateTime::from_timestamp(60, 0));
        for nothing in ["", "opaque", "a.!.c", &token("[]"), &token("{}"), &token(r#"{"exp":9e99,"roles":"x"}"#)] {
            let claims = Claims::of(nothing);
            assert!(claims.person().is_none() && claims.roles().is_empty() && claims.expires_at().is_none());
        }
    }
}
