//! A world with few tenants whose work is due and any number of environments, and each kind of work in it, one after the other.
//!
//! - Tenant `contoso` has some environments that a lock still holds, and beside them as many as the world has, unlocked again.
//! - As many tenants as these share as many environments among them; the sweeps have one row of each to do.
//! - For every fifty of these environments there is one more tenant, all of whose work is due later: it stands in the index of due work
//!   and no sweep may look at it.
//!
//! The bench measures it and `tests/service_sweeps.rs` counts in it.

mod seed;

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use keyward_adapters::table::{CountingTable, Counts};
use keyward_domain::{Administrator, Event, Name, NewTenant, OperationStatus, PersonId, Region, Role, TenantId};
use keyward_keyfile::PrivateKey;
use keyward_service::{
    Keyward,
    ports::{
        table::Table,
        vault::{Vault, VaultKeyName},
    },
    sweeps::Sweep,
};
use keyward_tests::{
    failing_vault::FailingVault,
    keys::key,
    world::{World, hours, settings, start},
};

/// The kinds of work, in the order in which they become due in the world.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Work {
    DeliverNotices,
    OpenLocks,
    AdvanceOperations,
    SendReminders,
    EnforceDeletions,
    /// Locking the tenant that has all the environments.
    Lock,
}

impl Work {
    pub(crate) const ALL: [Self; 6] = [
        Self::DeliverNotices,
        Self::OpenLocks,
        Self::AdvanceOperations,
        Self::SendReminders,
        Self::EnforceDeletions,
        Self::Lock,
    ];

    /// What is done, and to what.
    pub(crate) const fn described(self) -> &'static str {
        match self {
            Self::DeliverNotices => "deliver-notices: notices",
            Self::OpenLocks => "open-locks: tenants",
            Self::AdvanceOperations => "advance-operations: locks",
            Self::SendReminders => "send-reminders: tenants",
            Self::EnforceDeletions => "enforce-deletions: environments",
            Self::Lock => "lock-tenant: all environments",
        }
    }

    fn sweep(self) -> Option<Sweep> {
        match self {
            Self::DeliverNotices => Some(Sweep::DeliverNotices),
            Self::OpenLocks => Some(Sweep::OpenLocks),
            Self::AdvanceOperations => Some(Sweep::AdvanceOperations),
            Self::SendReminders => Some(Sweep::SendReminders),
            Self::EnforceDeletions => Some(Sweep::EnforceDeletions),
            Self::Lock => None,
        }
    }

    /// The instant at which it is done.
    fn at(self) -> DateTime<Utc> {
        let second_locks = second_activations() + hours(73);
        match self {
            Self::DeliverNotices => second_activations(),
            Self::OpenLocks => second_activations() + hours(72),
            Self::AdvanceOperations => second_locks + TimeDelta::minutes(10),
            Self::SendReminders => second_locks + TimeDelta::days(7),
            Self::EnforceDeletions => first_lock() + TimeDelta::days(28),
            Self::Lock => first_lock() + TimeDelta::days(28) + hours(1),
        }
    }
}

/// When `contoso` is locked for the first time.
fn first_lock() -> DateTime<Utc> {
    start() + hours(72)
}

/// When the tenants that have work due activate their keys.
fn second_activations() -> DateTime<Utc> {
    start() + hours(100)
}

/// When the tenants whose work is due later come to be: after everything that is measured.
fn later() -> DateTime<Utc> {
    start() + TimeDelta::days(300)
}

/// The world.
pub(crate) struct Crowd {
    world: World,
    counting: Arc<CountingTable>,
    contoso: TenantId,
    /// The tenants that have work due.
    due: Vec<TenantId>,
    size: usize,
}

impl Crowd {
    /// Makes the world over an empty table: `due` (3 to 99) of each work, among `size` environments, a multiple of `due`.
    pub(crate) async fn over(table: Arc<dyn Table>, due: usize, size: usize) -> Self {
        let counting = Arc::new(CountingTable::new(table));
        let world = World::over(counting.clone()).await;
        let contoso = world.tenant.clone();
        let due = (0..due).map(|number| tenant_id(&format!("due-{number:02}"))).collect();
        let mut crowd = Self { world, counting, contoso, due, size };
        crowd.hold_some().await;
        for tenant in crowd.due.clone() {
            crowd.register(tenant, second_activations()).await;
            crowd.world.environment("first", second_activations()).await;
            crowd.upload(second_activations()).await;
            seed::environments(&crowd.world, "first", size / crowd.due.len() - 1, 0).await;
        }
        crowd.fill_with_later_tenants().await;
        crowd
    }

    /// Makes its rows due, and nothing else that this work would look at.
    pub(crate) async fn prepare(&mut self, work: Work) {
        self.finish_all(work.at() - TimeDelta::hours(2)).await;
        match work {
            Work::DeliverNotices => {
                self.finish(Sweep::DeliverNotices, work.at()).await;
                for tenant in self.due.clone() {
                    self.world.tenant = tenant;
                    self.world.activate(&self.world.alice(work.at()), "k1").await.unwrap();
                }
            }
            Work::AdvanceOperations => self.lock_without_vault(work.at() - TimeDelta::minutes(10)).await,
            Work::OpenLocks | Work::SendReminders | Work::EnforceDeletions | Work::Lock => {}
        }
        self.bring_keys(work).await;
    }

