//! enforce-deletions: deletes the environments that are still locked at their deadline (L5), and the backups of those that were deleted.

use keyward_domain::{Command, EnvironmentId, Instant, PersonId, Rejection, TenantId};

use super::RowDone;
use crate::{
    Keyward, ServiceError, addresses,
    documents::TimerDocument,
    ports::table::{Item, Query, Span},
    settle::settle,
    stored::{decode, load},
    unit::Unit,
};

/// Environments of one transaction: each takes seven of its hundred writes.
const TOGETHER: u32 = 10;

/// Transactions of one run for one lock.
const ROUNDS: u32 = 20;

impl Keyward {
    pub(super) async fn enforce_deletion(&self, item: &Item, now: Instant) -> Result<RowDone, ServiceError> {
        if let TimerDocument::Backups { tenant, environment } = decode::<TimerDocument>(item)?.value {
            return self.finish_backups(item, &tenant, &environment).await;
        }
        let mut changes = 0;
        for _ in 0..ROUNDS {
            match settle!(self.delete_some(item, now)) {
                // What was deleted has left its backups to be destroyed.
                Ok(0) => return Ok(RowDone { changes, more: changes > 0 }),
                Ok(deleted) => changes += deleted,
                Err(fault) => return Err(fault),
            }
        }
        Ok(RowDone { changes, more: true })
    }

    /// Destroys the backups of a deleted environment, and then the timer that asks for it.
    async fn finish_backups(
        &self,
        item: &Item,
        tenant: &TenantId,
        environment: &EnvironmentId,
    ) -> Result<RowDone, ServiceError> {
        let (changes, more) = self.destroy_backups(tenant, environment).await?;
        if !more && let Some(timer) = load::<TimerDocument>(&*self.table, &item.key).await? {
            self.table.transact(vec![timer.delete()]).await?;
        }
        Ok(RowDone { changes, more })
    }

    /// Deletes some of what the lock still holds; where it holds nothing any more, does away with the timer and says so with 0.
    async fn delete_some(&self, item: &Item, now: Instant) -> Result<u64, ServiceError> {
        let Some(timer) = load::<TimerDocument>(&*self.table, &item.key).await? else { return Ok(0) };
        let TimerDocument::Deletion { tenant: tenant_id, epoch } = timer.value.clone() else {
            return Err(ServiceError::Corrupt(item.key.sort.clone()));
        };
        let by = PersonId::sweep();
        let mut unit = Unit::load(&*self.table, &tenant_id, self.sweep_context(&by, now)).await?;
        let held = self.still_held(&tenant_id, epoch).await?;
        let mut affected = Vec::new();
        let mut deleted = 0;
        for id in &held {
            let Some(before) = unit.load_environment(&*self.table, id).await?.cloned() else { continue };
            let tenant = unit.tenant()?.clone();
            match unit.decide(&Command::EnforceDeletion, Some(id)) {
                Ok(events) => {
                    for event in events {
                        self.change_material(&mut unit, &tenant, &before, &event).await?;
                    }
                    affected.push(format!("{} ({})", before.name, before.id));
                    deleted += 1;
                }
                Err(ServiceError::Rejected(Rejection::NotDue)) => {}
                Err(fault) => return Err(fault),
            }
        }
        unit.set_affected(affected);
        if deleted == 0 {
            unit.write(timer.delete());
        }
        unit.commit(&*self.table).await?;
        Ok(deleted)
    }

    /// Environments that were not unlocked since the lock: the markers are in the order of the epoch up to which they are unlocked.
    async fn still_held(&self, tenant: &TenantId, epoch: u64) -> Result<Vec<EnvironmentId>, ServiceError> {
        let query = Query {
            partition: addresses::partition(tenant),
            span: Span::Between {
                from: addresses::unlocked_sort(0, ""),
                to: addresses::unlocked_sort(epoch.saturating_sub(1), "~"),
            },
            descending: false,
            limit: TOGETHER,
            after: None,
        };
        let page = self.table.query(&query).await?;
        page.items.iter().map(|item| Ok(decode::<EnvironmentId>(item)?.value)).collect()
    }
}
