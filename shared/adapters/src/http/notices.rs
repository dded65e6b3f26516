//! What the service knows of notices, as the API shows it.

use keyward_api::views::{NotReached, NotReachedView, NoticeView, NoticesView};
use keyward_service::{NoticeReach, NoticesReach, Recipient, RecipientStatus};

pub(super) fn view(reach: &NoticesReach) -> NoticesView {
    NoticesView { latest: notice(&reach.latest), looked_at: reach.looked_at, incomplete: reach.incomplete }
}

fn notice(reach: &NoticeReach) -> NoticeView {
    let not_reached: Vec<NotReachedView> = reach.recipients.iter().filter_map(not_reached).collect();
    let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    NoticeView {
        sequence: reach.sequence,
        at: reach.at,
        subject: reach.subject.clone(),
        reached: count(reach.recipients.len() - not_reached.len()),
        of: count(reach.recipients.len()),
        not_reached,
    }
}

fn not_reached(recipient: &Recipient) -> Option<NotReachedView> {
    let (status, reason, at) = match &recipient.status {
        RecipientStatus::Sent { .. } => return None,
        RecipientStatus::Pending => (NotReached::Waiting, None, None),
        RecipientStatus::Refused { reason } => (NotReached::Refused, Some(reason), None),
        RecipientStatus::GivenUp { at } => (NotReached::GivenUp, None, Some(*at)),
        RecipientStatus::Complained { at, reason } => (NotReached::Complained, Some(reason), Some(*at)),
        RecipientStatus::Bounced { at, reason } => (NotReached::Bounced, Some(reason), Some(*at)),
        RecipientStatus::Rejected { at, reason } => (NotReached::Rejected, Some(reason), Some(*at)),
    };
    let (name, email) = (recipient.name.clone(), recipient.email.clone());
    Some(NotReachedView { name, email, status, reason: reason.cloned(), at })
}
