//! A unit of work: what was loaded, what was decided, and the one transaction that makes it so.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use keyward_domain::{
    ApprovalId, Backup, Command, Context, Environment, EnvironmentId, Event, Facts, KeyId, Operation, Recorded,
    Rejection, Tenant, TenantId, decide,
};

use crate::{
    Outcome, ServiceError, addresses,
    documents::{AnswerDocument, ChainHead, FenceDocument, OperationDocument, TenantDocument},
    lease_log::fences,
    notice,
    plans::PlanNow,
    ports::table::{Table, Write},
    request::Request,
    stored::{Stored, load},
    timers,
};

/// How long an answer is given again to the same request.
const ANSWER_LIFE: TimeDelta = TimeDelta::days(1);

/// A change in the making. Nothing is written until [`Unit::commit`].
pub(crate) struct Unit<'a> {
    context: Context<'a>,
    id: TenantId,
    tenant_revision: u64,
    tenant: Option<Tenant>,
    audit: ChainHead,
    environments: BTreeMap<EnvironmentId, (Stored<Environment>, bool)>,
    operation: Option<Stored<OperationDocument>>,
    backup: Option<Backup>,
    plan: Option<PlanNow>,
    approval: Option<ApprovalId>,
    /// The tenant's fence as it was loaded, and the fences in the table where they were read for the decision.
    fence: u64,
    fences: Vec<Stored<FenceDocument>>,
    recorded: Vec<Recorded>,
    first_sequence: u64,
    affected: Vec<String>,
    writes: Vec<Write>,
}

impl<'a> Unit<'a> {
    /// Loads the tenant.
    pub(crate) async fn load(table: &dyn Table, id: &TenantId, context: Context<'a>) -> Result<Self, ServiceError> {
        let stored = load::<TenantDocument>(table, &addresses::tenant(id)).await?;
        let (tenant_revision, tenant, audit) = match stored {
            Some(stored) => (stored.revision, Some(stored.value.tenant), stored.value.audit),
            None => (0, None, ChainHead::default()),
        };
        let first_sequence = audit.sequence + 1;
        let fence = tenant.as_ref().map_or(0, |tenant| tenant.fence);
        Ok(Self {
            context,
            id: id.clone(),
            tenant_revision,
            tenant,
            audit,
            environments: BTreeMap::new(),
            operation: None,
            backup: None,
            plan: None,
            approval: None,
            fence,
            fences: Vec::new(),
            recorded: Vec::new(),
            first_sequence,
            affected: Vec::new(),
            writes: Vec::new(),
        })
    }

    /// The tenant, or the refusal that it does not exist.
    pub(crate) fn tenant(&self) -> Result<&Tenant, ServiceError> {
        self.tenant.as_ref().ok_or(ServiceError::Rejected(Rejection::TenantNotFound))
    }

    /// Loads an environment into the unit.
    pub(crate) async fn load_environment(
        &mut self,
        table: &dyn Table,
        id: &EnvironmentId,
    ) -> Result<Option<&Environment>, ServiceError> {
        if let Some(stored) = load::<Environment>(table, &addresses::environment(&self.id, id)).await? {
            self.take_environment(stored);
        }
        Ok(self.environments.get(id).map(|(stored, _)| &stored.value))
    }

    /// Takes an environment that was read before.
    pub(crate) fn take_environment(&mut self, stored: Stored<Environment>) {
        self.environments.insert(stored.value.id.clone(), (stored, false));
    }

    /// The environment as it is after what was decided so far.
    pub(crate) fn environment(&self, id: &EnvironmentId) -> Result<&Environment, ServiceError> {
        self.environments
            .get(id)
            .map(|(stored, _)| &stored.value)
            .ok_or(ServiceError::Rejected(Rejection::EnvironmentNotFound))
    }

    /// Revision of the named environment, or of the tenant.
    pub(crate) fn revision(&self, environment: Option<&EnvironmentId>) -> u64 {
        match environment {
            Some(id) => self.environments.get(id).map_or(0, |(stored, _)| stored.revision),
            None => self.tenant_revision,
        }
    }

    pub(crate) fn set_backup(&mut self, backup: Option<Backup>) {
        self.backup = backup;
    }

    pub(crate) fn set_plan(&mut self, plan: PlanNow) {
        self.plan = Some(plan);
    }

    /// What the plan depends on as it is now, where it was asked for.
    pub(crate) fn plan(&self) -> Option<&PlanNow> {
        self.plan.as_ref()
    }

