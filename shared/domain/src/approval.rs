//! A second administrator's approval (A7).

use serde::{Deserialize, Serialize};

use crate::{ApprovalId, EnvironmentId, Instant, KeyId, OperationName, PersonId, PlanHash};

/// What approval is asked for: one operation on one thing, as its plan was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Approved {
    /// The operation, by its name.
    pub operation: String,
    /// The environment that it names.
    pub environment: Option<EnvironmentId>,
    /// The key that it names.
    pub key: Option<KeyId>,
    /// The hash of its plan. Once the plan changes, the approval is good for nothing.
    pub plan: PlanHash,
    /// For a lock: how often an environment of the tenant had been put under its key, which makes the lock more than a bar for it. The lock is
    /// approved for as long as no other is. 0 for all else.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub reach: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

impl Approved {
    /// The same operation on the same thing, whatever its plan.
    #[must_use]
    pub fn is_same_thing(&self, other: &Self) -> bool {
        (&self.operation, &self.environment, &self.key) == (&other.operation, &other.environment, &other.key)
    }

    /// What is asked for is no more than this: the same thing by the same plan, and it reaches no further.
    #[must_use]
    pub fn covers(&self, asked: &Self) -> bool {
        self.is_same_thing(asked) && self.plan == asked.plan && asked.reach <= self.reach
    }

    /// Whether it is a rollback, which those may approve too who were taken off the list lately.
    #[must_use]
    pub fn is_rollback(&self) -> bool {
        self.operation == OperationName::RollBackKey.as_str()
    }
}

/// A request for approval, and the approval once it was given. It is used up by what it is for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Approval {
    /// Its identifier.
    pub id: ApprovalId,
    /// What it is for.
    #[serde(flatten)]
    pub approved: Approved,
    /// Who asked, and only may use it.
    pub requested_by: PersonId,
    /// When.
    pub requested_at: Instant,
    /// From this instant on it is good for nothing, given or not.
    pub expires_at: Instant,
    /// Who approved.
    pub given_by: Option<PersonId>,
    /// When.
    pub given_at: Option<Instant>,
}
