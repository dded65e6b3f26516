//! The same rules a second time, as plainly as they can be said: every environment carries its own lock, every event is held to what came
//! before it. Nothing here looks at how the domain counts.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use keyward_domain::{Command, EnvironmentId, Event, Instant, KeyId, PersonId};

use crate::{
    people::People,
    steps::fingerprint,
    world::{Request, World},
};

/// How often the states that matter were reached.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Reached {
    pub(crate) locks: u32,
    pub(crate) relocks: u32,
    pub(crate) unlocks: u32,
    pub(crate) deletions_by_deadline: u32,
    pub(crate) changes: u32,
    pub(crate) rewraps: u32,
    pub(crate) rollbacks: u32,
    pub(crate) leases: u32,
    pub(crate) destroyed: u32,
    pub(crate) lists: u32,
    pub(crate) approvals: u32,
}

/// A lock as one environment sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Held {
    epoch: u64,
    deletion_at: Instant,
}

#[derive(Clone, Debug)]
struct Change {
    at: Instant,
    by: PersonId,
    from: Option<KeyId>,
    is_rollback: bool,
}

/// What the events say, without counts.
#[derive(Clone, Debug, Default)]
pub(crate) struct Naive {
    environments: BTreeMap<EnvironmentId, Option<Held>>,
    active: Option<KeyId>,
    change: Option<Change>,
    barred: BTreeMap<KeyId, Instant>,
    epoch: u64,
    running: bool,
    people: People,
    pub(crate) reached: Reached,
}

pub(crate) fn must(holds: bool, rule: &str) -> Result<(), String> {
    if holds { Ok(()) } else { Err(format!("broken: {rule}")) }
}

impl Naive {
    fn locked(&self, now: Instant) -> u64 {
        self.environments.values().flatten().filter(|held| now < held.deletion_at).map(|_| 1).sum()
    }

    fn has_passed(&self, hours: i64, now: Instant) -> bool {
        self.change.as_ref().is_none_or(|change| now >= change.at + TimeDelta::hours(hours))
    }

    fn is_open(&self, id: &EnvironmentId) -> bool {
        self.environments.get(id) == Some(&None)
    }

    /// Holds an event to the rules and takes it in.
    ///
    /// # Errors
    /// The rule that it breaks.
    pub(crate) fn take(&mut self, request: &Request, event: &Event) -> Result<(), String> {
        let now = request.at;
        self.people.take(request, event)?;
        match event {
            Event::AdministratorsSet { .. } => self.reached.lists += 1,
            Event::ApprovalUsed { .. } => self.reached.approvals += 1,
            Event::EnvironmentRegistered { environment, .. } => {
                must(self.locked(now) == 0, "nothing is registered while environments are locked")?;
                self.environments.insert(environment.id.clone(), None);
            }
            Event::KeyAdded { .. } => must(self.locked(now) == 0, "no key is added while environments are locked")?,
            Event::KeyActivated { key, .. } => self.activated(request, key)?,
            Event::KeyRolledBack { to, .. } => self.rolled_back(request, to.as_ref())?,
            Event::KeyDestroyed { key, .. } => {
                must(self.active.as_ref() != Some(key), "K8: the active key is not destroyed")?;
                must(!self.running, "K8: not while an operation runs")?;
                let is_way_back = self.change.as_ref().is_some_and(|c| !c.is_rollback && c.from.as_ref() == Some(key));
                must(!is_way_back || self.has_passed(72, now), "K8: the way back is kept")?;
                self.running = true;
                self.reached.destroyed += 1;
            }
            Event::TenantLocked { epoch, locked, deletion_at, leases_end_at, .. } => {
                let held = Held { epoch: *epoch, deletion_at: *deletion_at };
                must(*deletion_at == now + TimeDelta::days(28), "L5: 28 days")?;
                must(*leases_end_at == now + TimeDelta::minutes(5), "L6: 5 minutes")?;
                self.locked_now(request, held, *locked)?;
            }
            Event::EnvironmentUnlocked { environment, .. } => {
                let held = self.environments.get(environment).copied().flatten();
                must(held.is_some_and(|held| now < held.deletion_at), "L4, L5: unlocked before its deadline")?;
                self.environments.insert(environment.clone(), None);
                self.reached.unlocks += 1;
            }
            Event::EnvironmentDeleted { environment, .. } => self.deleted(request, environment)?,
            Event::OperationFinished { .. } => self.running = false,
            Event::EnvironmentProtected { environment, key, .. } => {
                must(self.is_open(environment), "E2: nothing locked is protected")?;
                must(self.active.as_ref() == Some(key), "E1: under the active key")?;
            }
            Event::EnvironmentReverted { environment, .. } => {
                must(self.is_open(environment), "E2: nothing locked is reverted")?;
            }
            Event::EnvironmentRewrapped { environment, to, .. } => {
                must(self.is_open(environment), "K6: nothing locked is re-wrapped")?;
                must(self.active.as_ref() == Some(to) && self.running, "K6: to the active key, by an operation")?;
                self.reached.rewraps += 1;
            }
            Event::BackupRestored { environment, .. } => {
                must(self.is_open(environment), "E3: nothing locked is restored")?;
            }
            Event::DataKeyLeased { environment, until, .. } => {
                must(self.is_open(environment), "L6: no lease of what is locked or deleted")?;
                must(*until == now + TimeDelta::minutes(5), "L6: 5 minutes")?;
                self.reached.leases += 1;
            }
            _ => {}
        }
        Ok(())
    }

