//! What is said of a key besides its numbers.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};

use crate::answers::Refusal;

/// A version's attributes that a client may set.
#[derive(Clone, Debug)]
pub(crate) struct Attributes {
    pub(crate) enabled: bool,
    pub(crate) not_before: Option<DateTime<Utc>>,
    pub(crate) expires: Option<DateTime<Utc>>,
    pub(crate) tags: Map<String, Value>,
    pub(crate) created: DateTime<Utc>,
    pub(crate) updated: DateTime<Utc>,
}

impl Attributes {
    pub(crate) fn new(now: DateTime<Utc>) -> Self {
        Self { enabled: true, not_before: None, expires: None, tags: Map::new(), created: now, updated: now }
    }

    /// Sets what a body names.
    pub(crate) fn set(&mut self, body: &Value, now: DateTime<Utc>) -> Result<(), Refusal> {
        let given = &body["attributes"];
        if given["exportable"] == true {
            return Err(Refusal::bad("An exportable key needs a release policy."));
        }
        if let Some(enabled) = given["enabled"].as_bool() {
            self.enabled = enabled;
        }
        for (member, place) in [("nbf", &mut self.not_before), ("exp", &mut self.expires)] {
            if let Some(seconds) = given[member].as_i64() {
                *place = DateTime::from_timestamp(seconds, 0);
            }
        }
        if let Some(tags) = body["tags"].as_object() {
            self.tags = tags.clone();
        }
        self.updated = now;
        Ok(())
    }

    /// The attributes as they are shown, with what the vault can do with the key once it is deleted.
    pub(crate) fn shown(&self, recovery_level: &str) -> Value {
        let mut shown = json!({
            "enabled": self.enabled,
            "created": self.created.timestamp(),
            "updated": self.updated.timestamp(),
            "recoveryLevel": recovery_level,
            "recoverableDays": 90,
            "exportable": false,
        });
        for (member, instant) in [("nbf", self.not_before), ("exp", self.expires)] {
            if let Some(instant) = instant {
                shown[member] = instant.timestamp().into();
            }
        }
        shown
    }
}
