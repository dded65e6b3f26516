//! register-tenant, opt-in-tenant, read-tenant, read-exchange-key, read-operation.

use keyward_domain::{Command, NewTenant, Operation, OperationId, OperationName, Rejection, Tenant, TenantId};

use super::{ExchangeKeys, Outcome};
use crate::{
    Keyward, Request, ServiceError, addresses,
    documents::{OperationDocument, TenantDocument},
    refusal::Asked,
    settle::settle,
    stored::load,
    unit::Unit,
};

impl Keyward {
    /// `register-tenant`.
    ///
    /// # Errors
    /// The tenant exists, or the caller may not.
    pub async fn register_tenant(&self, request: &Request, tenant: NewTenant) -> Result<Outcome, ServiceError> {
        request.principal.may(OperationName::RegisterTenant, None)?;
        settle!(self.try_register_tenant(request, &tenant))
    }

    async fn try_register_tenant(&self, request: &Request, tenant: &NewTenant) -> Result<Outcome, ServiceError> {
        self.not_answered(request).await?;
        let mut unit = Unit::load(&*self.table, &tenant.id, request.context(&self.settings)).await?;
        unit.decide(&Command::RegisterTenant { tenant: tenant.clone() }, None)?;
        unit.commit_for(&*self.table, request, None).await
    }

    /// `opt-in-tenant` (K1).
    ///
    /// # Errors
    /// What is missing, or the caller may not.
    pub async fn opt_in_tenant(&self, request: &Request, tenant: &TenantId) -> Result<Outcome, ServiceError> {
        settle!(self.try_opt_in_tenant(request, tenant))
    }

    async fn try_opt_in_tenant(&self, request: &Request, tenant: &TenantId) -> Result<Outcome, ServiceError> {
        self.not_answered(request).await?;
        let asked = Asked::of(OperationName::OptInTenant, tenant);
        let mut unit = self.begin(request, asked).await?;
        unit.decide(&Command::OptInTenant, None)?;
        unit.commit_for(&*self.table, request, None).await
    }

    /// `read-tenant`: the state and its revision.
    ///
    /// # Errors
    /// Not found, or the caller may not.
    pub async fn read_tenant(
        &self,
        request: &Request,
        tenant: &TenantId,
        operation: OperationName,
    ) -> Result<(Tenant, u64), ServiceError> {
        let stored = load::<TenantDocument>(&*self.table, &addresses::tenant(tenant)).await?;
        let stored = stored.filter(|_| request.principal.sees(tenant)).ok_or(Rejection::TenantNotFound)?;
        request.principal.may(operation, None)?;
        Ok((stored.value.tenant, stored.revision))
    }

    /// `read-exchange-key`: the key to seal key files and passwords to, and the one for transfer blobs.
    ///
    /// # Errors
    /// Not found, or the caller may not, or the vault does not answer.
    pub async fn read_exchange_key(&self, request: &Request, tenant: &TenantId) -> Result<ExchangeKeys, ServiceError> {
        self.tenant_for(request, tenant, OperationName::ReadExchangeKey).await?;
        let sealing = self.vault.exchange_key().await?;
        let transfer = self.vault.transfer_keys().await?.into_iter().next();
        Ok(ExchangeKeys { sealing, transfer })
    }

    /// `read-operation`.
    ///
    /// # Errors
    /// Not found, or the caller may not.
    pub async fn read_operation(
        &self,
        request: &Request,
        tenant: &TenantId,
        operation: &OperationId,
    ) -> Result<Operation, ServiceError> {
        self.tenant_for(request, tenant, OperationName::ReadOperation).await?;
        let stored = load::<OperationDocument>(&*self.table, &addresses::operation(tenant, operation)).await?;
        Ok(stored.ok_or(Rejection::OperationNotFound)?.value.operation)
    }
}
