//! register-environment, read-environment, protect-environment, revert-environment, unlock-environment, delete-environment.

use keyward_domain::{
    Command, Environment, EnvironmentId, Event, Name, NewEnvironment, OperationName, Rejection, Tenant, TenantId,
};

use super::Outcome;
use crate::{
    Keyward, Request, ServiceError, addresses,
    data_keys::{self, Target},
    documents::DataKeysDocument,
    refusal::Asked,
    settle::settle,
    stored::{Stored, load},
    unit::Unit,
};

impl Keyward {
    /// `register-environment` (E1).
    ///
    /// # Errors
    /// A rule says no, or the caller may not.
    pub async fn register_environment(
        &self,
        request: &Request,
        tenant: &TenantId,
        environment: NewEnvironment,
    ) -> Result<Outcome, ServiceError> {
        settle!(self.try_register_environment(request, tenant, &environment))
    }

    async fn try_register_environment(
        &self,
        request: &Request,
        tenant: &TenantId,
        environment: &NewEnvironment,
    ) -> Result<Outcome, ServiceError> {
        self.not_answered(request).await?;
        let asked = Asked::of(OperationName::RegisterEnvironment, tenant);
        let mut unit = self.begin(request, asked).await?;
        unit.load_environment(&*self.table, &environment.id).await?;
        let id = &environment.id;
        unit.decide(&Command::RegisterEnvironment { environment: environment.clone() }, Some(id))?;
        let document = data_keys::first(&self.provider_target().await?, tenant, id)?;
        unit.write(Stored::new(addresses::data_keys(tenant, id), document).put()?);
        let epoch = unit.environment(id)?.unlocked_epoch;
        unit.write(unlocked_marker(tenant, epoch, id).put()?);
        unit.commit_for(&*self.table, request, Some(id)).await
    }

    /// `read-environment`: the tenant, the environment and its revision.
    ///
    /// # Errors
    /// Not found, or the caller may not.
    pub async fn read_environment(
        &self,
        request: &Request,
        tenant: &TenantId,
        id: &EnvironmentId,
        operation: OperationName,
    ) -> Result<(Tenant, Environment, u64), ServiceError> {
        let asked = Asked::of(operation, tenant).environment(id);
        let unit = self.begin(request, asked).await?;
        Ok((unit.tenant()?.clone(), unit.environment(id)?.clone(), unit.revision(Some(id))))
    }

    /// `protect-environment` (E1).
    ///
    /// # Errors
    /// A rule says no, or the caller may not.
    pub async fn protect_environment(
        &self,
        request: &Request,
        tenant: &TenantId,
        environment: &EnvironmentId,
    ) -> Result<Outcome, ServiceError> {
        let command = Command::ProtectEnvironment;
        self.change_environment(request, OperationName::ProtectEnvironment, tenant, environment, &command).await
    }

    /// `revert-environment` (E1, E4).
    ///
    /// # Errors
    /// A rule says no, or the caller may not.
    pub async fn revert_environment(
        &self,
        request: &Request,
        tenant: &TenantId,
        environment: &EnvironmentId,
        stated_name: Option<Name>,
    ) -> Result<Outcome, ServiceError> {
        let command = Command::RevertEnvironment { stated_name };
        self.change_environment(request, OperationName::RevertEnvironment, tenant, environment, &command).await
    }

    /// `unlock-environment` (L4).
    ///
    /// # Errors
    /// A rule says no, or the caller may not.
    pub async fn unlock_environment(
        &self,
        request: &Request,
        tenant: &TenantId,
        environment: &EnvironmentId,
    ) -> Result<Outcome, ServiceError> {
        let command = Command::UnlockEnvironment;
        self.change_environment(request, OperationName::UnlockEnvironment, tenant, environment, &command).await
    }

    /// `delete-environment` (E4).
    ///
    /// # Errors
    /// A rule says no, or the caller may not.
    pub async fn delete_environment(
        &self,
        request: &Request,
        tenant: &TenantId,
        environment: &EnvironmentId,
        stated_name: Option<Name>,
    ) -> Result<Outcome, ServiceError> {
        let command = Command::DeleteEnvironment { stated_name };
        let deleted =
            self.change_environment(request, OperationName::DeleteEnvironment, tenant, environment, &command).await?;
        // At once where that goes; the sweep does what is left.
        if let Err(fault) = self.destroy_backups(tenant, environment).await {
            tracing::warn!(%fault, "backups of a deleted environment wait for the sweep");
        }
        Ok(deleted)
    }

