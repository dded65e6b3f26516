//! What the SDK's errors mean for the port.

use std::error::Error;

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::CancellationReason;
use keyward_service::ports::table::TableError;

use super::retry::Again;

/// What follows from a transaction that did not succeed.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It is decided.
    Refused(TableError),
    /// It may be sent again.
    Retry {
        /// Why.
        again: Again,
        /// For the log, when no attempt is left.
        reason: String,
    },
}

/// Reads the answer to a transaction.
pub(super) fn of_transaction(error: &SdkError<TransactWriteItemsError>) -> Outcome {
    let reason = describe(error);
    let retry = |again| Outcome::Retry { again, reason: reason.clone() };
    let (service, broken) = match error {
        SdkError::ServiceError(context) => (context.err(), context.raw().status().is_server_error()),
        SdkError::ConstructionFailure(_) => {
            return Outcome::Refused(TableError::Unavailable { reason });
        }
        _ => return retry(Again::Unanswered),
    };
    if let TransactWriteItemsError::TransactionCanceledException(cancelled) = service {
        return of_reasons(cancelled.cancellation_reasons(), reason);
    }
    match service.code() {
        Some(
            "TransactionInProgressException"
            | "ProvisionedThroughputExceededException"
            | "RequestLimitExceeded"
            | "ThrottlingException",
        ) => retry(Again::Busy),
        _ if broken => retry(Again::Unanswered),
        _ => Outcome::Refused(TableError::Unavailable { reason }),
    }
}

/// A transaction's reasons stand in the order of its writes; `None` is the code of a write that was not at fault.
fn of_reasons(reasons: &[CancellationReason], reason: String) -> Outcome {
    let codes = || reasons.iter().map(|reason| reason.code().unwrap_or("None"));
    // A condition that failed is an answer, whatever else went on at the same time.
    if let Some(index) = codes().position(|code| code == "ConditionalCheckFailed") {
        return Outcome::Refused(TableError::ConditionFailed { index });
    }
    let mut at_fault = codes().filter(|code| *code != "None").peekable();
    let busy = at_fault.peek().is_some()
        && at_fault
            .all(|code| matches!(code, "TransactionConflict" | "ThrottlingError" | "ProvisionedThroughputExceeded"));
    if busy {
        Outcome::Retry { again: Again::Busy, reason }
    } else {
        Outcome::Refused(TableError::Unavailable { reason })
    }
}

/// Reads the answer to anything else. The SDK has retried what may pass.
pub(super) fn unavailable<E, R>(error: &SdkError<E, R>) -> TableError
where
    E: Error + ProvideErrorMetadata + 'static,
    R: std::fmt::Debug,
{
    TableError::Unavailable { reason: describe(error) }
}

/// One line for the log: the service's code and message, or what kept the request from it.
pub(super) fn describe<E, R>(error: &SdkError<E, R>) -> String
where
    E: Error + ProvideErrorMetadata + 'static,
{
    match error {
        SdkError::ServiceError(context) => {
            let code = context.err().code().unwrap_or("unknown");
            let message = context.err().message().unwrap_or("no message");
            format!("{code}: {message}")
        }
        SdkError::ConstructionFailure(_) => "the request could not be built".into(),
        SdkError::TimeoutError(_) => "the request timed out".into(),
        SdkError::DispatchFailure(failure) => {
            let mut reason = "the request could not be sent".to_owned();
            let mut source = failure.as_connector_error().and_then(Error::source);
            while let Some(error) = source {
                reason.push_str(": ");
                reason.push_str(&error.to_string());
                source = error.source();
            }
            reason
        }
        SdkError::ResponseError(_) => "the answer could not be read".into(),
        _ => "the request failed".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(codes: &[&str]) -> Outcome {
        let reasons: Vec<_> = codes.iter().map(|code| CancellationReason::builder().code(*code).build()).collect();
        of_reasons(&reasons, "cancelled".into())
    }

    #[test]
    fn names_the_first_condition_that_failed() {
        for codes in [
            ["None", "ConditionalCheckFailed", "ConditionalCheckFailed"],
            ["TransactionConflict", "ConditionalCheckFailed", "None"],
        ] {
            assert_eq!(outcome(&codes), Outcome::Refused(TableError::ConditionFailed { index: 1 }));
        }
    }

    #[test]
    fn retries_what_passes() {
        for code in ["TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"] {
            let outcome = outcome(&["None", code]);
            assert!(matches!(outcome, Outcome::Retry { again: Again::Busy, .. }), "{code}");
        }
    }

    #[test]
    fn gives_up_on_what_does_not() {
        for codes in [&["None"][..], &[], &["TransactionConflict", "ValidationError"]] {
            assert!(matches!(outcome(codes), Outcome::Refused(TableError::Unavailable { .. })), "{codes:?}");
        }
    }
}
