//! Which problem a failed operation is answered with.

use keyward_api::Problem;
use keyward_service::ServiceError;

/// Why there is no answer of the operation.
pub(super) enum Failure {
    /// The request does not read.
    Problem(Problem),
    /// The operation did not happen.
    Service(ServiceError),
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

impl From<ServiceError> for Failure {
    fn from(error: ServiceError) -> Self {
        Self::Service(error)
    }
}

impl Failure {
    pub(super) fn into_problem(self) -> Problem {
        match self {
            Self::Problem(problem) => problem,
            Self::Service(error) => problem(&error),
        }
    }
}

/// The problem of an error. What is nobody's decision goes to the log and tells the caller nothing.
pub(super) fn problem(error: &ServiceError) -> Problem {
    match error {
        ServiceError::Rejected(rejection) => Problem::from(rejection),
        ServiceError::Forbidden { .. } => Problem::forbidden(error.to_string()),
        ServiceError::SignInTooOld { most, authenticated_at, .. } => {
            Problem::sign_in_too_old(error.to_string(), *most, *authenticated_at)
        }
        ServiceError::TooManyAttempts { retry_at } => {
            Problem::new("too_many_attempts", error.to_string()).mended_at(*retry_at)
        }
        ServiceError::PlanChanged => Problem::new("plan_changed", error.to_string()),
        ServiceError::Stale => Problem::new("precondition_failed", error.to_string()),
        ServiceError::IdempotencyKeyReused => Problem::new("idempotency_key_reused", error.to_string()),
        ServiceError::KeyFile(file) => Problem::key_file(file.code(), file.to_string(), file.next_step()),
        ServiceError::Sealed(sealed) => Problem::key_file(sealed.code(), sealed.to_string(), sealed.next_step()),
        ServiceError::NotSealedForThisVault => Problem::new("not_sealed_for_this_vault", error.to_string()),
        ServiceError::ChallengeNotUsable => Problem::new("challenge_not_usable", error.to_string()),
        ServiceError::BadPosition => Problem::malformed_request(error.to_string()),
        ServiceError::Contended | ServiceError::Conflict | ServiceError::AnsweredBefore => {
            Problem::unavailable("others are changing the same state")
        }
        ServiceError::Table(fault) => {
            tracing::error!(%fault, "the table failed");
            Problem::unavailable("the service cannot answer now")
        }
        ServiceError::Vault(fault) => {
            tracing::error!(%fault, "the vault failed");
            Problem::unavailable("the service cannot answer now")
        }
        ServiceError::Corrupt(what) => {
            tracing::error!(what, "a stored document does not read");
            Problem::internal()
        }
    }
}
