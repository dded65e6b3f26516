//! Lists, page by page: environments, backups, history, the audit log.

use keyward_domain::{
    Backup, BackupId, Environment, EnvironmentId, Instant, ManagedBy, OperationName, Rejection, Tenant, TenantId,
};

use crate::{
    AuditEntry, Keyward, Request, ServiceError, addresses,
    documents::{AuditDocument, BackupDocument},
    plans::NAMED,
    ports::table::{Item, Position, Query, Span},
    refusal::Asked,
    stored::{decode, load},
};

/// One page of a list.
#[derive(Clone, Debug)]
pub struct Listed<T> {
    /// The entries.
    pub entries: Vec<T>,
    /// Where the next page begins.
    pub next: Option<Position>,
}

/// Which environments are listed.
#[derive(Clone, Copy, Debug, Default)]
pub struct EnvironmentFilter {
    /// Only those managed by this.
    pub managed_by: Option<ManagedBy>,
    /// Only those that are locked, or that are not.
    pub locked: Option<bool>,
}

/// Pages that are read at most to fill one page of a filtered list.
const FILTERED_PAGES: usize = 10;

impl Keyward {
    /// `list-environments`.
    ///
    /// # Errors
    /// Not found, the caller may not, or the position is not one that was handed out.
    pub async fn list_environments(
        &self,
        request: &Request,
        tenant: &TenantId,
        filter: EnvironmentFilter,
        limit: u32,
        after: Option<Position>,
    ) -> Result<(Tenant, Listed<Environment>), ServiceError> {
        let document = self.tenant_for(request, tenant, OperationName::ListEnvironments).await?;
        let mut listed = Listed { entries: Vec::new(), next: after };
        for _ in 0..FILTERED_PAGES {
            let page = self.page(tenant, addresses::ENVIRONMENTS.to_owned(), false, limit, listed.next).await?;
            for item in &page.entries {
                let environment = decode::<Environment>(item)?.value;
                if is_listed(&document.tenant, &environment, filter) {
                    listed.entries.push(environment);
                }
            }
            listed.next = page.next;
            if listed.next.is_none() || !listed.entries.is_empty() {
                break;
            }
        }
        Ok((document.tenant, listed))
    }

    /// `list-backups`.
    ///
    /// # Errors
    /// Not found, the caller may not, or the position is not one that was handed out.
    pub async fn list_backups(
        &self,
        request: &Request,
        tenant: &TenantId,
        environment: &EnvironmentId,
        limit: u32,
        after: Option<Position>,
    ) -> Result<Listed<Backup>, ServiceError> {
        self.reads_environment(request, tenant, environment, OperationName::ListBackups).await?;
        let page = self.page(tenant, addresses::backups(environment), false, limit, after).await?;
        let entries: Result<_, ServiceError> =
            page.entries.iter().map(|item| Ok(decode::<BackupDocument>(item)?.value.backup)).collect();
        Ok(Listed { entries: entries?, next: page.next })
    }

    /// `read-environment-history`: newest first.
    ///
    /// # Errors
    /// Not found, the caller may not, or the position is not one that was handed out.
    pub async fn read_environment_history(
        &self,
        request: &Request,
        tenant: &TenantId,
        environment: &EnvironmentId,
        limit: u32,
        after: Option<Position>,
    ) -> Result<Listed<AuditEntry>, ServiceError> {
        self.reads_environment(request, tenant, environment, OperationName::ReadEnvironmentHistory).await?;
        entries(self.page(tenant, addresses::histories(environment), true, limit, after).await?)
    }

    /// `list-audit-events`: oldest first, so that the hashes can be computed along the way.
    ///
    /// # Errors
    /// Not found, the caller may not, or the position is not one that was handed out.
    pub async fn list_audit_events(
        &self,
        request: &Request,
        tenant: &TenantId,
        limit: u32,
        after: Option<Position>,
    ) -> Result<Listed<AuditEntry>, ServiceError> {
        self.tenant_for(request, tenant, OperationName::ListAuditEvents).await?;
        entries(self.page(tenant, addresses::AUDIT.to_owned(), false, limit, after).await?)
    }

    async fn reads_environment(
        &self,
        request: &Request,
        tenant: &TenantId,
        environment: &EnvironmentId,
        operation: OperationName,
    ) -> Result<(), ServiceError> {
        let asked = Asked::of(operation, tenant).environment(environment);
        self.begin(request, asked).await.map(|_| ())
    }

