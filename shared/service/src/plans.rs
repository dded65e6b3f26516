//! Plans: what a destructive operation would do, with a hash over what that depends on.

use keyward_domain::{
    Administrator, BackupId, Command, Environment, EnvironmentId, Event, Instant, KeyId, KeyState, ManagedBy, Name,
    OperationName, PersonId, Plan, PlanHash, Rejection, Tenant, TenantId, WrappingKey,
    rules::{l2_opens, l6_lease},
};
use serde_json::{Value, json};

use crate::{
    Keyward, Request, ServiceError, addresses,
    audit::sha256_hex,
    counted::are,
    documents::BackupDocument,
    lease_log::{fences, leases_end},
    notice::instant,
    operations::new_operation,
    refusal::Asked,
    stored::load,
    unit::Unit,
};

/// How many environments a plan names.
pub(crate) const NAMED: u32 = 20;

/// What a plan depends on, as it is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PlanNow {
    pub(crate) hash: PlanHash,
    /// How many retained backups the operation takes away.
    pub(crate) backups: u64,
}

/// The hash over what the effect of the operation depends on, and over nothing else: what others change elsewhere in the tenant must not
/// make an approval void. `backups` are those that it takes away, and whether these are all.
fn plan_hash(unit: &Unit<'_>, asked: Asked<'_>, backups: &(Vec<BackupId>, bool)) -> Result<PlanHash, ServiceError> {
    let tenant = unit.tenant()?;
    let environment = asked.environment.map(|id| unit.environment(id)).transpose()?;
    let text = json!({
        "operation": asked.operation.as_str(),
        "tenant": tenant.id,
        "on": depends_on(tenant, asked, unit.context().now),
        "environment": environment,
        "backup": asked.backup,
        "backups": backups,
    });
    Ok(PlanHash(sha256_hex(&text.to_string())))
}

/// What of the tenant the effect depends on.
fn depends_on(tenant: &Tenant, asked: Asked<'_>, now: Instant) -> Value {
    let key = |id: Option<&KeyId>| id.and_then(|id| tenant.key(id)).map(|key| json!([key.id, key.state, key.in_vault]));
    let active = key(tenant.active_key.as_ref());
    match asked.operation {
        OperationName::LockTenant => json!([tenant.fence, active, tenant.environments]),
        OperationName::ActivateKey => json!([tenant.fence, active, key(asked.key)]),
        OperationName::RollBackKey => {
            let former = tenant.last_change.as_ref().and_then(|change| change.from.as_ref());
            json!([tenant.fence, active, key(former)])
        }
        OperationName::DestroyKey => {
            let environments = asked.key.and_then(|id| tenant.key(id)).map(|key| key.environments);
            json!([asked.key, key(asked.key), environments])
        }
        OperationName::SetAdministrators => {
            let is_new = |person: &&PersonId| tenant.new_until(person, now).is_some();
            let new: Vec<_> = tenant.new_administrators.keys().filter(is_new).collect();
            let left: Vec<_> = tenant.lately_left(now).map(|former| &former.administrator).collect();
            json!([tenant.administrators, new, left, asked.wanted])
        }
        OperationName::SetQuorum => json!([tenant.administrators, tenant.quorum_since, asked.wanted]),
        // The environment says all.
        _ => Value::Null,
    }
}

impl Keyward {
    /// `plan-lock`.
    ///
    /// # Errors
    /// Not found, or the caller may not.
    pub async fn plan_lock(&self, request: &Request, tenant: &TenantId) -> Result<Plan, ServiceError> {
        let asked = Asked::of(OperationName::PlanLock, tenant);
        let mut unit = self.begin(request, asked).await?;
        let stated_name = unit.tenant()?.name.clone();
        let possessed = unit.tenant()?.active().map(|key| key.fingerprint.clone());
        let leases_until = leases_end(&fences(&*self.table, tenant).await?);
        let command = Command::LockTenant { stated_name, possessed, leases_until, operation: new_operation()? };
        let asked = Asked { operation: OperationName::LockTenant, ..asked };
        self.plan_now(&mut unit, asked).await?;
        let mut plan = plan(&unit, asked, &command)?;
        let tenant = unit.tenant()?;
        plan.environments = tenant.environments;
        plan.first_environments = self.first_environment_ids(&tenant.id, |_| true).await?;
        plan.keys = tenant.keys.values().filter(|key| key.in_vault).map(|key| key.id.clone()).collect();
        plan.leases_end_at = Some(l6_lease::all_end_at(leases_until, &request.context(&self.settings)));
        let deletion_at = request.now + self.settings.deletion_after.delta();
        plan.deletion_at = Some(deletion_at);
        plan.undo_until = Some(deletion_at);
        plan.effects = lock_effects(tenant);
        let opens_at = l2_opens::opens_at(tenant, &request.context(&self.settings));
        if let Some(at) = opens_at.filter(|at| request.now < *at) {
            plan.effects.push(format!("Locking is open from {} on.", instant(at)));
        }
        Ok(plan)
    }