    fn activated(&mut self, request: &Request, key: &KeyId) -> Result<(), String> {
        let now = request.at;
        must(self.active.as_ref() != Some(key), "presenting the same key again is not a change")?;
        must(self.has_passed(24, now), "K5: 24 h since the last change")?;
        must(self.locked(now) == 0, "K5: nothing is locked")?;
        must(!self.running, "K5: nothing runs")?;
        must(self.barred.get(key).is_none_or(|until| now >= *until), "K7: the bar is over")?;
        self.changed(request, Some(key), false);
        Ok(())
    }

    fn rolled_back(&mut self, request: &Request, to: Option<&KeyId>) -> Result<(), String> {
        let now = request.at;
        let change = self.change.clone().ok_or("K7: there was no change")?;
        must(!change.is_rollback, "K7: a rollback is not rolled back")?;
        must(change.by != request.by, "K7: by another administrator")?;
        must(!self.has_passed(72, now), "K7: within 72 h")?;
        must(change.from.as_ref() == to, "K7: the former key is back")?;
        must(self.locked(now) == 0 && !self.running, "K5: nothing is locked, nothing runs")?;
        if let Some(away) = self.active.clone() {
            self.barred.insert(away, now + TimeDelta::hours(72));
        }
        self.changed(request, to, true);
        self.reached.rollbacks += 1;
        Ok(())
    }

    fn changed(&mut self, request: &Request, to: Option<&KeyId>, is_rollback: bool) {
        let from = self.active.take();
        self.active = to.cloned();
        self.change = Some(Change { at: request.at, by: request.by.clone(), from, is_rollback });
        self.running = true;
        self.reached.changes += 1;
    }

    fn locked_now(&mut self, request: &Request, lock: Held, locked: u64) -> Result<(), String> {
        must(self.has_passed(72, request.at), "L2: 72 h since the last change")?;
        must(!self.running, "L2: nothing runs")?;
        let Command::LockTenant { possessed, .. } = &request.command else { return Err("not asked for".to_owned()) };
        must(*possessed == self.active.as_ref().map(fingerprint) && possessed.is_some(), "L1: possession is proven")?;
        if self.environments.values().flatten().next().is_some() {
            self.reached.relocks += 1;
        }
        let mut open = 0;
        for held in self.environments.values_mut().filter(|held| held.is_none()) {
            *held = Some(lock);
            open += 1;
        }
        must(open == locked, "L3: the event counts what it locks")?;
        self.epoch = lock.epoch;
        self.running = true;
        self.reached.locks += 1;
        Ok(())
    }

    fn deleted(&mut self, request: &Request, environment: &EnvironmentId) -> Result<(), String> {
        let held = self.environments.remove(environment).ok_or("what is deleted was there")?;
        let is_due = held.is_some_and(|held| request.at >= held.deletion_at);
        let by_sweep = matches!(request.command, Command::EnforceDeletion);
        must(by_sweep == is_due, "L5: deleted by the sweep exactly when the deadline has passed")?;
        self.reached.deletions_by_deadline += u32::from(by_sweep);
        Ok(())
    }

    /// The domain's state says of every environment what this one says.
    ///
    /// # Errors
    /// Where they differ.
    pub(crate) fn agrees(&self, world: &World, now: Instant) -> Result<(), String> {
        let tenant = world.tenant.as_ref().ok_or("there is a tenant")?;
        for (id, environment) in &world.environments {
            must(environment.is_present() == self.environments.contains_key(id), "present")?;
            let held = self.environments.get(id).copied().flatten();
            let lock = tenant.lock_of(environment).filter(|_| environment.is_present());
            let lock = lock.map(|lock| Held { epoch: lock.epoch, deletion_at: lock.deletion_at });
            must(held == lock, &format!("{id} is held by {held:?}, the domain says {lock:?}"))?;
        }
        must(tenant.locked_environments(now) == self.locked(now), "the number of locked environments")?;
        must(tenant.active_key == self.active, "the active key")?;
        must(tenant.lock_epoch == self.epoch, "the number of the last lock")?;
        must(tenant.operation.is_some() == self.running, "whether an operation runs")?;
        self.people.agrees(tenant, now)
    }
}
