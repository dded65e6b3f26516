//! A tenant and how events change it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    Approval, ApprovalId, Environment, Event, Instant, KeyId, KeyState, Lock, ManagedBy, Name, OperationId, PersonId,
    ProtectionKey, Recorded, Region, Role, TenantId, WrappingKey,
};

/// Somebody who administers a tenant and gets its notices.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Administrator {
    /// As the token names the person.
    pub person: PersonId,
    /// As others know the person.
    pub name: Name,
    /// Where notices go.
    pub email: String,
    /// Global or service administrator.
    pub role: Role,
}

/// Somebody who was on the list of administrators until lately, or is there with another address (A6).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FormerAdministrator {
    /// As they stood on the list.
    pub administrator: Administrator,
    /// Until then they get the notices, and may roll back.
    pub until: Instant,
}

/// The same person at the same address.
pub(crate) fn is_same(one: &Administrator, other: &Administrator) -> bool {
    one.person == other.person && one.email == other.email
}

/// What kind of key change happened last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeKind {
    /// The first activation, or a change to another key.
    Activation,
    /// The former key was put back (K7).
    Rollback,
}

/// The last time the active key became another one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct KeyChange {
    /// When it was decided: the 24 h, the 72 h of the rollback and the 72 h of the lock count from here.
    pub changed_at: Instant,
    /// Who decided it.
    pub changed_by: PersonId,
    /// The active key before, if there was one.
    pub from: Option<KeyId>,
    /// The active key since, if there is one.
    pub to: Option<KeyId>,
    /// Activation or rollback.
    pub kind: ChangeKind,
}

/// One customer organisation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Tenant {
    /// Its identifier.
    pub id: TenantId,
    /// Its name, typed to confirm a lock.
    pub name: Name,
    /// Where it may have environments and keys.
    pub regions: Vec<Region>,
    /// K1: licensed seats.
    pub licensed_seats: u32,
    /// Who administers it.
    pub administrators: Vec<Administrator>,
    /// A6: when those who came onto the list lately may lock, roll back, destroy, delete and approve. One who left it before that stays here for as long as
    /// they are a former one, and is new again when they come back.
    #[serde(default)]
    pub new_administrators: BTreeMap<PersonId, Instant>,
    /// A6: who left the list lately.
    #[serde(default)]
    pub former_administrators: Vec<FormerAdministrator>,
    /// A7: a second administrator must approve what takes something away.
    #[serde(default)]
    pub quorum: bool,
    /// A7: since when.
    #[serde(default)]
    pub quorum_since: Option<Instant>,
    /// A7: what approval is asked for, or was given and not used yet.
    #[serde(default)]
    pub approvals: BTreeMap<ApprovalId, Approval>,
    /// K1: when it opted in.
    pub opted_in_at: Option<Instant>,
    /// Its protection keys, destroyed ones included.
    pub keys: BTreeMap<KeyId, ProtectionKey>,
    /// K4: the active key.
    pub active_key: Option<KeyId>,
    /// The last key change.
    pub last_change: Option<KeyChange>,
    /// The operation that runs, if one does.
    pub operation: Option<OperationId>,
    /// Number of the last lock.
    pub lock_epoch: u64,
    /// Locks that still hold environments, oldest first.
    pub locks: Vec<Lock>,
    /// L4: the key that locked has not been presented since the last lock.
    pub key_awaited: bool,
    /// Environments that are not deleted.
    pub environments: u64,
    /// Of these, environments managed by the tenant.
    pub protected_environments: u64,
    /// How often an environment was put under the tenant's key.
    #[serde(default)]
    pub protections: u64,
    /// Moves with every change to an environment: a plan made before is stale.
    pub census: u64,
    /// Moves with every lock, reactivation and key change: a lease decided before is void.
    pub fence: u64,
}

impl Tenant {
    /// The protection key with this identifier.
    #[must_use]
    pub fn key(&self, id: &KeyId) -> Option<&ProtectionKey> {
        self.keys.get(id)
    }

    /// The active key.
    #[must_use]
    pub fn active(&self) -> Option<&ProtectionKey> {
        self.active_key.as_ref().and_then(|id| self.keys.get(id))
    }

    /// A6: until when this person counts as new; nothing for those who do not, on the list or not.
    #[must_use]
    pub fn new_until(&self, person: &PersonId, now: Instant) -> Option<Instant> {
        self.new_administrators.get(person).copied().filter(|settled_at| now < *settled_at)
    }

    /// A6: who left the list lately, and still gets the notices.
    pub fn lately_left(&self, now: Instant) -> impl Iterator<Item = &FormerAdministrator> {
        self.former_administrators.iter().filter(move |former| now < former.until)
    }

