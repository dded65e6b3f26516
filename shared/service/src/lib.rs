//! The operations of Keyward: each loads what it needs, lets the domain decide, and commits the whole in one transaction.
//!
//! Nothing here knows HTTP, Lambda or a cloud; what is needed from outside comes in through the [`ports`].

mod addresses;
mod attempts;
mod audit;
mod counted;
mod data_keys;
mod documents;
mod error;
mod keyward;
mod lease_log;
mod listing;
mod notice;
mod notices;
mod operations;
mod plans;
pub mod ports;
mod possession;
mod principal;
mod refusal;
mod request;
mod sealed;
mod settle;
mod stored;
pub mod sweeps;
mod timers;
mod unit;
mod vault_entry;

pub use addresses::{SHARDS, shard_of};
pub use audit::AuditEntry;
pub use data_keys::LeasedDataKey;
pub use documents::Answer;
pub use error::ServiceError;
pub use keyward::Keyward;
pub use listing::{EnvironmentFilter, Listed};
pub use notices::{
    MailEvent, MailEventKind, NoticeDocument, NoticeReach, NoticesReach, Recipient, RecipientStatus, notice_at,
};
pub use operations::{
    Challenge, ExchangeKeys, GenerateKey, GeneratedKey, ImportKey, LockProof, LockRequest, Outcome, RequestApproval,
    UploadKey,
};
pub use principal::Principal;
pub use request::{EncodeAnswer, Idempotency, Request};