    async fn page(
        &self,
        tenant: &TenantId,
        prefix: String,
        descending: bool,
        limit: u32,
        after: Option<Position>,
    ) -> Result<Listed<Item>, ServiceError> {
        let query =
            Query { partition: addresses::partition(tenant), span: Span::Prefix(prefix), descending, limit, after };
        let page = self.table.query(&query).await?;
        Ok(Listed { entries: page.items, next: page.next })
    }

    /// Whether the environment is there and not deleted.
    pub(crate) async fn is_present(
        &self,
        tenant: &TenantId,
        environment: &EnvironmentId,
    ) -> Result<bool, ServiceError> {
        let stored = load::<Environment>(&*self.table, &addresses::environment(tenant, environment)).await?;
        Ok(stored.is_some_and(|stored| stored.value.is_present()))
    }

    async fn first_page(&self, tenant: &TenantId) -> Result<Vec<Environment>, ServiceError> {
        let page = self.page(tenant, addresses::ENVIRONMENTS.to_owned(), false, NAMED, None).await?;
        page.entries.iter().map(|item| Ok(decode::<Environment>(item)?.value)).collect()
    }

    /// Those of the first environments that are not deleted and that a plan touches.
    pub(crate) async fn first_environment_ids(
        &self,
        tenant: &TenantId,
        is_touched: fn(&Environment) -> bool,
    ) -> Result<Vec<EnvironmentId>, ServiceError> {
        let environments = self.first_page(tenant).await?.into_iter();
        Ok(environments.filter(|known| known.is_present() && is_touched(known)).map(|known| known.id).collect())
    }

    /// The first environments that are not deleted, for a notice: name, identifier and who manages them.
    pub(crate) async fn first_environments(&self, tenant: &TenantId) -> Result<Vec<String>, ServiceError> {
        let environments = self.first_page(tenant).await?;
        let line = |known: Environment| {
            let managed_by = match known.managed_by {
                ManagedBy::Provider => "managed by the provider's key",
                ManagedBy::Tenant => "managed by the tenant's key",
            };
            format!("{} ({}), {managed_by}", known.name, known.id)
        };
        let full = environments.len() >= usize::try_from(NAMED).unwrap_or(usize::MAX);
        let mut lines: Vec<String> = environments.into_iter().filter(Environment::is_present).map(line).collect();
        if full {
            lines.push("and others: keyward environment list".to_owned());
        }
        Ok(lines)
    }

    /// The backups of an environment that are still retained, by identifier, and whether these were looked for among all: among a hundred
    /// thousand at most.
    pub(crate) async fn retained_backups(
        &self,
        tenant: &TenantId,
        environment: &EnvironmentId,
        now: Instant,
    ) -> Result<(Vec<BackupId>, bool), ServiceError> {
        let mut ids = Vec::new();
        let mut after = None;
        for _ in 0..100 {
            let page = self.page(tenant, addresses::backups(environment), false, 1000, after).await?;
            for item in &page.entries {
                let backup = decode::<BackupDocument>(item)?.value.backup;
                if now < backup.retained_until {
                    ids.push(backup.id);
                }
            }
            after = page.next;
            if after.is_none() {
                return Ok((ids, true));
            }
        }
        Ok((ids, false))
    }

    /// The tenant and one of its environments as they are; for what no caller asked for.
    ///
    /// # Errors
    /// The table does not answer, or there is no such tenant.
    pub async fn tenant_state(&self, tenant: &TenantId) -> Result<Tenant, ServiceError> {
        let stored = load::<crate::documents::TenantDocument>(&*self.table, &addresses::tenant(tenant)).await?;
        Ok(stored.ok_or(Rejection::TenantNotFound)?.value.tenant)
    }
}

fn is_listed(tenant: &Tenant, environment: &Environment, filter: EnvironmentFilter) -> bool {
    let locked = environment.is_present() && tenant.lock_of(environment).is_some();
    filter.managed_by.is_none_or(|by| by == environment.managed_by) && filter.locked.is_none_or(|want| want == locked)
}

fn entries(page: Listed<Item>) -> Result<Listed<AuditEntry>, ServiceError> {
    let entries: Result<_, ServiceError> =
        page.entries.iter().map(|item| Ok(decode::<AuditDocument>(item)?.value.into())).collect();
    Ok(Listed { entries: entries?, next: page.next })
}
