//! What holds in every state, whatever was asked for: counts are recounted and the log is folded again.

use std::fmt::Debug;

use keyward_domain::{Environment, KeyState, ManagedBy, Operation, Tenant, WrappingKey};

use super::World;

fn same<T: PartialEq + Debug>(what: &str, kept: &T, counted: &T) -> Result<(), String> {
    if kept == counted { Ok(()) } else { Err(format!("{what}: kept {kept:?}, counted {counted:?}")) }
}

impl World {
    /// The counts are true, at most one key is active, and the log folded from nothing gives this state.
    ///
    /// # Errors
    /// What does not hold.
    pub(crate) fn check(&self) -> Result<(), String> {
        if let Some(tenant) = &self.tenant {
            self.check_counts(tenant)?;
            self.check_locks(tenant)?;
            check_keys(tenant)?;
        }
        self.check_fold()
    }

    fn count(&self, holds: impl Fn(&Environment) -> bool) -> u64 {
        let counted = self.environments.values().filter(|environment| environment.is_present() && holds(environment));
        counted.map(|_| 1).sum()
    }

    fn check_counts(&self, tenant: &Tenant) -> Result<(), String> {
        same("environments", &tenant.environments, &self.count(|_| true))?;
        let protected = self.count(|environment| environment.managed_by == ManagedBy::Tenant);
        same("protected_environments", &tenant.protected_environments, &protected)?;
        for (id, key) in &tenant.keys {
            let wrapping = WrappingKey::Protection { key: id.clone() };
            let wrapped = self.count(|environment| environment.wrapped_by == wrapping);
            same(&format!("environments of {id}"), &key.environments, &wrapped)?;
        }
        for environment in self.environments.values() {
            let is_wrapped = environment.wrapped_by != WrappingKey::Provider;
            same("managed by who wraps", &(environment.managed_by == ManagedBy::Tenant), &is_wrapped)?;
        }
        Ok(())
    }

    fn check_locks(&self, tenant: &Tenant) -> Result<(), String> {
        for lock in &tenant.locks {
            same("an open lock holds nothing", &(lock.remaining == 0), &false)?;
            let held = self.count(|environment| tenant.lock_of(environment) == Some(lock));
            same(&format!("remaining of lock {}", lock.epoch), &lock.remaining, &held)?;
        }
        let held = self.count(|environment| tenant.lock_of(environment).is_some());
        same("sum of remaining", &tenant.locks.iter().map(|lock| lock.remaining).sum(), &held)?;
        let in_order = tenant.locks.windows(2).all(|pair| pair[0].epoch < pair[1].epoch);
        same("locks are in order", &in_order, &true)
    }

    /// The tenant is folded from the whole log, an environment and an operation from the events that name them.
    fn check_fold(&self) -> Result<(), String> {
        let tenant = self.log.iter().fold(None, Tenant::apply);
        same("tenant", &self.tenant, &tenant)?;
        for (id, kept) in &self.environments {
            let own = self.log.iter().filter(|recorded| recorded.event.environment() == Some(id));
            same("environment", &Some(kept), &own.fold(None, Environment::apply).as_ref())?;
        }
        for (id, kept) in &self.operations {
            let own = self.log.iter().filter(|recorded| recorded.event.operation() == Some(id));
            same("operation", &Some(kept), &own.fold(None, Operation::apply).as_ref())?;
            if kept.done > kept.total {
                return Err(format!("operation {id} has done {} of {}", kept.done, kept.total));
            }
        }
        Ok(())
    }
}

fn check_keys(tenant: &Tenant) -> Result<(), String> {
    let active: Vec<_> = tenant.keys.values().filter(|key| key.state == KeyState::Active).map(|key| &key.id).collect();
    same("active keys", &tenant.active_key.iter().collect(), &active)?;
    for key in tenant.keys.values().filter(|key| key.state == KeyState::Destroyed) {
        same("a destroyed key is in the vault", &key.in_vault, &false)?;
        same("a destroyed key wraps environments", &key.environments, &0)?;
    }
    Ok(())
}
