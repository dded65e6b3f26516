//! What callers get. Instants that follow from a rule are derived here from the state, the settings and the instant of the
//! answer, so that a view says what holds now, whether or not a timer has been there.

mod approval;
mod audit;
mod environment;
mod key;
mod lock;
mod notice;
mod operation;
mod page;
mod plan;
mod tenant;

pub use approval::ApprovalView;
pub use audit::AuditEventView;
pub use environment::{BackupView, EnvironmentState, EnvironmentView, LeasedDataKeyView};
pub use key::{ExchangeKeyView, GeneratedKeyView, JsonWebKey, KeyView, TransferKeyView};
pub use lock::{ChallengeView, LockView};
pub use notice::{NotReached, NotReachedView, NoticeView, NoticesView};
pub use operation::{ActivationOutcome, ActivationView, OperationView, StageView};
pub use page::PageView;
pub use plan::PlanView;
pub use tenant::{AdministratorView, KeyChangeView, OpenLockView, TenantView};

#[cfg(test)]
mod tests;
