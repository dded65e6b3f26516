//! The audit log.

use chrono::{DateTime, Utc};
use keyward_domain::PersonId;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::schema;

/// A4: one entry of the audit log. Entries of a tenant or environment are chained: each holds the hash of the one before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AuditEventView {
    /// Its place in the log, counted from 1 without gaps.
    pub sequence: u64,
    /// When it was decided.
    pub at: DateTime<Utc>,
    /// Who asked for it, or the sweep that realised it.
    #[schema(value_type = schema::PersonId)]
    pub by: PersonId,
    /// What happened: its `type` and the facts.
    #[schema(value_type = Object)]
    pub event: Value,
    /// Hash of the entry before.
    pub previous_hash: String,
    /// Hash of this entry.
    pub hash: String,
}
