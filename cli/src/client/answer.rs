//! What the server answered.

use chrono::{DateTime, Utc};
use serde::de::DeserializeOwned;
use serde_json::Value;
use zeroize::Zeroizing;

use crate::failure::Failure;
use crate::output::Clock;

/// A successful answer.
#[derive(Debug)]
pub(crate) struct Answer {
    /// The body; overwritten when dropped, since it may hold a key.
    pub(crate) body: Zeroizing<Vec<u8>>,
    /// The server's clock.
    pub(crate) server_time: Option<DateTime<Utc>>,
    /// The entity tag: which state of it this is.
    pub(crate) entity_tag: Option<String>,
    /// Path of the operation that was started.
    pub(crate) operation_location: Option<String>,
}

impl Answer {
    /// The body as its type.
    pub(crate) fn view<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        serde_json::from_slice(&self.body).map_err(|e| {
            // The body is not repeated: it may hold a key.
            Failure::unexpected(format!(
                "the server's answer is not understood (line {}, column {})",
                e.line(),
                e.column()
            ))
            .next("Use a keyward command of the same version as the server.")
        })
    }

    /// The body as the API gave it; nothing where it is empty.
    pub(crate) fn json(&self) -> Result<Value, Failure> {
        if self.body.trim_ascii().is_empty() { Ok(Value::Null) } else { self.view() }
    }

    /// The server's clock, to show instants by.
    pub(crate) fn clock(&self) -> Clock {
        Clock::new(self.server_time)
    }

    /// The operation that the answer names in its header or body.
    pub(crate) fn operation(&self) -> Option<String> {
        let from_header = || self.operation_location.as_deref()?.rsplit('/').next().map(str::to_owned);
        let from_body = || {
            let body: Value = serde_json::from_slice(&self.body).ok()?;
            // An answer that names its operation, or one that is the operation.
            let is_operation = body.get("stages").is_some();
            let id = body.get("operation").or_else(|| body.get("id").filter(|_| is_operation))?;
            id.as_str().map(str::to_owned)
        };
        from_header().or_else(from_body)
    }
}
