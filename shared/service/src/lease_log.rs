//! The lease log of an environment: chained like the audit log, apart from it, so that services that lease all day neither wait for
//! the tenant's changes nor bury them.

use keyward_domain::{EnvironmentId, Event, Instant, PersonId, Recorded, TenantId};

use crate::{
    Keyward, ServiceError, addresses,
    documents::LeaseHeadDocument,
    ports::table::Write,
    stored::{Stored, load},
};

impl Keyward {
    /// The writes that append a lease.
    pub(crate) async fn append_lease(
        &self,
        tenant: &TenantId,
        environment: &EnvironmentId,
        event: Event,
        by: &PersonId,
        now: Instant,
    ) -> Result<Vec<Write>, ServiceError> {
        let key = addresses::lease_head(tenant, environment);
        let mut head = load::<LeaseHeadDocument>(&*self.table, &key)
            .await?
            .unwrap_or_else(|| Stored::new(key, LeaseHeadDocument::default()));
        if let Event::DataKeyLeased { until, .. } = &event {
            head.value.last_until = head.value.last_until.max(Some(*until));
        }
        let entry = head.value.leases.append(&Recorded { at: now, by: by.clone(), event });
        let entry = Stored::new(addresses::lease(tenant, environment, entry.sequence), entry);
        Ok(vec![head.put()?, entry.put()?])
    }
}