    /// The plan of `activate-key`.
    ///
    /// # Errors
    /// Not found, or the caller may not.
    pub async fn plan_activate_key(
        &self,
        request: &Request,
        tenant: &TenantId,
        key: &KeyId,
    ) -> Result<Plan, ServiceError> {
        let asked = Asked::of(OperationName::ActivateKey, tenant).key(key).dry_run();
        let unit = self.begin(request, asked).await?;
        if unit.tenant()?.key(key).is_none() {
            return Err(Rejection::KeyNotFound.into());
        }
        let command = Command::ActivateKey { key: key.clone(), operation: new_operation()? };
        let mut plan = plan(&unit, asked, &command)?;
        let tenant = unit.tenant()?;
        plan.keys = vec![key.clone()];
        if tenant.active_key.as_ref() == Some(key) {
            plan.effects = vec!["The key is active already: this is not a key change.".to_owned()];
            return Ok(plan);
        }
        plan.environments = tenant.protected_environments;
        plan.first_environments = self.first_environment_ids(&tenant.id, is_protected).await?;
        plan.undo_until = Some(request.now + self.settings.rollback_window.delta());
        let former = tenant.active_key.as_ref().map_or_else(|| "the provider's key".to_owned(), |k| format!("key {k}"));
        plan.effects = vec![
            format!("Key {key} takes the place of {former}; the data keys of protected environments are re-wrapped."),
            "All administrators get a notice; another administrator can roll it back for a while.".to_owned(),
            "The time until the tenant can be locked starts again.".to_owned(),
        ];
        Ok(plan)
    }

    /// The plan of `roll-back-key`.
    ///
    /// # Errors
    /// Not found, or the caller may not.
    pub async fn plan_roll_back_key(&self, request: &Request, tenant: &TenantId) -> Result<Plan, ServiceError> {
        let asked = Asked::of(OperationName::RollBackKey, tenant).dry_run();
        let unit = self.begin(request, asked).await?;
        let mut plan = plan(&unit, asked, &Command::RollBackKey { operation: new_operation()? })?;
        let tenant = unit.tenant()?;
        plan.environments = tenant.protected_environments;
        plan.first_environments = self.first_environment_ids(&tenant.id, is_protected).await?;
        let former = tenant.last_change.as_ref().and_then(|change| change.from.as_ref());
        plan.keys = tenant.active_key.iter().chain(former).cloned().collect();
        plan.effects = vec![
            match former {
                Some(key) => format!("Key {key} becomes the active key again; data keys are re-wrapped."),
                None => {
                    "The provider's key manages the environments again, with a new data key generation each.".to_owned()
                }
            },
            "The key rolled away from is barred for a while. A rollback cannot be rolled back.".to_owned(),
            "The time until the tenant can be locked starts again.".to_owned(),
        ];
        Ok(plan)
    }

    /// The plan of `destroy-key`.
    ///
    /// # Errors
    /// Not found, or the caller may not.
    pub async fn plan_destroy_key(
        &self,
        request: &Request,
        tenant: &TenantId,
        key: &KeyId,
    ) -> Result<Plan, ServiceError> {
        let asked = Asked::of(OperationName::DestroyKey, tenant).key(key).dry_run();
        let unit = self.begin(request, asked).await?;
        if unit.tenant()?.key(key).is_none_or(|key| key.state == KeyState::Destroyed) {
            return Err(Rejection::KeyNotFound.into());
        }
        let dependents = self.dependents(request, tenant, key).await?;
        let backups = dependents.backups.len();
        let command = Command::DestroyKey { key: key.clone(), dependents, operation: new_operation()? };
        let mut plan = plan(&unit, asked, &command)?;
        plan.environments = unit.tenant()?.key(key).map_or(0, |key| key.environments);
        plan.backups = u64::try_from(backups).unwrap_or(u64::MAX);
        plan.keys = vec![key.clone()];
        plan.effects = vec!["The private part is removed from the vault for good.".to_owned()];
        Ok(plan)
    }

