//! What the log of events says about locks and deletions, told in sets and not in epochs; and what the walks came by.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use keyward_domain::{DeletionCause, EnvironmentId, Event};

/// Who may be read, by the events alone.
#[derive(Default)]
pub(crate) struct Model {
    present: BTreeSet<EnvironmentId>,
    /// Until when each locked environment can be unlocked.
    locked: BTreeMap<EnvironmentId, DateTime<Utc>>,
}

impl Model {
    pub(crate) fn take(&mut self, event: &Event) {
        match event {
            Event::EnvironmentRegistered { environment, .. } => {
                self.present.insert(environment.id.clone());
            }
            Event::EnvironmentDeleted { environment, .. } => {
                self.present.remove(environment);
                self.locked.remove(environment);
            }
            Event::EnvironmentUnlocked { environment, .. } => {
                self.locked.remove(environment).unwrap();
            }
            Event::TenantLocked { deletion_at, .. } => {
                for environment in &self.present {
                    // One that is locked already keeps its clock.
                    self.locked.entry(environment.clone()).or_insert(*deletion_at);
                }
            }
            _ => {}
        }
    }

    /// Whether data keys of the environment may be handed out.
    pub(crate) fn is_open(&self, environment: &EnvironmentId) -> bool {
        self.present.contains(environment) && !self.locked.contains_key(environment)
    }

    /// Those that are there.
    pub(crate) fn environments(&self) -> impl Iterator<Item = &EnvironmentId> {
        self.present.iter()
    }

    pub(crate) fn next_deadline(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.locked.values().copied().filter(|deadline| *deadline > now).min()
    }
}

/// How often the walks came by what matters.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reached {
    counts: BTreeMap<&'static str, u64>,
}

const PLACES: [&str; 13] = [
    "locks by key file",
    "locks by signature",
    "unlocks",
    "reactivations",
    "deletions by deadline",
    "key changes",
    "rewraps",
    "rollbacks",
    "keys destroyed",
    "backups restored",
    "leases",
    "leases refused",
    "refusals",
];

impl Reached {
    pub(crate) fn count(&mut self, place: &'static str) {
        assert!(PLACES.contains(&place), "{place}");
        *self.counts.entry(place).or_default() += 1;
    }

    pub(crate) fn take(&mut self, event: &Event) {
        match event {
            Event::EnvironmentUnlocked { .. } => self.count("unlocks"),
            Event::KeyReactivated { .. } => self.count("reactivations"),
            Event::EnvironmentDeleted { cause: DeletionCause::StillLocked { .. }, .. } => {
                self.count("deletions by deadline");
            }
            Event::KeyActivated { .. } => self.count("key changes"),
            Event::EnvironmentRewrapped { .. } => self.count("rewraps"),
            Event::KeyRolledBack { .. } => self.count("rollbacks"),
            Event::KeyDestroyed { .. } => self.count("keys destroyed"),
            Event::BackupRestored { .. } => self.count("backups restored"),
            _ => {}
        }
    }

    pub(crate) fn add(&mut self, other: &Self) {
        for (place, count) in &other.counts {
            *self.counts.entry(place).or_default() += count;
        }
    }

    pub(crate) fn is_everywhere(&self) -> bool {
        PLACES.iter().all(|place| self.counts.contains_key(place))
    }
}
