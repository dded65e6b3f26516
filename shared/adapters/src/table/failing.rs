//! A table that breaks at a chosen step.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use keyward_service::ports::table::{DuePage, DueQuery, Item, Key, Page, Query, Table, TableError, Write};

/// How a step fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The table is not reached: nothing was read or written.
    Before,
    /// The table did it and its answer is lost. Where the table itself said no, that answer passes.
    After,
}

#[derive(Debug, Default)]
struct Plan {
    /// Calls so far.
    steps: u64,
    /// The step that fails, counted from 1, and how.
    fails_at: Option<(u64, Failure)>,
    /// Whether every step after it fails too, before the table is reached.
    stays_down: bool,
}

/// Wraps a table; every call of the port is a step, and the chosen one fails with [`TableError::Unavailable`].
pub struct FailingTable {
    inner: Arc<dyn Table>,
    plan: Mutex<Plan>,
}

impl FailingTable {
    /// Wraps `inner`; nothing fails until it is told to.
    #[must_use]
    pub fn new(inner: Arc<dyn Table>) -> Self {
        Self { inner, plan: Mutex::default() }
    }

    /// Counts from zero again and fails the step `step` (the first is 1), once.
    pub fn fail_at(&self, step: u64, failure: Failure) {
        *self.plan() = Plan { steps: 0, fails_at: Some((step, failure)), stays_down: false };
    }

    /// Counts from zero again, fails the step `step` (the first is 1), and every later one before it reaches the
    /// table: as a process that died there.
    pub fn fail_from(&self, step: u64, failure: Failure) {
        *self.plan() = Plan { steps: 0, fails_at: Some((step, failure)), stays_down: true };
    }

    /// Counts from zero again and fails nothing.
    pub fn heal(&self) {
        *self.plan() = Plan::default();
    }

    /// Steps since the plan was last set.
    #[must_use]
    pub fn steps(&self) -> u64 {
        self.plan().steps
    }

    fn plan(&self) -> MutexGuard<'_, Plan> {
        // The plan is whole at any time, whatever a panic in another test's thread did.
        self.plan.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a step and says how it fails.
    fn step(&self) -> Option<Failure> {
        let mut plan = self.plan();
        plan.steps += 1;
        let (at, failure) = plan.fails_at?;
        if plan.steps == at { Some(failure) } else { (plan.stays_down && plan.steps > at).then_some(Failure::Before) }
    }

    async fn guard<T: Send>(&self, call: impl Future<Output = Result<T, TableError>> + Send) -> Result<T, TableError> {
        let failure = self.step();
        if failure == Some(Failure::Before) {
            return Err(broken("it was not reached"));
        }
        let answer = call.await?;
        match failure {
            Some(_) => Err(broken("its answer was lost")),
            None => Ok(answer),
        }
    }
}

fn broken(what: &str) -> TableError {
    TableError::Unavailable { reason: format!("broken on purpose: {what}") }
}

#[async_trait]
impl Table for FailingTable {
    async fn get(&self, key: &Key) -> Result<Option<Item>, TableError> {
        self.guard(self.inner.get(key)).await
    }

    async fn query(&self, query: &Query) -> Result<Page, TableError> {
        self.guard(self.inner.query(query)).await
    }

    async fn query_due(&self, query: &DueQuery) -> Result<DuePage, TableError> {
        self.guard(self.inner.query_due(query)).await
    }

    async fn transact(&self, writes: Vec<Write>) -> Result<(), TableError> {
        self.guard(self.inner.transact(writes)).await
    }
}