    /// The plan of `revert-environment` or `delete-environment`.
    ///
    /// # Errors
    /// Not found, or the caller may not.
    pub async fn plan_environment(
        &self,
        request: &Request,
        operation: OperationName,
        tenant: &TenantId,
        id: &EnvironmentId,
        stated_name: Option<Name>,
    ) -> Result<Plan, ServiceError> {
        let asked = Asked::of(operation, tenant).environment(id).dry_run();
        let unit = self.begin(request, asked).await?;
        let stated_name = stated_name.or_else(|| unit.environment(id).ok().map(|known| known.name.clone()));
        let deletes = operation == OperationName::DeleteEnvironment;
        let command = if deletes {
            Command::DeleteEnvironment { stated_name }
        } else {
            Command::RevertEnvironment { stated_name }
        };
        let mut plan = plan(&unit, asked, &command)?;
        plan.environments = 1;
        plan.first_environments = vec![id.clone()];
        plan.effects = if deletes {
            vec![
                "The data keys are destroyed: data and backups of the environment can be read by nobody, for good."
                    .to_owned(),
            ]
        } else {
            vec![
                "The provider's key wraps the data keys again: the provider can unwrap them, and a lock is only a bar."
                    .to_owned(),
            ]
        };
        Ok(plan)
    }

    /// The plan of `restore-backup`.
    ///
    /// # Errors
    /// Not found, or the caller may not.
    pub async fn plan_restore_backup(
        &self,
        request: &Request,
        tenant: &TenantId,
        id: &EnvironmentId,
        backup: &BackupId,
    ) -> Result<Plan, ServiceError> {
        let asked = Asked::of(OperationName::RestoreBackup, tenant).environment(id).backup(backup).dry_run();
        let mut unit = self.begin(request, asked).await?;
        let stored = load::<BackupDocument>(&*self.table, &addresses::backup(tenant, id, backup)).await?;
        let stored = stored.ok_or(Rejection::BackupNotFound)?.value.backup;
        unit.set_backup(Some(stored.clone()));
        let mut plan = plan(&unit, asked, &Command::RestoreBackup)?;
        plan.environments = 1;
        plan.first_environments = vec![id.clone()];
        plan.backups = 1;
        if let WrappingKey::Protection { key } = stored.wrapped_by {
            plan.keys = vec![key];
        }
        plan.effects = vec![format!(
            "The content of the backup of {} takes the place of the environment's.",
            instant(stored.taken_at)
        )];
        Ok(plan)
    }

    /// The plan of `set-administrators`.
    ///
    /// # Errors
    /// Not found, or the caller may not.
    pub async fn plan_set_administrators(
        &self,
        request: &Request,
        tenant: &TenantId,
        administrators: Vec<Administrator>,
    ) -> Result<Plan, ServiceError> {
        let wanted = wanted_list(&administrators);
        let asked = Asked::of(OperationName::SetAdministrators, tenant).wanted(&wanted).dry_run();
        let unit = self.begin(request, asked).await?;
        let command = Command::SetAdministrators { administrators };
        let mut plan = plan(&unit, asked, &command)?;
        let events = unit.consider(&command, None).unwrap_or_default();
        plan.effects = match events.first() {
            Some(event) => administrators_effects(event),
            None => vec!["The list stays as it is.".to_owned()],
        };
        Ok(plan)
    }

    /// The plan of `set-quorum`.
    ///
    /// # Errors
    /// Not found, or the caller may not.
    pub async fn plan_set_quorum(
        &self,
        request: &Request,
        tenant: &TenantId,
        required: bool,
    ) -> Result<Plan, ServiceError> {
        let asked = Asked::of(OperationName::SetQuorum, tenant).wanted(on_or_off(required)).dry_run();
        let unit = self.begin(request, asked).await?;
        let mut plan = plan(&unit, asked, &Command::SetQuorum { required })?;
        plan.effects = vec![quorum_effect(required).to_owned()];
        Ok(plan)
    }