    /// The request for approval that the answer is about.
    pub(crate) fn set_approval(&mut self, approval: Option<ApprovalId>) {
        self.approval = approval;
    }

    pub(crate) fn context(&self) -> &Context<'a> {
        &self.context
    }

    pub(crate) fn set_operation(&mut self, operation: Stored<OperationDocument>) {
        self.operation = Some(operation);
    }

    pub(crate) fn operation_mut(&mut self) -> Option<&mut OperationDocument> {
        self.operation.as_mut().map(|stored| &mut stored.value)
    }

    /// The fences on which the decision rests.
    pub(crate) fn set_fences(&mut self, fences: Vec<Stored<FenceDocument>>) {
        self.fences = fences;
    }

    /// Names of environments for the notice.
    pub(crate) fn set_affected(&mut self, affected: Vec<String>) {
        self.affected = affected;
    }

    /// Adds a write of material or a marker to the transaction.
    pub(crate) fn write(&mut self, write: Write) {
        self.writes.push(write);
    }

    /// Lets the domain decide, on the named environment where there is one, and records the events.
    pub(crate) fn decide(
        &mut self,
        command: &Command,
        environment: Option<&EnvironmentId>,
    ) -> Result<Vec<Event>, ServiceError> {
        let events = self.consider(command, environment)?;
        for event in &events {
            self.record(event.clone())?;
        }
        Ok(events)
    }

    /// Lets the domain decide without recording anything.
    pub(crate) fn consider(
        &self,
        command: &Command,
        environment: Option<&EnvironmentId>,
    ) -> Result<Vec<Event>, Rejection> {
        let facts = Facts {
            tenant: self.tenant.clone(),
            environment: environment.and_then(|id| self.environments.get(id)).map(|(stored, _)| stored.value.clone()),
            backup: self.backup.clone(),
            plan: self.plan.as_ref().map(|now| now.hash.clone()),
        };
        decide(&facts, command, &self.context)
    }

    /// Records an event: into the states, the audit log and the environment's history; starts its timers.
    pub(crate) fn record(&mut self, event: Event) -> Result<(), ServiceError> {
        let recorded = Recorded { at: self.context.now, by: self.context.by.clone(), event };
        let remove = self.taken_from_vault(&recorded.event);
        self.tenant = Tenant::apply(self.tenant.take(), &recorded);
        self.apply_to_environment(&recorded);
        self.apply_to_operation(&recorded, remove);
        let entry = self.audit.append(&recorded);
        if let Some(environment) = recorded.event.environment() {
            let key = addresses::history(&self.id, environment, entry.sequence);
            self.writes.push(Stored::new(key, entry.clone()).put()?);
        }
        let key = addresses::audit(&self.id, entry.sequence);
        let sequence = entry.sequence;
        self.writes.push(Stored::new(key, entry).put()?);
        let (now, settings) = (self.context.now, self.context.settings);
        self.writes.extend(timers::started(&self.id, &recorded.event, sequence, now, settings)?);
        self.recorded.push(recorded);
        Ok(())
    }

    /// Names of the private keys that the event takes out of the vault; asked before the event is folded into the tenant.
    fn taken_from_vault(&self, event: &Event) -> Vec<String> {
        let is_taken = |id: &KeyId| match event {
            Event::TenantLocked { .. } => true,
            Event::KeyDestroyed { key, .. } => key == id,
            _ => false,
        };
        let keys = self.tenant.iter().flat_map(|tenant| tenant.keys.values());
        keys.filter(|key| key.in_vault && is_taken(&key.id)).map(|key| key.vault_key.clone()).collect()
    }

    fn apply_to_environment(&mut self, recorded: &Recorded) {
        let Some(id) = recorded.event.environment() else { return };
        match self.environments.get_mut(id) {
            Some((stored, changed)) => {
                if let Some(after) = Environment::apply(Some(stored.value.clone()), recorded) {
                    *changed |= after != stored.value;
                    stored.value = after;
                }
            }
            None => {
                if let Some(environment) = Environment::apply(None, recorded) {
                    let key = addresses::environment(&self.id, id);
                    self.environments.insert(id.clone(), (Stored::new(key, environment), true));
                }
            }
        }
    }

    fn apply_to_operation(&mut self, recorded: &Recorded, remove: Vec<String>) {
        let Some(id) = recorded.event.operation() else { return };
        if let Some(stored) = &mut self.operation {
            if let Some(operation) = Operation::apply(Some(stored.value.operation.clone()), recorded) {
                stored.value.operation = operation;
            }
            return;
        }
        let Some(operation) = Operation::apply(None, recorded) else { return };
        let document = OperationDocument { tenant: self.id.clone(), operation, cursor: None, remove, failures: 0 };
        self.operation = Some(Stored::new(addresses::operation(&self.id, id), document));
    }

    /// What follows from the unit, for the answer.
    pub(crate) fn outcome(&self, environment: Option<&EnvironmentId>) -> Result<Outcome, ServiceError> {
        Ok(Outcome {
            tenant: self.tenant()?.clone(),
            environment: environment.and_then(|id| self.environments.get(id)).map(|(stored, _)| stored.value.clone()),
            backup: self.backup.clone(),
            approval: self.approval.as_ref().and_then(|id| self.tenant.as_ref()?.approvals.get(id)).cloned(),
            operation: self.operation.as_ref().map(|stored| stored.value.operation.clone()),
            events: self.recorded.iter().map(|recorded| recorded.event.clone()).collect(),
            decided_at: self.context.now,
            decided_by: self.context.by.clone(),
            tenant_revision: self.tenant_revision + 1,
            environment_revision: environment
                .and_then(|id| self.environments.get(id))
                .map_or(0, |(stored, changed)| stored.revision + u64::from(*changed)),
        })
    }

    /// Commits with the answer to the request, which is stored where the client gave a key for it.
    pub(crate) async fn commit_for(
        mut self,
        table: &dyn Table,
        request: &Request,
        environment: Option<&EnvironmentId>,
    ) -> Result<Outcome, ServiceError> {
        let outcome = self.outcome(environment)?;
        if let Some(idempotency) = &request.idempotency {
            let expires_at = self.context.now + ANSWER_LIFE;
            let document = AnswerDocument {
                request_hash: idempotency.request_hash.clone(),
                answer: (idempotency.encode)(&outcome),
                expires_at: Some(expires_at),
            };
            let key = crate::operations::answer_key(request, &idempotency.key);
            // The table removes an expired answer when it likes: the new one comes in its place.
            let revision = match load::<AnswerDocument>(table, &key).await? {
                Some(found) if found.value.is_good(self.context.now) => return Err(ServiceError::Conflict),
                Some(expired) => expired.revision,
                None => 0,
            };
            let stored = Stored { key, revision, value: document };
            self.write(stored.put_with(None, None, Some(expires_at))?);
        }
        self.commit(table).await?;
        Ok(outcome)
    }

    /// Writes everything in one transaction, or nothing.
    pub(crate) async fn commit(mut self, table: &dyn Table) -> Result<(), ServiceError> {
        // An operation that looked at environments and had nothing to change in them has still moved on.
        if self.recorded.is_empty() && self.writes.is_empty() && self.operation.is_none() {
            return Ok(());
        }
        let tenant = self.tenant.take().ok_or(ServiceError::Rejected(Rejection::TenantNotFound))?;
        if let Some(document) =
            notice::compose(&tenant, &self.recorded, &self.affected, self.first_sequence, &self.context)
        {
            let due = timers::due(timers::kinds::NOTICE, &self.id, self.context.now);
            let stored = Stored::new(addresses::notice(&self.id, self.first_sequence), document);
            self.writes.push(stored.put_with(None, Some(due), None)?);
        }
        if let Some(stored) = &self.operation {
            let running = tenant.operation.as_ref() == Some(&stored.value.operation.id);
            let due = running.then(|| timers::due(timers::kinds::OPERATION, &self.id, self.context.now));
            self.writes.push(stored.put_with(None, due, None)?);
        }
        for (stored, changed) in self.environments.values() {
            if *changed {
                self.writes.push(stored.put()?);
            }
        }
        if tenant.fence != self.fence {
            if self.fences.is_empty() {
                self.fences = fences(table, &self.id).await?;
            }
            for mut stored in self.fences {
                stored.value.fence = tenant.fence;
                self.writes.push(stored.put_with(Some(tenant.fence), None, None)?);
            }
        }
        let document = TenantDocument { tenant, audit: self.audit };
        let stored = Stored { key: addresses::tenant(&self.id), revision: self.tenant_revision, value: document };
        self.writes.push(stored.put()?);
        table.transact(self.writes).await.map_err(ServiceError::from)
    }
}
