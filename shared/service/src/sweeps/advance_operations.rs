//! advance-operations: goes on with operations until they are finished (K6, L3, K8), and removes private keys that were not kept.
//!
//! An operation's record holds how far it is. Every step is one transaction; a step that is repeated finds its work done.

use std::time::Duration;

use keyward_domain::{Command, Environment, Instant, Operation, OperationId, OperationKind, PersonId, TenantId};

use super::RowDone;
use crate::{
    Keyward, Outcome, ServiceError, addresses,
    documents::{OperationDocument, VaultEntryDocument},
    ports::table::{Item, Query, Span},
    settle::settle,
    stored::{Stored, decode, load},
    timers::{self, kinds},
    unit::Unit,
};

/// Environments that one step re-wraps: each takes four of a transaction's hundred writes.
const TOGETHER: usize = 10;

/// Environments that one step looks at.
const LOOKED_AT: u32 = 200;

/// Steps of one run for one operation.
const STEPS: u32 = 20;

/// How long a run goes on with one operation: no longer than until the step in which this is over. A step can take longer: a hundred data keys
/// of one environment, unwrapped one by one by a slow vault.
const IN_A_ROW: Duration = Duration::from_secs(30);

/// Data keys that one step unwraps, or those of one environment if that has more.
const UNWRAPPED: u32 = 50;

/// Longest wait between two tries of a failing operation.
const LONGEST_WAIT_SECONDS: i64 = 300;

impl Keyward {
    pub(super) async fn advance_due(&self, item: &Item, now: Instant) -> Result<RowDone, ServiceError> {
        let document = decode::<OperationDocument>(item)?.value;
        let (tenant, operation) = (&document.tenant, &document.operation.id);
        let done = self.some_steps(tenant, operation, now).await;
        if done.is_err() {
            self.put_off(tenant, operation, now).await?;
        }
        done
    }

    /// Makes an operation whose row took too long due again later.
    pub(super) async fn put_off_due(&self, item: &Item, now: Instant) -> Result<(), ServiceError> {
        let document = decode::<OperationDocument>(item)?.value;
        self.put_off(&document.tenant, &document.operation.id, now).await
    }

    /// Goes on with the operation that a request has just started, for a bounded time, so that small ones are finished when the request is
    /// answered. What fails here is tried again by the sweep.
    pub(crate) async fn advance_at_once(&self, outcome: &mut Outcome, now: Instant) {
        let Some(Operation { id, .. }) = outcome.operation.clone() else { return };
        let tenant = outcome.tenant.id.clone();
        // A step that is left off is one that a crash has cut: it is repeated.
        match tokio::time::timeout(self.at_once, self.some_steps(&tenant, &id, now)).await {
            Ok(Ok(_)) => {}
            Ok(Err(fault)) => tracing::warn!(operation = %id, %fault, "an operation waits for the sweep"),
            Err(_) => tracing::info!(operation = %id, "an operation takes longer and waits for the sweep"),
        }
        let stored = load::<OperationDocument>(&*self.table, &addresses::operation(&tenant, &id)).await;
        if let Ok(Some(stored)) = stored {
            outcome.operation = Some(stored.value.operation);
        }
        if let Ok(state) = self.tenant_state(&tenant).await {
            outcome.tenant = state;
        }
    }

    /// Goes on with an operation, for so many steps and so long.
    async fn some_steps(&self, tenant: &TenantId, id: &OperationId, now: Instant) -> Result<RowDone, ServiceError> {
        let begun = std::time::Instant::now();
        for step in 1..=STEPS {
            let more = settle!(self.step(tenant, id, now))?;
            // The others have their turn; this one is due as before.
            if !more || begun.elapsed() > IN_A_ROW {
                return Ok(RowDone { changes: u64::from(step), more });
            }
        }
        Ok(RowDone { changes: u64::from(STEPS), more: true })
    }

