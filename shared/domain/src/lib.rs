//! The rules of Keyward, without I/O, clock, randomness or cloud.
//!
//! Everything goes through two functions: [`decide`] looks at the state and at a command and answers with events or
//! with a [`Rejection`]; `apply` of each state type folds an event into the state and never fails. The numbers of the rules
//! (K1, E2, L5 …) are those of `docs/rules.md`.

mod approval;
pub mod chain;
mod command;
mod context;
mod decide;
mod environment;
mod event;
mod facts;
mod ids;
mod key;
mod lock;
mod operation;
mod plan;
mod rejection;
mod roles;
pub mod rules;
mod settings;
mod tenant;

pub use approval::{Approval, Approved};
pub use command::{Command, NewEnvironment, NewKey, NewTenant};
pub use context::Context;
pub use decide::decide;
pub use environment::{Backup, Environment, EnvironmentKind, EnvironmentStatus, ManagedBy, WrappingKey};
pub use event::{DeletionCause, Event, Recorded};
pub use facts::Facts;
pub use ids::{
    ApprovalId, BackupId, EnvironmentId, Fingerprint, IdError, KeyId, Name, OperationId, PersonId, Region, TenantId,
};
pub use key::{KeySource, KeyState, ProtectionKey};
pub use lock::Lock;
pub use operation::{Operation, OperationKind, OperationStatus, Stage};
pub use plan::{Plan, PlanHash};
pub use rejection::{Dependents, Rejection};
pub use roles::{Guard, OperationName, Role};
pub use settings::{KeyFileSettings, SecondsDuration, Settings};
pub use tenant::{Administrator, ChangeKind, FormerAdministrator, KeyChange, Tenant};

/// An instant in UTC. Deadlines are half-open: at the instant itself the thing is due.
pub type Instant = chrono::DateTime<chrono::Utc>;
