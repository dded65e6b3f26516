//! The lease log of an environment: chained like the audit log, apart from it, so that services that lease all day neither wait for
//! the tenant's changes nor bury them.

use chrono::{SubsecRound as _, TimeDelta};
use keyward_domain::{EnvironmentId, Instant, Recorded, TenantId};

use crate::{
    Keyward, ServiceError, addresses,
    documents::{LeaseHeadDocument, LeasesEndDocument},
    ports::table::Write,
    stored::{Stored, load},
};

impl Keyward {
    /// The writes that append a lease that ends at `until`.
    pub(crate) async fn append_lease(
        &self,
        tenant: &TenantId,
        environment: &EnvironmentId,
        recorded: &Recorded,
        until: Instant,
    ) -> Result<Vec<Write>, ServiceError> {
        let key = addresses::lease_head(tenant, environment);
        let mut head = load::<LeaseHeadDocument>(&*self.table, &key)
            .await?
            .unwrap_or_else(|| Stored::new(key, LeaseHeadDocument::default()));
        let entry = head.value.leases.append(recorded);
        let entry = Stored::new(addresses::lease(tenant, environment, entry.sequence), entry);
        Ok(vec![head.put()?, entry.put()?, self.extend_leases_end(tenant, until).await?])
    }

    /// When the last lease of the tenant ends, as the table knows it.
    pub(crate) async fn leases_end(&self, tenant: &TenantId) -> Result<Stored<LeasesEndDocument>, ServiceError> {
        let key = addresses::leases_end(tenant);
        let stored = load::<LeasesEndDocument>(&*self.table, &key).await?;
        Ok(stored.unwrap_or_else(|| Stored::new(key, LeasesEndDocument::default())))
    }

    /// Moves that instant, up to the next whole second: so it is written once a second at most, and the other leases only check it.
    async fn extend_leases_end(&self, tenant: &TenantId, until: Instant) -> Result<Write, ServiceError> {
        let mut end = self.leases_end(tenant).await?;
        if end.value.until.is_some_and(|known| known >= until) {
            return Ok(end.check());
        }
        let second = until.trunc_subsecs(0);
        end.value.until = Some(if second < until { second + TimeDelta::seconds(1) } else { second });
        end.put()
    }
}
