//! deliver-notices: what it is asked by which event (A3).
//!
//! | event | what it does |
//! |---|---|
//! | records of the table's stream | delivers the notices that are new in them, at once |
//! | EventBridge, `aws.ses` | records what SES reports of a message |
//! | any other: a schedule | the sweep: delivers what is due |

mod mail_event;
mod stream;

use keyward_domain::Instant;
use keyward_service::MailEvent;
use serde_json::Value;

pub(crate) use stream::deliver;

/// What an event asks for.
#[derive(Debug, PartialEq)]
pub(crate) enum Asked {
    /// To deliver new notices.
    Stream(Vec<stream::Record>),
    /// To record what became of a message.
    MailEvent(MailEvent),
    /// To deliver what is due.
    Sweep,
    /// Nothing that is known. It would be no better known at another try.
    Unknown {
        /// For the log.
        reason: String,
    },
}

impl Asked {
    /// Reads an event.
    pub(crate) fn read(event: Value, now: Instant) -> Self {
        let unknown = |reason: String| Self::Unknown { reason };
        if event.get("Records").is_some() {
            stream::records(event).map_or_else(unknown, Self::Stream)
        } else if event.get("source").and_then(Value::as_str) == Some("aws.ses") {
            mail_event::read(event, now).map_or_else(unknown, Self::MailEvent)
        } else {
            Self::Sweep
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn asked(event: Value) -> Asked {
        Asked::read(event, Instant::UNIX_EPOCH)
    }

    #[test]
    fn a_schedule_asks_for_the_sweep_whatever_it_says() {
        for event in [
            json!({}),
            Value::Null,
            json!("sweep"),
            json!({"source": "aws.events", "detail-type": "Scheduled Event", "detail": {}}),
            json!({"source": "aws.scheduler"}),
        ] {
            assert_eq!(asked(event.clone()), Asked::Sweep, "{event}");
        }
    }

    #[test]
    fn what_is_not_known_is_not_taken_for_something_else() {
        for event in [
            json!({"Records": "none"}),
            json!({"Records": [{"eventSource": "aws:sqs", "messageId": "1", "body": "{}"}]}),
            json!({"source": "aws.ses", "detail-type": "Email Delivered", "detail": {"mail": {"tags": {}}}}),
            json!({"source": "aws.ses"}),
        ] {
            assert!(matches!(asked(event.clone()), Asked::Unknown { .. }), "{event}");
        }
    }
}
