//! lease-data-key (L6).

use keyward_domain::{Command, EnvironmentId, Event, OperationName, Recorded, TenantId};

use crate::{
    Keyward, LeasedDataKey, Request, ServiceError, addresses,
    ports::{
        table::{Condition, Write},
        vault::VaultError,
    },
    refusal::Asked,
    settle::settle,
};

impl Keyward {
    /// `lease-data-key` (L6). The lease is logged in a transaction that holds a fence of the tenant and the environment's revision: either it
    /// comes before a lock in the table's order, or there is no lease. Both are small items: a check costs as much as what it looks at. The
    /// wraps are changed with the environment only.
    ///
    /// # Errors
    /// A rule says no, or the caller may not.
    pub async fn lease_data_key(
        &self,
        request: &Request,
        tenant: &TenantId,
        environment: &EnvironmentId,
        generation: Option<u32>,
    ) -> Result<LeasedDataKey, ServiceError> {
        settle!(self.try_lease_data_key(request, tenant, environment, generation))
    }

    async fn try_lease_data_key(
        &self,
        request: &Request,
        tenant_id: &TenantId,
        id: &EnvironmentId,
        generation: Option<u32>,
    ) -> Result<LeasedDataKey, ServiceError> {
        let asked = Asked::of(OperationName::LeaseDataKey, tenant_id).environment(id);
        let unit = self.begin(request, asked).await?;
        let events = unit.consider(&Command::LeaseDataKey { generation }, Some(id))?;
        let Some(Event::DataKeyLeased { generation, until, .. }) = events.first() else {
            return Err(ServiceError::Corrupt("a lease without an end".to_owned()));
        };
        let (generation, until) = (*generation, *until);
        let tenant = unit.tenant()?;
        let data_keys = self.data_keys(tenant, id).await?;
        let wrapped = data_keys
            .value
            .generations
            .iter()
            .find(|data_key| data_key.generation == generation)
            .ok_or(ServiceError::Conflict)?;
        let key = match self.unwrap_data_key(tenant, id, &data_keys.value.wrapped_by, wrapped).await {
            // The key was there when it was decided; a lock or a key change has come between.
            Err(ServiceError::Vault(VaultError::NotFound)) => return Err(ServiceError::Conflict),
            unwrapped => unwrapped?,
        };
        let (at, by) = (request.now, request.principal.person.clone());
        let recorded = Recorded { at, by, event: events[0].clone() };
        let mut writes = self.append_lease(tenant_id, id, &recorded).await?;
        writes.push(self.hold_fence(tenant, id, until).await?);
        let revision = Condition::Revision(unit.revision(Some(id)));
        writes.push(Write::Check { key: addresses::environment(tenant_id, id), condition: revision });
        self.table.transact(writes).await?;
        Ok(LeasedDataKey { generation, key, until })
    }
}
