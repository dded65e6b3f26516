//! Why an operation did not happen.

use chrono::TimeDelta;
use keyward_domain::{Instant, Rejection};
use keyward_keyfile::{KeyFileError, jwe::JweError};

use crate::ports::{table::TableError, vault::VaultError};

/// Why an operation did not happen. Nothing was changed, unless it says that this is unknown.
#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    /// A rule says no.
    #[error(transparent)]
    Rejected(#[from] Rejection),
    /// A1: none of the caller's roles may do this.
    #[error("none of the caller's roles may ask for {operation}")]
    Forbidden {
        /// The operation.
        operation: &'static str,
    },
    /// A5: the caller's last sign-in is too old for this, or the token does not say when it was.
    #[error("{operation} needs a sign-in that is not older than {} seconds", most.num_seconds())]
    SignInTooOld {
        /// The operation.
        operation: &'static str,
        /// How old it may be.
        most: TimeDelta,
        /// When it was, where the token says so.
        authenticated_at: Option<Instant>,
    },
    /// A8: too many attempts with a password or a proof have failed.
    #[error("too many attempts failed; the next is possible from {retry_at}")]
    TooManyAttempts {
        /// When the next one counts.
        retry_at: Instant,
    },
    /// The plan whose hash was given is not the plan any more.
    #[error("the plan has changed since it was made")]
    PlanChanged,
    /// The state that `If-Match` names is not the state any more.
    #[error("the state has changed since it was read")]
    Stale,
    /// The idempotency key was used before with another request.
    #[error("the idempotency key was used before with another request")]
    IdempotencyKeyReused,
    /// The request was answered before; the stored answer is to be given again.
    #[error("the request was answered before")]
    AnsweredBefore,
    /// The key file can't be used.
    #[error(transparent)]
    KeyFile(#[from] KeyFileError),
    /// What was sealed can't be opened.
    #[error(transparent)]
    Sealed(#[from] JweError),
    /// What was sealed was sealed to another key than the vault's exchange key, or is no key file.
    #[error("sealed to another key than this vault's exchange key, or damaged")]
    NotSealedForThisVault,
    /// The challenge is unknown, used up, for something else, or its time has passed.
    #[error("the challenge is unknown, used, for another purpose or expired")]
    ChallengeNotUsable,
    /// A page position that was not handed out here.
    #[error("the page position is not one that was handed out")]
    BadPosition,
    /// Others changed the same state each time that this was tried.
    #[error("others are changing the same state; try again")]
    Contended,
    /// A stored document does not read. Nothing is guessed; an operator has to look.
    #[error("a stored document does not read: {0}")]
    Corrupt(String),
    /// The table refused or does not answer.
    #[error(transparent)]
    Table(TableError),
    /// The vault refused or does not answer.
    #[error(transparent)]
    Vault(VaultError),
    /// A condition of the transaction did not hold: what was loaded has changed. Decided again by the caller.
    #[error("what was loaded has changed")]
    Conflict,
}

impl From<VaultError> for ServiceError {
    fn from(error: VaultError) -> Self {
        match error {
            VaultError::Refused(reason) => Self::KeyFile(reason),
            other => Self::Vault(other),
        }
    }
}

impl From<TableError> for ServiceError {
    fn from(error: TableError) -> Self {
        match error {
            TableError::ConditionFailed { .. } => Self::Conflict,
            TableError::BadPosition => Self::BadPosition,
            other => Self::Table(other),
        }
    }
}
