//! deliver-notices: sends the notices that are due (A3).

use keyward_domain::Instant;

use super::{RowDone, SweepRun};
use crate::{Keyward, ServiceError, ports::table::Item};

impl Keyward {
    pub(super) async fn deliver_notice(
        &self,
        run: &SweepRun,
        item: &Item,
        now: Instant,
    ) -> Result<RowDone, ServiceError> {
        self.deliver(run, &item.key, now).await?;
        // Each message was counted when it was sent.
        Ok(RowDone { changes: 0, more: false })
    }
}
