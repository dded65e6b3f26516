//! Which work becomes due through an event. Timers only realise what has become true; no rule waits for them.

use keyward_domain::{Event, Instant, Settings, TenantId, rules::l5_deletion};

use crate::{
    ServiceError, addresses,
    documents::TimerDocument,
    ports::table::{Due, Write},
    stored::Stored,
};

/// Kinds of due work: the names of the index's collections.
pub(crate) mod kinds {
    pub(crate) const LOCK_OPENS: &str = "lock-opens";
    pub(crate) const REMINDER: &str = "reminder";
    pub(crate) const DELETION: &str = "deletion";
    pub(crate) const OPERATION: &str = "operation";
    pub(crate) const NOTICE: &str = "notice";
    pub(crate) const VAULT_ENTRY: &str = "vault-entry";
}

pub(crate) fn due(kind: &str, tenant: &TenantId, at: Instant) -> Due {
    Due { kind: kind.to_owned(), shard: addresses::shard_of(tenant), at }
}

fn kind_of(timer: &TimerDocument) -> &'static str {
    match timer {
        TimerDocument::LockOpens { .. } => kinds::LOCK_OPENS,
        TimerDocument::Reminder { .. } => kinds::REMINDER,
        TimerDocument::Deletion { .. } | TimerDocument::Backups { .. } => kinds::DELETION,
    }
}

/// Writes a timer that is due at an instant.
pub(crate) fn put(stored: &Stored<TimerDocument>, tenant: &TenantId, at: Instant) -> Result<Write, ServiceError> {
    stored.put_with(None, Some(due(kind_of(&stored.value), tenant, at)), None)
}

/// The next reminder of a deletion after the one so many days before it, or the first.
pub(crate) fn next_reminder(settings: &Settings, after: Option<u32>) -> Option<u32> {
    settings.reminder_days.iter().copied().filter(|days| after.is_none_or(|after| *days < after)).max()
}

/// The timers that an event starts. `sequence` is its number in the audit log.
pub(crate) fn started(
    tenant: &TenantId,
    event: &Event,
    sequence: u64,
    now: Instant,
    settings: &Settings,
) -> Result<Vec<Write>, ServiceError> {
    match event {
        Event::KeyActivated { .. } | Event::KeyRolledBack { .. } => {
            // Named after the event and not after the instant: two key changes may have the same.
            let timer = TimerDocument::LockOpens { tenant: tenant.clone() };
            let stored = Stored::new(addresses::timer(tenant, kinds::LOCK_OPENS, sequence), timer);
            Ok(vec![put(&stored, tenant, now + settings.lock_opens_after.delta())?])
        }
        Event::TenantLocked { epoch, locked, deletion_at, .. } if *locked > 0 => {
            let timer = TimerDocument::Deletion { tenant: tenant.clone(), epoch: *epoch };
            let deletion = Stored::new(addresses::timer(tenant, kinds::DELETION, *epoch), timer);
            let mut writes = vec![put(&deletion, tenant, *deletion_at)?];
            let first = settings
                .reminder_days
                .iter()
                .copied()
                .filter(|days| l5_deletion::reminder_at(*deletion_at, *days) > now)
                .max();
            if let Some(days) = first {
                let timer = TimerDocument::Reminder { tenant: tenant.clone(), epoch: *epoch, days };
                let reminder = Stored::new(addresses::timer(tenant, kinds::REMINDER, *epoch), timer);
                writes.push(put(&reminder, tenant, l5_deletion::reminder_at(*deletion_at, days))?);
            }
            Ok(writes)
        }
        Event::EnvironmentDeleted { environment, .. } => {
            let timer = TimerDocument::Backups { tenant: tenant.clone(), environment: environment.clone() };
            let stored = Stored::new(addresses::timer(tenant, "backups", sequence), timer);
            Ok(vec![put(&stored, tenant, now)?])
        }
        _ => Ok(Vec::new()),
    }
}