    async fn change_environment(
        &self,
        request: &Request,
        operation: OperationName,
        tenant: &TenantId,
        environment: &EnvironmentId,
        command: &Command,
    ) -> Result<Outcome, ServiceError> {
        let asked = Asked::of(operation, tenant).environment(environment);
        let changed = settle!(self.try_change_environment(request, asked, environment, command));
        self.refused(request, asked, changed).await
    }

    async fn try_change_environment(
        &self,
        request: &Request,
        asked: Asked<'_>,
        id: &EnvironmentId,
        command: &Command,
    ) -> Result<Outcome, ServiceError> {
        self.not_answered(request).await?;
        let mut unit = self.begin(request, asked).await?;
        let before = unit.environment(id)?.clone();
        unit.set_affected(vec![format!("{} ({})", before.name, before.id)]);
        let tenant = unit.tenant()?.clone();
        for event in unit.decide(command, Some(id))? {
            self.change_material(&mut unit, &tenant, &before, &event).await?;
        }
        unit.commit_for(&*self.table, request, Some(id)).await
    }

    /// The writes beside the states that an environment's event needs: its data keys and its marker.
    pub(crate) async fn change_material(
        &self,
        unit: &mut Unit<'_>,
        tenant: &Tenant,
        before: &Environment,
        event: &Event,
    ) -> Result<(), ServiceError> {
        match event {
            Event::EnvironmentProtected { key, generation, .. } => {
                let target = Target::protection(tenant.key(key).ok_or(Rejection::KeyNotFound)?)?;
                self.rewrap_material(unit, tenant, before, &target, Some(*generation)).await
            }
            Event::EnvironmentReverted { generation, .. } => {
                let target = self.provider_target().await?;
                self.rewrap_material(unit, tenant, before, &target, Some(*generation)).await
            }
            Event::EnvironmentRewrapped { to, .. } => {
                let target = Target::protection(tenant.key(to).ok_or(Rejection::KeyNotFound)?)?;
                self.rewrap_material(unit, tenant, before, &target, None).await
            }
            Event::EnvironmentUnlocked { epoch, .. } => {
                unit.write(self.marker(tenant, before).await?.delete());
                unit.write(unlocked_marker(&tenant.id, *epoch, &before.id).put()?);
                Ok(())
            }
            Event::EnvironmentDeleted { .. } => {
                unit.write(self.data_keys(tenant, &before.id).await?.delete());
                unit.write(self.marker(tenant, before).await?.delete());
                Ok(())
            }
            _ => Ok(()),
        }
    }

    async fn rewrap_material(
        &self,
        unit: &mut Unit<'_>,
        tenant: &Tenant,
        environment: &Environment,
        target: &Target,
        mint: Option<u32>,
    ) -> Result<(), ServiceError> {
        let mut stored = self.data_keys(tenant, &environment.id).await?;
        stored.value = self.rewrap_data_keys(tenant, environment, &stored.value, target, mint).await?;
        unit.write(stored.put()?);
        Ok(())
    }

    /// The wrapped data keys of an environment that is there.
    pub(crate) async fn data_keys(
        &self,
        tenant: &Tenant,
        environment: &EnvironmentId,
    ) -> Result<Stored<DataKeysDocument>, ServiceError> {
        // The tenant and the environment were read before; where the data keys are gone by now, so are they.
        load(&*self.table, &addresses::data_keys(&tenant.id, environment)).await?.ok_or(ServiceError::Conflict)
    }

    async fn marker(
        &self,
        tenant: &Tenant,
        environment: &Environment,
    ) -> Result<Stored<serde_json::Value>, ServiceError> {
        let key = addresses::unlocked(&tenant.id, environment.unlocked_epoch, &environment.id);
        load(&*self.table, &key).await?.ok_or(ServiceError::Conflict)
    }
}

/// The marker by which a deletion finds what is locked without reading what is not.
fn unlocked_marker(tenant: &TenantId, epoch: u64, environment: &EnvironmentId) -> Stored<serde_json::Value> {
    let value = serde_json::Value::String(environment.to_string());
    Stored::new(addresses::unlocked(tenant, epoch, environment), value)
}
