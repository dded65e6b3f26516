//! A tenant with its environments, backups and operations in memory: what the service keeps in the table, without the table.
//! Everything in it came through `decide` and `apply`.

mod consistency;

use std::collections::BTreeMap;

use keyward_domain::{
    Approved, Backup, BackupId, Command, Context, Dependents, Environment, EnvironmentId, Event, Facts, Instant, KeyId,
    Operation, OperationId, PersonId, PlanHash, Recorded, Rejection, Settings, Tenant, WrappingKey, decide,
};

/// One tenant's stored state and its log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct World {
    pub(crate) settings: Settings,
    pub(crate) tenant: Option<Tenant>,
    pub(crate) environments: BTreeMap<EnvironmentId, Environment>,
    pub(crate) backups: BTreeMap<(EnvironmentId, BackupId), Backup>,
    pub(crate) operations: BTreeMap<OperationId, Operation>,
    pub(crate) log: Vec<Recorded>,
}

/// A command, who gives it and when, what it names, and the plan as it is then.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) by: PersonId,
    pub(crate) at: Instant,
    pub(crate) environment: Option<EnvironmentId>,
    pub(crate) backup: Option<BackupId>,
    pub(crate) plan: Option<PlanHash>,
    pub(crate) command: Command,
}

impl World {
    /// Decides without recording.
    pub(crate) fn decide(&self, request: &Request) -> Result<Vec<Event>, Rejection> {
        let backup = request.environment.clone().zip(request.backup.clone());
        let facts = Facts {
            tenant: self.tenant.clone(),
            environment: request.environment.as_ref().and_then(|id| self.environments.get(id)).cloned(),
            backup: backup.and_then(|id| self.backups.get(&id)).cloned(),
            plan: request.plan.clone(),
        };
        decide(&facts, &request.command, &Context { now: request.at, by: &request.by, settings: &self.settings })
    }

    /// Decides and records what follows.
    pub(crate) fn ask(&mut self, request: &Request) -> Result<Vec<Event>, Rejection> {
        let events = self.decide(request)?;
        for event in &events {
            self.record(Recorded { at: request.at, by: request.by.clone(), event: event.clone() });
        }
        Ok(events)
    }

    fn record(&mut self, recorded: Recorded) {
        self.tenant = Tenant::apply(self.tenant.take(), &recorded);
        if let Some(id) = recorded.event.environment()
            && let Some(environment) = Environment::apply(self.environments.remove(id), &recorded)
        {
            self.environments.insert(id.clone(), environment);
        }
        if let Some(id) = recorded.event.operation()
            && let Some(operation) = Operation::apply(self.operations.remove(id), &recorded)
        {
            self.operations.insert(id.clone(), operation);
        }
        if let Event::BackupRegistered { environment, backup, retained_until, newest_generation, wrapped_by } =
            &recorded.event
        {
            let kept = Backup {
                id: backup.clone(),
                taken_at: recorded.at,
                retained_until: *retained_until,
                newest_generation: *newest_generation,
                wrapped_by: wrapped_by.clone(),
            };
            self.backups.insert((environment.clone(), backup.clone()), kept);
        }
        self.log.push(recorded);
    }

    /// The request for approval of this by this person that is open, or the name of the next.
    pub(crate) fn approval(&self, by: &PersonId, approved: &Approved, now: Instant) -> String {
        let is_locked_by = |tenant: &Tenant| u64::from(approved.operation == "lock-tenant") * tenant.protections;
        let reach = self.tenant.as_ref().map_or(0, is_locked_by);
        let approved = Approved { reach, ..approved.clone() };
        let mut kept = self.tenant.iter().flat_map(|tenant| tenant.approvals.values());
        let open =
            kept.find(|kept| kept.requested_by == *by && kept.approved.covers(&approved) && now < kept.expires_at);
        let asked = self.log.iter().filter(|recorded| matches!(recorded.event, Event::ApprovalRequested { .. }));
        open.map_or_else(|| format!("ap{}", asked.count() + 1), |open| open.id.to_string())
    }

    /// The backups that a key wraps and that are still retained, and when the last of all that it wraps is, or was, no longer.
    pub(crate) fn dependents(&self, key: &KeyId, now: Instant) -> Dependents {
        let wrapped = WrappingKey::Protection { key: key.clone() };
        let mut dependents = Dependents::default();
        for (id, backup) in self.backups.iter().filter(|(_, backup)| backup.wrapped_by == wrapped) {
            dependents.backups_until = dependents.backups_until.max(Some(backup.retained_until));
            if now < backup.retained_until {
                dependents.backups.push(id.clone());
            }
        }
        dependents
    }

    /// Does all that the running operation still has to do, and finishes it. Nothing where none runs.
    ///
    /// # Errors
    /// The rejection of a step; there should be none.
    pub(crate) fn run_operation(&mut self, by: &PersonId, at: Instant) -> Result<Vec<Event>, Rejection> {
        let Some(operation) = self.tenant.as_ref().and_then(|tenant| tenant.operation.clone()) else {
            return Ok(Vec::new());
        };
        let mut events = Vec::new();
        let environments: Vec<EnvironmentId> = self.environments.keys().cloned().collect();
        for environment in environments {
            events.extend(self.step(
                by,
                at,
                Some(environment),
                Command::RewrapEnvironment { operation: operation.clone() },
            )?);
        }
        events.extend(self.step(by, at, None, Command::FinishOperation { operation })?);
        Ok(events)
    }

    fn step(
        &mut self,
        by: &PersonId,
        at: Instant,
        environment: Option<EnvironmentId>,
        command: Command,
    ) -> Result<Vec<Event>, Rejection> {
        self.ask(&Request { by: by.clone(), at, environment, backup: None, plan: None, command })
    }
}
