//! A second administrator's approval.

use chrono::{DateTime, Utc};
use keyward_domain::{Approval, ApprovalId, EnvironmentId, KeyId, PersonId, PlanHash};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::schema;

/// A request for approval, and the approval once it was given (A7).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ApprovalView {
    /// Its identifier.
    #[schema(value_type = schema::ApprovalId)]
    pub id: ApprovalId,
    /// The operation, by its name.
    pub operation: String,
    /// The environment that it names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<schema::EnvironmentId>)]
    pub environment: Option<EnvironmentId>,
    /// The key that it names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<schema::KeyId>)]
    pub key: Option<KeyId>,
    /// Hash of the plan that it is for.
    #[schema(value_type = schema::PlanHash)]
    pub plan: PlanHash,
    /// Who asked, and only may use it.
    #[schema(value_type = schema::PersonId)]
    pub requested_by: PersonId,
    /// When.
    pub requested_at: DateTime<Utc>,
    /// From this instant on it is good for nothing, given or not.
    pub expires_at: DateTime<Utc>,
    /// Who approved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<schema::PersonId>)]
    pub given_by: Option<PersonId>,
    /// When.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub given_at: Option<DateTime<Utc>>,
}

impl From<&Approval> for ApprovalView {
    fn from(approval: &Approval) -> Self {
        let approved = approval.approved.clone();
        Self {
            id: approval.id.clone(),
            operation: approved.operation,
            environment: approved.environment,
            key: approved.key,
            plan: approved.plan,
            requested_by: approval.requested_by.clone(),
            requested_at: approval.requested_at,
            expires_at: approval.expires_at,
            given_by: approval.given_by.clone(),
            given_at: approval.given_at,
        }
    }
}
