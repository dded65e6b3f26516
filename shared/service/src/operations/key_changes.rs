//! activate-key, roll-back-key, destroy-key.

use keyward_domain::{Command, Dependents, KeyId, OperationId, OperationName, TenantId};

use super::{Outcome, begin::new_operation};
use crate::{
    Keyward, Request, ServiceError, addresses,
    documents::WrappedBackupDocument,
    ports::table::{Query, Span},
    refusal::Asked,
    settle::settle,
    stored::decode,
};

/// How many markers of backups are looked at; more than this still depend on the key.
const MARKERS: u32 = 1000;

/// What is to become of the keys.
enum Change<'a> {
    Activate(&'a KeyId),
    RollBack,
    Destroy(&'a KeyId),
}

/// How many dependents a refusal names.
const NAMED: usize = 100;

impl Keyward {
    /// `activate-key` (K4, K5, K6); on the active key of a locked tenant the reactivation of L4.
    ///
    /// # Errors
    /// A rule says no, or the caller may not.
    pub async fn activate_key(
        &self,
        request: &Request,
        tenant: &TenantId,
        key: &KeyId,
    ) -> Result<Outcome, ServiceError> {
        let asked = Asked::of(OperationName::ActivateKey, tenant).key(key);
        self.change_keys(request, asked, &Change::Activate(key)).await
    }

    /// `roll-back-key` (K7).
    ///
    /// # Errors
    /// A rule says no, or the caller may not.
    pub async fn roll_back_key(&self, request: &Request, tenant: &TenantId) -> Result<Outcome, ServiceError> {
        let asked = Asked::of(OperationName::RollBackKey, tenant);
        self.change_keys(request, asked, &Change::RollBack).await
    }

    /// `destroy-key` (K8).
    ///
    /// # Errors
    /// A rule says no, or the caller may not.
    pub async fn destroy_key(
        &self,
        request: &Request,
        tenant: &TenantId,
        key: &KeyId,
    ) -> Result<Outcome, ServiceError> {
        let asked = Asked::of(OperationName::DestroyKey, tenant).key(key);
        self.change_keys(request, asked, &Change::Destroy(key)).await
    }

    async fn change_keys(
        &self,
        request: &Request,
        asked: Asked<'_>,
        change: &Change<'_>,
    ) -> Result<Outcome, ServiceError> {
        let operation = new_operation()?;
        let changed = settle!(self.try_change_keys(request, asked, change, &operation));
        let mut outcome = self.refused(request, asked, changed).await?;
        self.advance_at_once(&mut outcome, request.now).await;
        Ok(outcome)
    }

    async fn try_change_keys(
        &self,
        request: &Request,
        asked: Asked<'_>,
        change: &Change<'_>,
        operation: &OperationId,
    ) -> Result<Outcome, ServiceError> {
        self.not_answered(request).await?;
        let mut unit = self.begin(request, asked).await?;
        let operation = operation.clone();
        let command = match *change {
            Change::Activate(key) => Command::ActivateKey { key: key.clone(), operation },
            Change::RollBack => Command::RollBackKey { operation },
            Change::Destroy(key) => {
                // After the tenant was read: a backup that is registered meanwhile moves the tenant, and this is decided again.
                let dependents = self.dependents(request, asked.tenant, key).await?;
                Command::DestroyKey { key: key.clone(), dependents, operation }
            }
        };
        unit.set_affected(self.first_environments(asked.tenant).await?);
        unit.decide(&command, None)?;
        unit.commit_for(&*self.table, request, None).await
    }

    /// What depends on a key besides environments: backups whose retention has not ended and whose environment still exists.
    pub(crate) async fn dependents(
        &self,
        request: &Request,
        tenant: &TenantId,
        key: &KeyId,
    ) -> Result<Dependents, ServiceError> {
        let query = Query {
            partition: addresses::partition(tenant),
            span: Span::Prefix(addresses::wrapped(key)),
            descending: false,
            limit: MARKERS,
            after: None,
        };
        let mut dependents = Dependents::default();
        for item in self.table.query(&query).await?.items {
            let marker = decode::<WrappedBackupDocument>(&item)?.value;
            if request.now >= marker.retained_until || !self.is_present(tenant, &marker.environment).await? {
                continue;
            }
            dependents.backups_until = dependents.backups_until.max(Some(marker.retained_until));
            if dependents.backups.len() < NAMED {
                dependents.backups.push((marker.environment, marker.backup));
            }
        }
        Ok(dependents)
    }
}