    /// Gives the unit what the plan depends on, as it is now. Of the backups it is those of an environment that is deleted, as far as they are
    /// still retained.
    pub(crate) async fn plan_now(&self, unit: &mut Unit<'_>, asked: Asked<'_>) -> Result<(), ServiceError> {
        let deleted = asked.environment.filter(|_| asked.operation == OperationName::DeleteEnvironment);
        let backups = match deleted {
            Some(environment) => self.retained_backups(asked.tenant, environment, unit.context().now).await?,
            None => (Vec::new(), true),
        };
        let hash = plan_hash(unit, asked, &backups)?;
        unit.set_plan(PlanNow { hash, backups: u64::try_from(backups.0.len()).unwrap_or(u64::MAX) });
        Ok(())
    }
}

/// A plan with what all of them have: its hash, and whether the rules would let it through now.
fn plan(unit: &Unit<'_>, asked: Asked<'_>, command: &Command) -> Result<Plan, ServiceError> {
    let refused = unit.consider(command, asked.environment).err();
    let now = unit.plan().cloned().ok_or(ServiceError::PlanChanged)?;
    Ok(Plan {
        operation: asked.operation.to_string(),
        hash: now.hash,
        retry_at: refused.as_ref().and_then(Rejection::retry_at),
        refused_with: refused.map(|rejection| rejection.code().to_owned()),
        environments: 0,
        first_environments: Vec::new(),
        keys: Vec::new(),
        backups: now.backups,
        leases_end_at: None,
        deletion_at: None,
        undo_until: None,
        effects: Vec::new(),
    })
}

fn is_protected(environment: &Environment) -> bool {
    environment.managed_by == ManagedBy::Tenant
}

/// The list of administrators as the plan's hash has it.
pub(crate) fn wanted_list(administrators: &[Administrator]) -> String {
    json!(administrators).to_string()
}

/// The quorum as the plan's hash has it.
pub(crate) fn on_or_off(required: bool) -> &'static str {
    if required { "on" } else { "off" }
}

/// What a new list of administrators means for each who comes, goes or gets the notices elsewhere.
pub(crate) fn administrators_effects(event: &Event) -> Vec<String> {
    let Event::AdministratorsSet { administrators, added, removed, settled_at } = event else { return Vec::new() };
    let until = instant(*settled_at);
    let listed = |person: &PersonId| administrators.iter().find(|listed| listed.person == *person);
    let added = added.iter().filter_map(listed).map(|new| {
        let Administrator { person, email, .. } = new;
        format!("{person} is added with notices to {email}, and can lock, roll back, destroy, delete and approve from {until} on.")
    });
    let removed = removed.iter().map(|former| {
        let Administrator { person, email, .. } = former;
        match listed(person) {
            Some(now) => format!(
                "The notices to {person} go to {} from now on; {email} gets them, too, until {until}.",
                now.email
            ),
            None => format!(
                "{person} is removed; {email} gets the notices until {until}, and whoever was not new can roll back until then."
            ),
        }
    });
    let all: Vec<String> = added.chain(removed).collect();
    if all.is_empty() {
        vec!["Only names or roles change, or somebody is back who left lately.".to_owned()]
    } else {
        all
    }
}

/// What asking for approvals, or no longer asking for them, means.
pub(crate) fn quorum_effect(required: bool) -> &'static str {
    if required {
        "To lock, roll back, delete and destroy, an administrator needs the approval of another one. So does switching this on and off."
    } else {
        "An administrator locks, rolls back, deletes and destroys alone. Open requests for approval are gone."
    }
}

fn lock_effects(tenant: &Tenant) -> Vec<String> {
    let barred = tenant.environments.saturating_sub(tenant.protected_environments);
    vec![
        format!("{} locked at once, for everybody.", are(tenant.environments)),
        "The private parts of the tenant's keys are removed from the vault; you need the key file to unlock."
            .to_owned(),
        format!(
            "{} under the tenant's key: nobody can unwrap the data keys. {} under the provider's key: \
             for them the lock is a bar, not cryptography.",
            are(tenant.protected_environments),
            are(barred)
        ),
        "No backup can be restored while locked. What is still locked at the deadline is deleted for good.".to_owned(),
    ]
}