    /// Brings the private keys that this work removes into the vault, where the locks took them out.
    pub(crate) async fn bring_keys(&self, work: Work) {
        let tenants = match work {
            Work::AdvanceOperations => self.due.as_slice(),
            Work::Lock => std::slice::from_ref(&self.contoso),
            _ => &[],
        };
        for tenant in tenants {
            for known in self.world.keyward.tenant_state(tenant).await.unwrap().keys.into_values() {
                let name = VaultKeyName::new(known.vault_key).unwrap();
                if self.world.vault.describe(&name).await.unwrap().is_none() {
                    self.world.vault.import(&name, the_key()).await.unwrap();
                }
            }
        }
    }

    /// Does the work once, to its end, and checks that it did all of it. Gives what was asked of the table.
    pub(crate) async fn run(&mut self, work: Work) -> Counts {
        self.world.tenant = self.contoso.clone();
        let Some(sweep) = work.sweep() else {
            return self.lock_all(work.at()).await;
        };
        self.counting.take();
        let (rows, changes) = self.finish(sweep, work.at()).await;
        let counts = self.counting.take();
        let done = if work == Work::EnforceDeletions { changes } else { rows };
        assert_eq!(usize::try_from(done).unwrap(), self.due.len(), "{work:?}");
        counts
    }

    async fn lock_all(&self, now: DateTime<Utc>) -> Counts {
        self.counting.take();
        let outcome = self.world.lock(&self.world.alice(now), the_key()).await.unwrap();
        let counts = self.counting.take();
        let Some(Event::TenantLocked { locked, .. }) = outcome.events.first() else { panic!("{:?}", outcome.events) };
        assert_eq!(usize::try_from(*locked).unwrap(), self.size);
        assert_eq!(outcome.operation.unwrap().status, OperationStatus::Succeeded);
        counts
    }

    /// `contoso`: environments that the first lock holds, and all the others, unlocked again since then.
    async fn hold_some(&self) {
        for number in 0..self.due.len() {
            self.world.environment(&format!("held-{number:02}"), start()).await;
        }
        self.upload(start()).await;
        let world = &self.world;
        world.activate(&world.alice(start()), "k1").await.unwrap();
        for number in 0..3 {
            world.protect(&world.alice(start()), &format!("held-{number:02}")).await.unwrap();
        }
        world.lock(&world.alice(first_lock()), the_key()).await.unwrap();
        let presented_at = first_lock() + hours(1);
        self.upload(presented_at).await;
        world.activate(&world.alice(presented_at), "k1").await.unwrap();
        seed::environments(world, "held-00", self.size, 1).await;
    }

    async fn fill_with_later_tenants(&mut self) {
        self.register(tenant_id("later"), later()).await;
        self.world.environment("first", later()).await;
        self.upload(later()).await;
        let world = &self.world;
        world.activate(&world.alice(later()), "k1").await.unwrap();
        let locked_at = later() + hours(72);
        world.lock(&world.alice(locked_at), the_key()).await.unwrap();
        seed::tenants_like(world, self.size / 50, locked_at).await;
    }

    /// Locks the tenants while no private key can be removed: their operations do not finish.
    async fn lock_without_vault(&mut self, now: DateTime<Utc>) {
        let vault = Arc::new(FailingVault::new(self.world.vault.clone()));
        let (table, outbox) = (self.world.table.clone(), self.world.outbox.clone());
        let broken = Keyward::new(table, vault.clone(), outbox, settings());
        let whole = std::mem::replace(&mut self.world.keyward, broken);
        for tenant in self.due.clone() {
            self.world.tenant = tenant;
            // The first step opens the key file.
            vault.fail_from(2);
            let outcome = self.world.lock(&self.world.alice(now), the_key()).await.unwrap();
            assert_ne!(outcome.operation.unwrap().status, OperationStatus::Succeeded);
        }
        self.world.keyward = whole;
    }

    /// Makes this tenant the one that the requests are about.
    async fn register(&mut self, tenant: TenantId, now: DateTime<Utc>) {
        self.world.tenant = tenant.clone();
        let regions = ["europe", "america"].map(|region| Region::new(region).unwrap());
        let administrator = |person: &str, role| Administrator {
            person: PersonId::new(person).unwrap(),
            name: Name::new(person).unwrap(),
            email: format!("{person}@contoso.example"),
            role,
        };
        let new = NewTenant {
            id: tenant.clone(),
            // What the world states in a lock.
            name: Name::new("Contoso Ltd").unwrap(),
            regions: regions.into(),
            licensed_seats: 5000,
            administrators: vec![
                administrator("alice", Role::GlobalAdministrator),
                administrator("bob", Role::ServiceAdministrator),
            ],
        };
        self.world.keyward.register_tenant(&self.world.operator(now), new).await.unwrap();
        self.world.keyward.opt_in_tenant(&self.world.alice(now), &tenant).await.unwrap();
    }

    async fn upload(&self, now: DateTime<Utc>) {
        self.world.upload(&self.world.alice(now), "k1", the_key()).await.unwrap();
    }

    /// Rows that are done with, and changes.
    async fn finish(&self, sweep: Sweep, now: DateTime<Utc>) -> (u64, u64) {
        let (mut rows, mut changes) = (0, 0);
        loop {
            let report = self.world.keyward.sweep(sweep, now).await.unwrap();
            assert_eq!(report.failed, 0, "{report:?}");
            rows += report.done;
            changes += report.changes;
            if !report.more {
                return (rows, changes);
            }
        }
    }

    async fn finish_all(&self, now: DateTime<Utc>) {
        for sweep in Sweep::ALL {
            self.finish(sweep, now).await;
        }
    }
}

/// One for all: making keys is not what is measured.
fn the_key() -> &'static PrivateKey {
    key(0)
}

fn tenant_id(id: &str) -> TenantId {
    TenantId::new(id).unwrap()
}