    /// One step; says whether there is another.
    async fn step(&self, tenant: &TenantId, id: &OperationId, now: Instant) -> Result<bool, ServiceError> {
        let by = PersonId::sweep();
        let mut unit = Unit::load(&*self.table, tenant, self.sweep_context(&by, now)).await?;
        let stored = load::<OperationDocument>(&*self.table, &addresses::operation(tenant, id)).await?;
        let Some(stored) = stored.filter(|_| unit.tenant().is_ok_and(|tenant| tenant.operation.as_ref() == Some(id)))
        else {
            return Ok(false);
        };
        let document = stored.value.clone();
        unit.set_operation(stored);
        let more = match document.operation.kind {
            OperationKind::ChangeKey | OperationKind::RollBackKey => self.rewrap_some(&mut unit, &document).await?,
            OperationKind::LockTenant | OperationKind::DestroyKey => {
                let entries = async {
                    match document.operation.kind {
                        OperationKind::LockTenant => self.cancel_entries(tenant, now).await,
                        _ => Ok(()),
                    }
                };
                let (removed, entries) = tokio::join!(self.remove_private_keys(&document.remove), entries);
                if let Some(fault) = removed.fault.or(entries.err()) {
                    if !removed.gone.is_empty() {
                        // What is gone is not asked for again.
                        if let Some(document) = unit.operation_mut() {
                            document.remove.retain(|name| !removed.gone.contains(name));
                        }
                        unit.commit(&*self.table).await?;
                    }
                    return Err(fault);
                }
                false
            }
        };
        if !more {
            unit.decide(&Command::FinishOperation { operation: id.clone() }, None)?;
        }
        unit.commit(&*self.table).await?;
        Ok(more)
    }

    /// K6: re-wraps some environments behind the cursor; says whether there may be more.
    async fn rewrap_some(&self, unit: &mut Unit<'_>, document: &OperationDocument) -> Result<bool, ServiceError> {
        let operation = &document.operation.id;
        let page = self.table.query(&behind(&document.tenant, document.cursor.as_deref())).await?;
        let (mut changed, mut unwrapped, mut cursor, mut looked_at) = (0, 0, document.cursor.clone(), 0);
        for item in &page.items {
            let stored: Stored<Environment> = decode(item)?;
            let before = stored.value.clone();
            looked_at += 1;
            cursor = Some(before.id.to_string());
            unit.take_environment(stored);
            let tenant = unit.tenant()?.clone();
            let command = Command::RewrapEnvironment { operation: operation.clone() };
            for event in unit.decide(&command, Some(&before.id))? {
                self.change_material(unit, &tenant, &before, &event).await?;
                changed += 1;
                unwrapped += before.newest_generation;
            }
            if changed >= TOGETHER || unwrapped >= UNWRAPPED {
                break;
            }
        }
        if let Some(document) = unit.operation_mut() {
            document.cursor = cursor;
            document.failures = 0;
        }
        Ok(looked_at < page.items.len() || page.next.is_some())
    }

    /// Makes a failing operation due again later, longer each time.
    async fn put_off(&self, tenant: &TenantId, id: &OperationId, now: Instant) -> Result<(), ServiceError> {
        let key = addresses::operation(tenant, id);
        let Some(mut stored) = load::<OperationDocument>(&*self.table, &key).await? else { return Ok(()) };
        stored.value.failures = stored.value.failures.saturating_add(1);
        let wait = (1_i64 << stored.value.failures.min(10)).min(LONGEST_WAIT_SECONDS);
        let due = timers::due(kinds::OPERATION, tenant, now + chrono::TimeDelta::seconds(wait));
        match self.table.transact(vec![stored.put_with(None, Some(due), None)?]).await.map_err(ServiceError::from) {
            // Somebody else goes on with it.
            Err(ServiceError::Conflict) => Ok(()),
            put => put,
        }
    }

    pub(super) async fn remove_due_entry(&self, item: &Item, now: Instant) -> Result<RowDone, ServiceError> {
        let entry = decode::<VaultEntryDocument>(item)?.value;
        settle!(self.remove_entry(&entry.tenant, &entry.vault_key, now))?;
        Ok(RowDone { changes: 1, more: false })
    }
}

/// The environments behind the cursor. No identifier has a character below `!`, so the one at the cursor is left out and no other.
fn behind(tenant: &TenantId, cursor: Option<&str>) -> Query {
    let from = cursor
        .map_or_else(|| addresses::ENVIRONMENTS.to_owned(), |cursor| format!("{}{cursor}!", addresses::ENVIRONMENTS));
    Query {
        partition: addresses::partition(tenant),
        span: Span::Between { from, to: format!("{}~", addresses::ENVIRONMENTS) },
        descending: false,
        limit: LOOKED_AT,
        after: None,
    }
}
