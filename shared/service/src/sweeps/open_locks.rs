//! open-locks: records that since now a tenant can be locked (L2). Nothing waits for it; the rule is checked when a lock is decided.

use keyward_domain::{Command, Instant, PersonId, TenantId};

use super::RowDone;
use crate::{
    Keyward, ServiceError,
    documents::TimerDocument,
    ports::table::Item,
    settle::settle,
    stored::{Stored, load},
    unit::Unit,
};

impl Keyward {
    pub(super) async fn open_lock(&self, item: &Item, now: Instant) -> Result<RowDone, ServiceError> {
        settle!(self.try_open_lock(item, now))
    }

    async fn try_open_lock(&self, item: &Item, now: Instant) -> Result<RowDone, ServiceError> {
        let Some(timer) = load::<TimerDocument>(&*self.table, &item.key).await? else {
            return Ok(RowDone { changes: 0, more: false });
        };
        let TimerDocument::LockOpens { tenant } = &timer.value else {
            return Err(ServiceError::Corrupt(item.key.sort.clone()));
        };
        let tenant = tenant.clone();
        self.realise(&timer, &tenant, &Command::OpenLock, now).await
    }

    /// Decides what a timer asks for and does away with the timer; where the rules say that it is not due any more, only the latter.
    async fn realise(
        &self,
        timer: &Stored<TimerDocument>,
        tenant: &TenantId,
        command: &Command,
        now: Instant,
    ) -> Result<RowDone, ServiceError> {
        let by = PersonId::sweep();
        let mut unit = Unit::load(&*self.table, tenant, self.sweep_context(&by, now)).await?;
        let changes = match unit.decide(command, None) {
            Ok(events) => events.len(),
            Err(ServiceError::Rejected(_)) => 0,
            Err(fault) => return Err(fault),
        };
        unit.write(timer.delete());
        unit.commit(&*self.table).await?;
        Ok(RowDone { changes: u64::try_from(changes).unwrap_or(0), more: false })
    }
}
