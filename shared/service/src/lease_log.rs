//! The lease log of an environment: chained like the audit log, apart from it, so that services that lease all day neither wait for
//! the tenant's changes nor bury them.

use chrono::{SubsecRound as _, TimeDelta};
use keyward_domain::{EnvironmentId, Instant, Recorded, Tenant, TenantId};

use crate::{
    Keyward, ServiceError, addresses,
    documents::{FenceDocument, LeaseHeadDocument},
    ports::table::{Condition, Key, Query, Span, Table, Write},
    stored::{Stored, decode, load},
};

impl Keyward {
    /// The writes that append a lease.
    pub(crate) async fn append_lease(
        &self,
        tenant: &TenantId,
        environment: &EnvironmentId,
        recorded: &Recorded,
    ) -> Result<Vec<Write>, ServiceError> {
        let key = addresses::lease_head(tenant, environment);
        let mut head = load::<LeaseHeadDocument>(&*self.table, &key)
            .await?
            .unwrap_or_else(|| Stored::new(key, LeaseHeadDocument::default()));
        let entry = head.value.leases.append(recorded);
        let entry = Stored::new(addresses::lease(tenant, environment, entry.sequence), entry);
        Ok(vec![head.put()?, entry.put()?])
    }

    /// L6: the write that lets a lease until `until` fail where a lock, a reactivation or a key change comes before it. The end is rounded up to
    /// the next whole second: so it is written once a second at most, and the other leases only check the fence.
    pub(crate) async fn hold_fence(
        &self,
        tenant: &Tenant,
        environment: &EnvironmentId,
        until: Instant,
    ) -> Result<Write, ServiceError> {
        let key = addresses::fence_of(&tenant.id, environment);
        let stored = load::<FenceDocument>(&*self.table, &key).await?;
        let mut held =
            stored.unwrap_or_else(|| Stored::new(key.clone(), FenceDocument { fence: tenant.fence, until: None }));
        if held.value.fence > tenant.fence {
            return Err(ServiceError::Conflict);
        }
        // One that is behind was not moved by a version that did not know it; whoever moves it later does so under its revision.
        let is_behind = held.value.fence < tenant.fence;
        held.value.fence = tenant.fence;
        if !is_behind && held.value.until.is_some_and(|known| known >= until) {
            return Ok(Write::Check { key, condition: Condition::Fence(tenant.fence) });
        }
        let second = until.trunc_subsecs(0);
        let end = if second < until { second + TimeDelta::seconds(1) } else { second };
        held.value.until = held.value.until.max(Some(end));
        held.put_with(Some(tenant.fence), None, None)
    }
}

/// All fences of a tenant, those too that were never held.
pub(crate) async fn fences(table: &dyn Table, tenant: &TenantId) -> Result<Vec<Stored<FenceDocument>>, ServiceError> {
    let query = Query {
        partition: addresses::partition(tenant),
        span: Span::Prefix(addresses::FENCES.to_owned()),
        descending: false,
        limit: u32::from(addresses::FENCE_COUNT),
        after: None,
    };
    let found: Vec<Stored<FenceDocument>> =
        table.query(&query).await?.items.iter().map(decode).collect::<Result<_, _>>()?;
    let all = (0..addresses::FENCE_COUNT).map(|number| addresses::fence(tenant, number));
    let known = |key: Key| {
        let found = found.iter().find(|stored| stored.key == key).cloned();
        found.unwrap_or_else(|| Stored::new(key, FenceDocument::default()))
    };
    Ok(all.map(known).collect())
}

/// When the last lease ends that held one of these fences.
pub(crate) fn leases_end(fences: &[Stored<FenceDocument>]) -> Option<Instant> {
    fences.iter().filter_map(|stored| stored.value.until).max()
}
