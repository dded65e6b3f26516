//! What SES reports of a message by EventBridge: `Email Bounced`, `Email Complaint Received`, `Email Rejected`. The events are delivered
//! on a best-effort basis and in any order.

use std::collections::BTreeMap;
use std::str::FromStr;

use keyward_domain::Instant;
use keyward_service::{MailEvent, MailEventKind};
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
struct Event {
    #[serde(rename = "detail-type")]
    detail_type: String,
    #[serde(default)]
    time: Option<String>,
    detail: Detail,
}

#[derive(Deserialize)]
struct Detail {
    mail: Mail,
    bounce: Option<Bounce>,
    complaint: Option<Complaint>,
    reject: Option<Reject>,
}

#[derive(Deserialize)]
struct Mail {
    /// As they were sent, each with a list of values.
    #[serde(default)]
    tags: BTreeMap<String, Vec<String>>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Bounce {
    bounce_type: Option<String>,
    bounce_sub_type: Option<String>,
    bounced_recipients: Vec<BouncedRecipient>,
    timestamp: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct BouncedRecipient {
    status: Option<String>,
    diagnostic_code: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Complaint {
    complaint_feedback_type: Option<String>,
    complaint_sub_type: Option<String>,
    timestamp: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Reject {
    reason: Option<String>,
}

impl Detail {
    /// What happened, when, and in which words.
    fn told(&self) -> Option<(MailEventKind, Option<&str>, String)> {
        if let Some(bounce) = &self.bounce {
            let recipient = bounce.bounced_recipients.first();
            let kind = joined("/", &[&bounce.bounce_type, &bounce.bounce_sub_type]);
            let words =
                recipient.and_then(|recipient| recipient.diagnostic_code.as_ref().or(recipient.status.as_ref()));
            let reason = joined(": ", &[&Some(kind), &words.cloned()]);
            // `Undetermined` is for good: nothing says that another message would arrive.
            let is_for_now = bounce.bounce_type.as_deref() == Some("Transient");
            let kind = if is_for_now { MailEventKind::BouncedForNow } else { MailEventKind::Bounced };
            Some((kind, bounce.timestamp.as_deref(), reason))
        } else if let Some(complaint) = &self.complaint {
            let reason = joined("/", &[&complaint.complaint_feedback_type, &complaint.complaint_sub_type]);
            Some((MailEventKind::Complained, complaint.timestamp.as_deref(), reason))
        } else {
            let reject = self.reject.as_ref()?;
            Some((MailEventKind::Rejected, None, reject.reason.clone().unwrap_or_default()))
        }
    }
}

impl Mail {
    fn tag<T: FromStr>(&self, name: &str) -> Result<T, String> {
        let value = self.tags.get(name).and_then(|values| values.first());
        value.and_then(|value| value.parse().ok()).ok_or_else(|| format!("the message has no usable tag {name:?}"))
    }
}

/// Those that are there.
fn joined(separator: &str, parts: &[&Option<String>]) -> String {
    let parts: Vec<&str> = parts.iter().filter_map(|part| part.as_deref()).filter(|part| !part.is_empty()).collect();
    parts.join(separator)
}

/// The report in an event; why there is none where there is none. Whether it is of a message of ours, the service looks at.
pub(super) fn read(event: Value, now: Instant) -> Result<MailEvent, String> {
    let event: Event = serde_json::from_value(event).map_err(|error| format!("not an event of SES: {error}"))?;
    let told = event.detail.told();
    let (kind, at, reason) = told.ok_or_else(|| format!("nothing is done about {:?}", event.detail_type))?;
    let at = at.or(event.time.as_deref()).and_then(|at| at.parse().ok());
    let mail = &event.detail.mail;
    Ok(MailEvent {
        tenant: mail.tag("tenant")?,
        sequence: mail.tag("notice")?,
        recipient: mail.tag("recipient")?,
        message_id: mail.tag("message")?,
        kind,
        at: at.unwrap_or(now),
        reason,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// An event as EventBridge gives it.
    fn event(detail_type: &str, member: &str, told: Value) -> Value {
        let mut event = json!({
            "version": "0",
            "id": "1f5a9c22-7a6d-4a4f-8a3a-1d3f9e5f4c11",
            "detail-type": detail_type,
            "source": "aws.ses",
            "account": "123456789012",
            "time": "2026-03-14T09:27:30Z",
            "region": "eu-central-1",
            "resources": ["arn:aws:ses:eu-central-1:123456789012:configuration-set/keyward"],
            "detail": {
                "eventType": "Bounce",
                "mail": {
                    "timestamp": "2026-03-14T09:26:53.120Z",
                    "source": "Keyward <keys@contoso.example>",
                    "sendingAccountId": "123456789012",
                    "messageId": "0107018e3c5f1a2b-EXAMPLE-000000",
                    "destination": ["bob@contoso.example"],
                    "headersTruncated": false,
                    "headers": [{ "name": "Subject", "value": "[Keyward]" }],
                    "commonHeaders": { "to": ["bob@contoso.example"] },
                    "tags": {
                        "ses:configuration-set": ["keyward"],
                        "ses:caller-identity": ["deliver-notices"],
                        "tenant": ["contoso"],
                        "notice": ["7"],
                        "recipient": ["1"],
                        "message": ["0123abcd"]
                    }
                }
            }
        });
        event["detail"][member] = told;
        event
    }

    fn bounce() -> Value {
        let told = json!({
            "feedbackId": "0107018e3c5f2222-EXAMPLE-000000",
            "bounceType": "Permanent",
            "bounceSubType": "General",
            "bouncedRecipients": [{
                "emailAddress": "bob@contoso.example",
                "action": "failed",
                "status": "5.1.1",
                "diagnosticCode": "smtp; 550 5.1.1 user unknown"
            }],
            "timestamp": "2026-03-14T09:26:59.669Z",
            "reportingMTA": "dns; b224-1.smtp-out.eu-central-1.amazonses.com"
        });
        event("Email Bounced", "bounce", told)
    }

    fn told(event: Value) -> Result<(MailEventKind, String, String), String> {
        let event = read(event, Instant::UNIX_EPOCH)?;
        Ok((event.kind, event.at.to_rfc3339(), event.reason))
    }

    #[test]
    fn a_bounce_says_whose_and_why() -> Result<(), Box<dyn std::error::Error>> {
        let expected = MailEvent {
            tenant: "contoso".parse()?,
            sequence: 7,
            recipient: 1,
            message_id: "0123abcd".to_owned(),
            kind: MailEventKind::Bounced,
            at: "2026-03-14T09:26:59.669Z".parse()?,
            reason: "Permanent/General: smtp; 550 5.1.1 user unknown".to_owned(),
        };
        assert_eq!(read(bounce(), Instant::UNIX_EPOCH)?, expected);
        Ok(())
    }

    #[test]
    fn only_a_transient_bounce_is_for_now() {
        for (kind, expected) in [
            (json!("Transient"), MailEventKind::BouncedForNow),
            (json!("Permanent"), MailEventKind::Bounced),
            (json!("Undetermined"), MailEventKind::Bounced),
            (json!("transient or so"), MailEventKind::Bounced),
            (Value::Null, MailEventKind::Bounced),
        ] {
            let mut event = bounce();
            event["detail"]["bounce"]["bounceType"] = kind.clone();
            assert!(told(event).is_ok_and(|(told, _, _)| told == expected), "{kind}");
        }
    }

    #[test]
    fn complaints_and_rejections_are_told_apart() -> Result<(), String> {
        let complaint =
            json!({ "complaintSubType": null, "complaintFeedbackType": "abuse", "timestamp": "2026-03-14T10:00:00Z" });
        assert_eq!(
            told(event("Email Complaint Received", "complaint", complaint))?,
            (MailEventKind::Complained, "2026-03-14T10:00:00+00:00".to_owned(), "abuse".to_owned())
        );
        assert_eq!(
            told(event("Email Rejected", "reject", json!({ "reason": "Bad content" })))?,
            (MailEventKind::Rejected, "2026-03-14T09:27:30+00:00".to_owned(), "Bad content".to_owned())
        );
        Ok(())
    }

    #[test]
    fn little_is_enough_and_nonsense_is_not() {
        assert!(told(event("Email Bounced", "bounce", json!({}))).is_ok_and(|(_, _, reason)| reason.is_empty()));
        for (tag, value) in [
            ("tenant", json!(["No Tenant"])),
            ("notice", json!(["seven"])),
            ("notice", json!([])),
            ("recipient", json!(["-1"])),
            ("message", json!("0123abcd")),
        ] {
            let mut event = bounce();
            event["detail"]["mail"]["tags"][tag] = value;
            assert!(told(event).is_err(), "{tag}");
        }
    }
}