    /// Environments that are locked at this instant. Those whose deadline has passed no longer count: they are deleted,
    /// whether or not the sweep has been there (L5).
    #[must_use]
    pub fn locked_environments(&self, now: Instant) -> u64 {
        self.locks.iter().filter(|lock| now < lock.deletion_at).map(|lock| lock.remaining).sum()
    }

    /// The lock that holds the environment, past its deadline or not.
    #[must_use]
    pub fn lock_of(&self, environment: &Environment) -> Option<&Lock> {
        self.locks.iter().find(|lock| lock.epoch > environment.unlocked_epoch)
    }

    /// Folds one event of the tenant's log into the state. Events that do not concern the tenant leave it as it is.
    #[must_use]
    pub fn apply(tenant: Option<Self>, recorded: &Recorded) -> Option<Self> {
        let Some(mut tenant) = tenant else {
            return match &recorded.event {
                Event::TenantRegistered { tenant } => Some(Self::registered(tenant)),
                _ => None,
            };
        };
        tenant.fold(recorded);
        Some(tenant)
    }

    fn registered(new: &crate::NewTenant) -> Self {
        Self {
            id: new.id.clone(),
            name: new.name.clone(),
            regions: new.regions.clone(),
            licensed_seats: new.licensed_seats,
            administrators: new.administrators.clone(),
            new_administrators: BTreeMap::new(),
            former_administrators: Vec::new(),
            quorum: false,
            quorum_since: None,
            approvals: BTreeMap::new(),
            opted_in_at: None,
            keys: BTreeMap::new(),
            active_key: None,
            last_change: None,
            operation: None,
            lock_epoch: 0,
            locks: Vec::new(),
            key_awaited: false,
            environments: 0,
            protected_environments: 0,
            protections: 0,
            census: 0,
            fence: 0,
        }
    }

    fn fold(&mut self, recorded: &Recorded) {
        match &recorded.event {
            Event::TenantOptedIn => self.opted_in_at = Some(recorded.at),
            Event::AdministratorsSet { .. } => self.set_administrators(recorded),
            Event::QuorumSet { .. }
            | Event::ApprovalRequested { .. }
            | Event::ApprovalGiven { .. }
            | Event::ApprovalUsed { .. } => self.fold_approval_event(recorded),
            Event::KeyAdded { key } => {
                self.keys.insert(key.id.clone(), key.to_key(recorded));
            }
            Event::KeyPresented { key, vault_key } => self.with_key(key, |k| {
                k.in_vault = true;
                k.vault_key.clone_from(vault_key);
            }),
            Event::KeyActivated { key, operation, .. } => {
                self.change_key(Some(key), operation, recorded, ChangeKind::Activation);
            }
            Event::KeyRolledBack { to, operation, barred_until, .. } => {
                let away = self.active_key.clone();
                self.change_key(to.as_ref(), operation, recorded, ChangeKind::Rollback);
                if let Some(away) = away {
                    self.with_key(&away, |k| k.barred_until = Some(*barred_until));
                }
            }
            Event::KeyReactivated { .. } => {
                self.key_awaited = false;
                self.fence += 1;
            }
            Event::KeyDestroyed { key, operation } => {
                self.operation = Some(operation.clone());
                self.with_key(key, |k| {
                    k.state = KeyState::Destroyed;
                    k.in_vault = false;
                    // Its identity stays, so that it does not come back; nothing is wrapped for it any more.
                    k.public_key.clear();
                });
            }
            Event::TenantLocked { .. } => self.lock(recorded),
            Event::OperationFinished { .. } => self.operation = None,
            _ => self.fold_environment_event(&recorded.event),
        }
    }

    fn set_administrators(&mut self, recorded: &Recorded) {
        let Event::AdministratorsSet { administrators, added, removed, settled_at } = &recorded.event else { return };
        self.administrators.clone_from(administrators);
        self.new_administrators.retain(|_, settled_at| recorded.at < *settled_at);
        // Who leaves while new is still so for as long as they are kept as former: coming back begins the wait again.
        let is_gone = |person: &PersonId| !administrators.iter().any(|listed| listed.person == *person);
        for left in removed.iter().filter(|removed| is_gone(&removed.person)) {
            if let Some(until) = self.new_administrators.get_mut(&left.person) {
                *until = *settled_at;
            }
        }
        self.new_administrators.extend(added.iter().map(|person| (person.clone(), *settled_at)));
        self.former_administrators.retain(|former| {
            let is_back = administrators.iter().any(|listed| is_same(listed, &former.administrator));
            recorded.at < former.until && !is_back
        });
        // What somebody asked for or approved who is not on the list any more counts no longer, also if they come back; but for rollbacks,
        // which are theirs for a while.
        let is_listed = |person: &PersonId| administrators.iter().any(|listed| listed.person == *person);
        self.approvals.retain(|_, open| open.approved.is_rollback() || is_listed(&open.requested_by));
        for open in self.approvals.values_mut().filter(|open| !open.approved.is_rollback()) {
            if !open.given_by.as_ref().is_some_and(is_listed) {
                (open.given_by, open.given_at) = (None, None);
            }
        }
        let former = |administrator: &Administrator| FormerAdministrator {
            administrator: administrator.clone(),
            until: *settled_at,
        };
        self.former_administrators.extend(removed.iter().map(former));
    }

