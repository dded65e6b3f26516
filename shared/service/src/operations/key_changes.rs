//! activate-key, roll-back-key, destroy-key.

use std::collections::BTreeMap;

use keyward_domain::{Command, Dependents, EnvironmentId, KeyId, OperationId, OperationName, TenantId};

use super::{Outcome, begin::new_operation};
use crate::{
    Keyward, Request, ServiceError, addresses,
    documents::WrappedBackupDocument,
    ports::table::{Query, Span, TableError},
    refusal::Asked,
    settle::settle,
    stored::decode,
};

/// How many markers of backups are read at a time, and how often: a hundred thousand retained backups of one key.
const MARKERS: u32 = 1000;
const PAGES: usize = 100;

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
        let mut query = Query {
            partition: addresses::partition(tenant),
            span: Span::Prefix(addresses::wrapped(key)),
            descending: false,
            limit: MARKERS,
            after: None,
        };
        let mut dependents = Dependents::default();
        let mut present = BTreeMap::new();
        // Markers of backups whose time is over stay for as long as the table likes: what still counts may come after all of them.
        for _ in 0..PAGES {
            let page = self.table.query(&query).await?;
            for item in page.items {
                let marker = decode::<WrappedBackupDocument>(&item)?.value;
                if request.now < marker.retained_until && self.is_known_present(&mut present, tenant, &marker).await? {
                    dependents.backups_until = dependents.backups_until.max(Some(marker.retained_until));
                    if dependents.backups.len() < NAMED {
                        dependents.backups.push((marker.environment, marker.backup));
                    }
                }
            }
            query.after = page.next;
            if query.after.is_none() {
                return Ok(dependents);
            }
        }
        if !dependents.backups.is_empty() {
            // What is known is enough for a no; not for when it ends.
            return Ok(dependents);
        }
        // Whether any depends on the key is not known, so it is not destroyed.
        let reason = format!("key {key} has more than {PAGES} pages of backups to look at");
        Err(TableError::Unavailable { reason }.into())
    }

    /// Whether the environment of the backup is there, asked of the table once for each environment.
    async fn is_known_present(
        &self,
        known: &mut BTreeMap<EnvironmentId, bool>,
        tenant: &TenantId,
        marker: &WrappedBackupDocument,
    ) -> Result<bool, ServiceError> {
        if let Some(known) = known.get(&marker.environment) {
            return Ok(*known);
        }
        let is_present = self.is_present(tenant, &marker.environment).await?;
        known.insert(marker.environment.clone(), is_present);
        Ok(is_present)
    }
}
