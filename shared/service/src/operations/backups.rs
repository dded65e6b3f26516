//! register-backup, list-backups (in listing), restore-backup.

use keyward_domain::{Backup, BackupId, Command, EnvironmentId, Event, Instant, OperationName, TenantId, WrappingKey};

use super::Outcome;
use crate::{
    Keyward, Request, ServiceError, addresses,
    documents::{BackupDocument, WrappedBackupDocument},
    ports::table::{Query, Span},
    refusal::Asked,
    settle::settle,
    stored::{Stored, decode, load},
};

/// Backups of one transaction: each takes two of its hundred writes.
const TOGETHER: u32 = 40;

/// Transactions of one run for one environment.
const ROUNDS: u32 = 20;

impl Keyward {
    /// `register-backup` (E3): the backup keeps the wraps of the generations that it needs as they are now.
    ///
    /// # Errors
    /// A rule says no, or the caller may not.
    pub async fn register_backup(
        &self,
        request: &Request,
        tenant: &TenantId,
        environment: &EnvironmentId,
        backup: &BackupId,
        retained_until: Instant,
    ) -> Result<Outcome, ServiceError> {
        settle!(self.try_register_backup(request, tenant, environment, backup, retained_until))
    }

    async fn try_register_backup(
        &self,
        request: &Request,
        tenant: &TenantId,
        environment: &EnvironmentId,
        id: &BackupId,
        retained_until: Instant,
    ) -> Result<Outcome, ServiceError> {
        self.not_answered(request).await?;
        let asked = Asked::of(OperationName::RegisterBackup, tenant).environment(environment);
        let mut unit = self.begin(request, asked).await?;
        let address = addresses::backup(tenant, environment, id);
        let stored = load::<BackupDocument>(&*self.table, &address).await?;
        unit.set_backup(stored.map(|stored| stored.value.backup));
        let command = Command::RegisterBackup { backup: id.clone(), retained_until };
        for event in unit.decide(&command, Some(environment))? {
            let Event::BackupRegistered { newest_generation, wrapped_by, .. } = event else { continue };
            let backup =
                Backup { id: id.clone(), taken_at: request.now, retained_until, newest_generation, wrapped_by };
            let data_keys = self.data_keys(unit.tenant()?, environment).await?.value;
            if let WrappingKey::Protection { key } = &backup.wrapped_by {
                let marker =
                    WrappedBackupDocument { environment: environment.clone(), backup: id.clone(), retained_until };
                let address = addresses::wrapped_backup(tenant, key, environment, id);
                unit.write(Stored::new(address, marker).put_with(None, None, Some(retained_until))?);
            }
            unit.set_backup(Some(backup.clone()));
            let document = Stored::new(address.clone(), BackupDocument { backup, data_keys });
            unit.write(document.put_with(None, None, Some(retained_until))?);
        }
        unit.commit_for(&*self.table, request, Some(environment)).await
    }

    /// `restore-backup` (E3): every generation that the backup needs is unwrapped before it is said that it can be restored.
    ///
    /// # Errors
    /// A rule says no, a key is gone, or the caller may not.
    pub async fn restore_backup(
        &self,
        request: &Request,
        tenant: &TenantId,
        environment: &EnvironmentId,
        backup: &BackupId,
    ) -> Result<Outcome, ServiceError> {
        let asked = Asked::of(OperationName::RestoreBackup, tenant).environment(environment).backup(backup);
        let restored = settle!(self.try_restore_backup(request, asked, environment, backup));
        self.refused(request, asked, restored).await
    }

    async fn try_restore_backup(
        &self,
        request: &Request,
        asked: Asked<'_>,
        environment: &EnvironmentId,
        id: &BackupId,
    ) -> Result<Outcome, ServiceError> {
        self.not_answered(request).await?;
        let mut unit = self.begin(request, asked).await?;
        let address = addresses::backup(asked.tenant, environment, id);
        let stored = load::<BackupDocument>(&*self.table, &address).await?;
        unit.set_backup(stored.as_ref().map(|stored| stored.value.backup.clone()));
        unit.decide(&Command::RestoreBackup, Some(environment))?;
        let data_keys = stored.iter().flat_map(|stored| &stored.value.data_keys.generations);
        for data_key in data_keys {
            let wrapped_by =
                stored.as_ref().map_or(&WrappingKey::Provider, |stored| &stored.value.data_keys.wrapped_by);
            self.unwrap_data_key(unit.tenant()?, environment, wrapped_by, data_key).await?;
        }
        unit.commit_for(&*self.table, request, Some(environment)).await
    }

    /// Destroys the wraps that the backups of a deleted environment hold, without which nobody reads these backups: as many as one run
    /// does. Says how many, and whether there are more.
    pub(crate) async fn destroy_backups(
        &self,
        tenant: &TenantId,
        environment: &EnvironmentId,
    ) -> Result<(u64, bool), ServiceError> {
        let mut destroyed = 0;
        let query = Query {
            partition: addresses::partition(tenant),
            span: Span::Prefix(addresses::backups(environment)),
            descending: false,
            limit: TOGETHER,
            after: None,
        };
        for _ in 0..ROUNDS {
            let page = self.table.query(&query).await?;
            if page.items.is_empty() {
                return Ok((destroyed, false));
            }
            let mut writes = Vec::new();
            for item in &page.items {
                let stored: Stored<BackupDocument> = decode(item)?;
                writes.push(stored.delete());
                let Backup { id, wrapped_by: WrappingKey::Protection { key }, .. } = &stored.value.backup else {
                    continue;
                };
                let address = addresses::wrapped_backup(tenant, key, environment, id);
                let marker = load::<WrappedBackupDocument>(&*self.table, &address).await?;
                writes.extend(marker.map(|marker| marker.delete()));
            }
            self.table.transact(writes).await?;
            destroyed += page.items.len() as u64;
        }
        Ok((destroyed, true))
    }
}