    fn fold_approval_event(&mut self, recorded: &Recorded) {
        self.approvals.retain(|_, approval| recorded.at < approval.expires_at);
        match &recorded.event {
            Event::QuorumSet { required } => {
                self.quorum = *required;
                self.quorum_since = required.then_some(recorded.at);
                self.approvals.clear();
            }
            Event::ApprovalRequested { approval, approved, expires_at } => {
                let requested = Approval {
                    id: approval.clone(),
                    approved: approved.clone(),
                    requested_by: recorded.by.clone(),
                    requested_at: recorded.at,
                    expires_at: *expires_at,
                    given_by: None,
                    given_at: None,
                };
                let is_replaced =
                    |open: &Approval| open.requested_by == recorded.by && open.approved.is_same_thing(approved);
                self.approvals.retain(|_, open| !is_replaced(open));
                self.approvals.insert(approval.clone(), requested);
            }
            Event::ApprovalGiven { approval, .. } => {
                if let Some(given) = self.approvals.get_mut(approval) {
                    given.given_by = Some(recorded.by.clone());
                    given.given_at = Some(recorded.at);
                }
            }
            Event::ApprovalUsed { approval, .. } => {
                self.approvals.remove(approval);
            }
            _ => {}
        }
    }

    fn fold_environment_event(&mut self, event: &Event) {
        match event {
            Event::EnvironmentRegistered { .. } => self.environments += 1,
            Event::EnvironmentProtected { key, .. } => {
                self.protected_environments += 1;
                self.protections += 1;
                self.with_key(key, |k| k.environments += 1);
            }
            Event::EnvironmentReverted { from, .. } => {
                self.protected_environments = self.protected_environments.saturating_sub(1);
                self.with_key(from, |k| k.environments = k.environments.saturating_sub(1));
            }
            Event::EnvironmentRewrapped { from, to, .. } => {
                self.with_key(from, |k| k.environments = k.environments.saturating_sub(1));
                self.with_key(to, |k| k.environments += 1);
            }
            Event::EnvironmentUnlocked { held_by, .. } => self.release(*held_by),
            Event::EnvironmentDeleted { held_by, managed_by, wrapped_by, .. } => {
                self.environments = self.environments.saturating_sub(1);
                if *managed_by == ManagedBy::Tenant {
                    self.protected_environments = self.protected_environments.saturating_sub(1);
                }
                if let WrappingKey::Protection { key } = wrapped_by {
                    self.with_key(key, |k| k.environments = k.environments.saturating_sub(1));
                }
                if let Some(epoch) = held_by {
                    self.release(*epoch);
                }
            }
            _ => return,
        }
        self.census += 1;
    }

    fn with_key(&mut self, id: &KeyId, change: impl FnOnce(&mut ProtectionKey)) {
        if let Some(key) = self.keys.get_mut(id) {
            change(key);
        }
    }

    fn change_key(&mut self, to: Option<&KeyId>, operation: &OperationId, recorded: &Recorded, kind: ChangeKind) {
        let from = self.active_key.take();
        if let Some(from) = &from {
            self.with_key(from, |k| k.state = KeyState::Retired);
        }
        if let Some(to) = to {
            self.with_key(to, |k| k.state = KeyState::Active);
        }
        self.active_key = to.cloned();
        self.last_change =
            Some(KeyChange { changed_at: recorded.at, changed_by: recorded.by.clone(), from, to: to.cloned(), kind });
        self.operation = Some(operation.clone());
        self.key_awaited = false;
        self.fence += 1;
    }

    fn lock(&mut self, recorded: &Recorded) {
        let Event::TenantLocked { epoch, key, locked, deletion_at, operation, .. } = &recorded.event else { return };
        self.lock_epoch = *epoch;
        self.key_awaited = true;
        self.fence += 1;
        self.operation = Some(operation.clone());
        for key in self.keys.values_mut() {
            key.in_vault = false;
        }
        if *locked > 0 {
            self.locks.push(Lock {
                epoch: *epoch,
                locked_at: recorded.at,
                locked_by: recorded.by.clone(),
                key: key.clone(),
                remaining: *locked,
                deletion_at: *deletion_at,
            });
        }
    }

    fn release(&mut self, epoch: u64) {
        if let Some(lock) = self.locks.iter_mut().find(|lock| lock.epoch == epoch) {
            lock.remaining = lock.remaining.saturating_sub(1);
        }
        self.locks.retain(|lock| lock.remaining > 0);
    }
}
