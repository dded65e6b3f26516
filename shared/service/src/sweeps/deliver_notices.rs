//! deliver-notices: sends the notices that are due (A3).

use keyward_domain::Instant;

use super::RowDone;
use crate::{Keyward, ServiceError, ports::table::Item};

impl Keyward {
    pub(super) async fn deliver_notice(&self, item: &Item, now: Instant) -> Result<RowDone, ServiceError> {
        Ok(RowDone { changes: self.deliver(&item.key, now).await?, more: false })
    }
}
