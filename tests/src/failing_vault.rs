//! A vault that breaks at a chosen step, and remembers every name under which a private key was brought to it.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use keyward_adapters::table::Failure;
use keyward_keyfile::{Limits, PrivateKey, PublicKey, byok};
use keyward_service::ports::vault::{Vault, VaultError, VaultKeyName, VaultPublicKey};

type Unwrapped = zeroize::Zeroizing<Vec<u8>>;

#[derive(Default)]
struct Plan {
    steps: u64,
    fails_at: Option<(u64, Failure)>,
    stays_down: bool,
}

/// Wraps a vault; every call of the port is a step, and the chosen one fails with [`VaultError::Unavailable`].
pub struct FailingVault {
    inner: Arc<dyn Vault>,
    plan: Mutex<Plan>,
    imported: Mutex<BTreeSet<VaultKeyName>>,
    stuck: Mutex<BTreeMap<String, Stuck>>,
}

/// What becomes of the removal of a key that is stuck.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stuck {
    /// It fails, each time.
    Fails,
    /// It never ends.
    Hangs,
}

impl FailingVault {
    pub fn new(inner: Arc<dyn Vault>) -> Self {
        Self { inner, plan: Mutex::default(), imported: Mutex::default(), stuck: Mutex::default() }
    }

    /// From now on the key of this name can't be removed.
    pub fn stick(&self, name: &str, how: Stuck) {
        self.stuck.lock().unwrap().insert(name.to_owned(), how);
    }

    /// From now on every key can be removed.
    pub fn unstick(&self) {
        self.stuck.lock().unwrap().clear();
    }

    /// Counts from zero again and fails the step `step` (the first is 1), once.
    pub fn fail_at(&self, step: u64, failure: Failure) {
        *self.plan.lock().unwrap() = Plan { steps: 0, fails_at: Some((step, failure)), stays_down: false };
    }

    /// Counts from zero again and fails the step `step` and every later one, before the vault is reached.
    pub fn fail_from(&self, step: u64) {
        *self.plan.lock().unwrap() = Plan { steps: 0, fails_at: Some((step, Failure::Before)), stays_down: true };
    }

    /// Counts from zero again and fails nothing.
    pub fn heal(&self) {
        *self.plan.lock().unwrap() = Plan::default();
    }

    /// Steps since the plan was last set.
    pub fn steps(&self) -> u64 {
        self.plan.lock().unwrap().steps
    }

    /// Every name that an import was asked for, whatever came of it.
    pub fn imported(&self) -> BTreeSet<VaultKeyName> {
        self.imported.lock().unwrap().clone()
    }

    fn step(&self) -> Option<Failure> {
        let mut plan = self.plan.lock().unwrap();
        plan.steps += 1;
        let (at, failure) = plan.fails_at?;
        if plan.steps == at { Some(failure) } else { (plan.stays_down && plan.steps > at).then_some(Failure::Before) }
    }

    async fn guard<T: Send>(&self, call: impl Future<Output = Result<T, VaultError>> + Send) -> Result<T, VaultError> {
        let failure = self.step();
        if failure == Some(Failure::Before) {
            return Err(VaultError::Unavailable { reason: "broken on purpose: it was not reached".to_owned() });
        }
        let answer = call.await?;
        match failure {
            Some(_) => Err(VaultError::Unavailable { reason: "broken on purpose: its answer was lost".to_owned() }),
            None => Ok(answer),
        }
    }
}

#[async_trait]
impl Vault for FailingVault {
    async fn exchange_key(&self) -> Result<VaultPublicKey, VaultError> {
        self.guard(self.inner.exchange_key()).await
    }

    async fn open_exchange(&self, kid: &str, encrypted_key: &[u8]) -> Result<Unwrapped, VaultError> {
        self.guard(self.inner.open_exchange(kid, encrypted_key)).await
    }

    async fn transfer_keys(&self) -> Result<Vec<VaultPublicKey>, VaultError> {
        self.guard(self.inner.transfer_keys()).await
    }

    async fn provider_key(&self) -> Result<VaultPublicKey, VaultError> {
        self.guard(self.inner.provider_key()).await
    }

    async fn unwrap_provider(&self, wrapped: &[u8]) -> Result<Unwrapped, VaultError> {
        self.guard(self.inner.unwrap_provider(wrapped)).await
    }

    async fn import(&self, name: &VaultKeyName, key: &PrivateKey) -> Result<(), VaultError> {
        self.imported.lock().unwrap().insert(name.clone());
        self.guard(self.inner.import(name, key)).await
    }

    async fn import_blob(
        &self,
        name: &VaultKeyName,
        blob: &byok::Blob,
        limits: &Limits,
    ) -> Result<PublicKey, VaultError> {
        self.imported.lock().unwrap().insert(name.clone());
        self.guard(self.inner.import_blob(name, blob, limits)).await
    }

    async fn unwrap(&self, name: &VaultKeyName, wrapped: &[u8]) -> Result<Unwrapped, VaultError> {
        self.guard(self.inner.unwrap(name, wrapped)).await
    }

    async fn describe(&self, name: &VaultKeyName) -> Result<Option<PublicKey>, VaultError> {
        self.guard(self.inner.describe(name)).await
    }

    async fn remove(&self, name: &VaultKeyName) -> Result<(), VaultError> {
        let stuck = self.stuck.lock().unwrap().get(name.as_str()).copied();
        match stuck {
            Some(Stuck::Hangs) => std::future::pending().await,
            Some(Stuck::Fails) => Err(VaultError::Unavailable { reason: "stuck on purpose".to_owned() }),
            None => self.guard(self.inner.remove(name)).await,
        }
    }
}
