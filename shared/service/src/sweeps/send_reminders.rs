//! send-reminders: reminds the administrators of a deletion that comes near (L5).

use keyward_domain::{Command, Instant, PersonId, Rejection, rules::l5_deletion};

use super::RowDone;
use crate::{
    Keyward, ServiceError, documents::TimerDocument, ports::table::Item, settle::settle, stored::load, timers,
    unit::Unit,
};

impl Keyward {
    pub(super) async fn send_reminder(&self, item: &Item, now: Instant) -> Result<RowDone, ServiceError> {
        settle!(self.try_send_reminder(item, now))
    }

    async fn try_send_reminder(&self, item: &Item, now: Instant) -> Result<RowDone, ServiceError> {
        let Some(mut timer) = load::<TimerDocument>(&*self.table, &item.key).await? else {
            return Ok(RowDone { changes: 0, more: false });
        };
        let TimerDocument::Reminder { tenant, epoch, days } = timer.value.clone() else {
            return Err(ServiceError::Corrupt(item.key.sort.clone()));
        };
        let by = PersonId::sweep();
        let mut unit = Unit::load(&*self.table, &tenant, self.sweep_context(&by, now)).await?;
        let lock = unit.tenant()?.locks.iter().find(|lock| lock.epoch == epoch).cloned();
        // After an outage several reminders may be due at once: only the nearest is true.
        let is_due = |lock: &keyward_domain::Lock, days: u32| now >= l5_deletion::reminder_at(lock.deletion_at, days);
        let nearest = lock
            .as_ref()
            .and_then(|lock| self.settings.reminder_days.iter().copied().filter(|days| is_due(lock, *days)).min());
        let days = nearest.unwrap_or(days);
        let changes = match unit.decide(&Command::RemindOfDeletion { epoch, days }, None) {
            Ok(events) => events.len(),
            Err(ServiceError::Rejected(Rejection::NotDue)) => 0,
            Err(fault) => return Err(fault),
        };
        let next = timers::next_reminder(&self.settings, Some(days));
        match (lock, next) {
            (Some(lock), Some(next)) if now < lock.deletion_at => {
                timer.value = TimerDocument::Reminder { tenant: tenant.clone(), epoch, days: next };
                unit.write(timers::put(&timer, &tenant, l5_deletion::reminder_at(lock.deletion_at, next))?);
            }
            _ => unit.write(timer.delete()),
        }
        unit.commit(&*self.table).await?;
        Ok(RowDone { changes: u64::try_from(changes).unwrap_or(0), more: false })
    }
}
