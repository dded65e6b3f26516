//! deliver-notices: sends each notice to each administrator once (A3). What a crash leaves between sending and recording is sent again
//! under the same message id.

use chrono::TimeDelta;
use keyward_domain::Instant;

use super::RowDone;
use crate::{
    Keyward, NoticeDocument, RecipientStatus, ServiceError,
    audit::sha256_hex,
    ports::{
        mail::{MailError, Message},
        table::Item,
    },
    stored::load,
    timers::{self, kinds},
};

/// After so many tries a recipient who can't be reached is given up, and shown as such.
const MOST_ATTEMPTS: u32 = 20;

/// Longest wait between two tries.
const LONGEST_WAIT_SECONDS: i64 = 3600;

impl Keyward {
    pub(super) async fn deliver_notice(&self, item: &Item, now: Instant) -> Result<RowDone, ServiceError> {
        let Some(mut stored) = load::<NoticeDocument>(&*self.table, &item.key).await? else {
            return Ok(RowDone { changes: 0, more: false });
        };
        let changes = self.send_to_all(&mut stored.value, now).await;
        stored.value.attempts = stored.value.attempts.saturating_add(1);
        let pending = stored.value.recipients.iter().any(|recipient| recipient.status == RecipientStatus::Pending);
        let due = pending.then(|| {
            let wait = (1_i64 << stored.value.attempts.min(12)).min(LONGEST_WAIT_SECONDS);
            timers::due(kinds::NOTICE, &stored.value.tenant, now + TimeDelta::seconds(wait))
        });
        match self.table.transact(vec![stored.put_with(None, due, None)?]).await.map_err(ServiceError::from) {
            // Another run was as fast; it recorded the same.
            Ok(()) | Err(ServiceError::Conflict) => Ok(RowDone { changes, more: false }),
            Err(fault) => Err(fault),
        }
    }

    async fn send_to_all(&self, notice: &mut NoticeDocument, now: Instant) -> u64 {
        let mut sent = 0;
        let last = notice.attempts + 1 >= MOST_ATTEMPTS;
        for recipient in &mut notice.recipients {
            if recipient.status != RecipientStatus::Pending {
                continue;
            }
            let message = Message {
                id: sha256_hex(&format!("{}\n{}\n{}", notice.tenant, notice.sequence, recipient.email)),
                to_address: recipient.email.clone(),
                to_name: recipient.name.clone(),
                subject: notice.subject.clone(),
                text: notice.text.clone(),
                at: notice.at,
            };
            match self.mailer.send(&message).await {
                Ok(()) => {
                    recipient.status = RecipientStatus::Sent { at: now };
                    sent += 1;
                }
                Err(MailError::Refused { reason }) => recipient.status = RecipientStatus::Refused { reason },
                Err(MailError::Unavailable { reason }) if last => {
                    recipient.status = RecipientStatus::Refused { reason };
                }
                Err(MailError::Unavailable { reason }) => {
                    tracing::warn!(tenant = %notice.tenant, reason, "a notice waits for the mail service");
                }
            }
        }
        sent
    }
}
