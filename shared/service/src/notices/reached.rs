//! A3: whom the notices reached, for whoever reads the tenant.

use keyward_domain::{Instant, OperationName, TenantId};

use super::{NoticeDocument, Recipient, RecipientStatus};
use crate::{
    Keyward, Request, ServiceError, addresses,
    ports::table::{Query, Span},
    stored::decode,
};

/// The newest notices that are looked at.
const NEWEST: u32 = 20;

/// Whom one notice reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoticeReach {
    /// Number of the first audit event that it tells of.
    pub sequence: u64,
    /// When that was decided.
    pub at: Instant,
    /// Its subject, for those who may read the audit log.
    pub subject: Option<String>,
    /// Every administrator that it was for.
    pub recipients: Vec<Recipient>,
}

/// Whom the newest notices of a tenant reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoticesReach {
    /// The newest one.
    pub latest: NoticeReach,
    /// How many were looked at, the newest ones.
    pub looked_at: u32,
    /// How many of these have not reached everybody, or not yet.
    pub incomplete: u32,
}

impl NoticeDocument {
    fn reached_all(&self) -> bool {
        self.recipients.iter().all(|recipient| matches!(recipient.status, RecipientStatus::Sent { .. }))
    }
}

impl Keyward {
    /// `read-tenant`: whom its newest notices reached; nothing where it has none.
    ///
    /// # Errors
    /// Not found, or the caller may not.
    pub async fn read_notices(
        &self,
        request: &Request,
        tenant: &TenantId,
    ) -> Result<Option<NoticesReach>, ServiceError> {
        self.tenant_for(request, tenant, OperationName::ReadTenant).await?;
        let query = Query {
            partition: addresses::partition(tenant),
            span: Span::Prefix(addresses::NOTICES.to_owned()),
            descending: true,
            limit: NEWEST,
            after: None,
        };
        let page = self.table.query(&query).await?;
        let notices: Result<Vec<NoticeDocument>, ServiceError> =
            page.items.iter().map(|item| Ok(decode::<NoticeDocument>(item)?.value)).collect();
        let notices = notices?;
        let count = |number: usize| u32::try_from(number).unwrap_or(NEWEST);
        let looked_at = count(notices.len());
        let incomplete = count(notices.iter().filter(|notice| !notice.reached_all()).count());
        let Some(latest) = notices.into_iter().next() else { return Ok(None) };
        let reads_audit_log = request.principal.may(OperationName::ListAuditEvents, None).is_ok();
        let NoticeDocument { sequence, at, subject, recipients, .. } = latest;
        let latest = NoticeReach { sequence, at, subject: reads_audit_log.then_some(subject), recipients };
        Ok(Some(NoticesReach { latest, looked_at, incomplete }))
    }
}
