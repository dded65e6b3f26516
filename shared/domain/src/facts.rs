//! The state that a decision looks at.

use crate::{Backup, Environment, PlanHash, Tenant};

/// The stored state that a command is decided on: only what the command names is loaded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// The tenant, once it is registered.
    pub tenant: Option<Tenant>,
    /// The environment that the command names.
    pub environment: Option<Environment>,
    /// The backup that the command names.
    pub backup: Option<Backup>,
    /// A7: the hash of the plan as it is now, which an approval must be for. Needed where the tenant asks for approvals.
    pub plan: Option<PlanHash>,
}
