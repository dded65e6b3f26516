//! A8: attempts with a password or a proof of possession that fail are counted, for each person and for the tenant, and too many are refused
//! before they cost work.
//!
//! An attempt is entered before it is made, so that many at once are not more than the limit lets through, and taken out again when it did
//! not fail. What a crash leaves behind counts as failed until its time is over.

use std::future::Future;

use chrono::{DateTime, TimeDelta, Utc};
use keyward_domain::{Instant, OperationName, TenantId};
use serde::{Deserialize, Serialize};

use crate::{
    Keyward, Request, ServiceError, addresses,
    ports::table::Key,
    settle::settle,
    stored::{Stored, load},
};

/// What is attempted.
pub(crate) struct Attempted<'a> {
    pub(crate) tenant: &'a TenantId,
    /// Each operation has a count of its own: to lock needs a recent sign-in, and what an older token fails at is not to stand in its way.
    pub(crate) operation: OperationName,
    /// Repeated under the same one it is still the same attempt.
    pub(crate) id: &'a str,
    /// Which errors are failures; others are not counted.
    pub(crate) has_failed: fn(&ServiceError) -> bool,
}

/// One attempt that failed, or that is being made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Attempt {
    id: String,
    at: DateTime<Utc>,
}

/// Attempts, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct AttemptsDocument {
    attempts: Vec<Attempt>,
}

impl AttemptsDocument {
    /// Enters an attempt; or says from when on there is room for it.
    pub(crate) fn enter(&mut self, id: &str, now: Instant, window: TimeDelta, most: usize) -> Result<(), Instant> {
        self.attempts.retain(|attempt| now - window < attempt.at);
        if self.attempts.iter().any(|attempt| attempt.id == id) {
            return Ok(());
        }
        // Clocks of two functions differ: the newest counts, whoever entered it.
        self.attempts.sort_by_key(|attempt| attempt.at);
        if let Some(room_at) = self.room_at(now, window, most) {
            return Err(room_at);
        }
        self.attempts.push(Attempt { id: id.to_owned(), at: now });
        Ok(())
    }

    /// From when on there is room for another attempt, where there is none now.
    pub(crate) fn room_at(&self, now: Instant, window: TimeDelta, most: usize) -> Option<Instant> {
        let index = self.attempts.len().checked_sub(most.max(1))?;
        Some(self.attempts.get(index).map_or(now, |oldest| oldest.at) + window)
    }

    fn take_out(&mut self, id: &str) {
        self.attempts.retain(|attempt| attempt.id != id);
    }
}

impl Keyward {
    /// Makes an attempt, if not too many have failed lately.
    pub(crate) async fn attempt<T>(
        &self,
        request: &Request,
        attempt: &Attempted<'_>,
        work: impl Future<Output = Result<T, ServiceError>>,
    ) -> Result<T, ServiceError> {
        settle!(self.enter_attempt(request, attempt))?;
        let made = work.await;
        if !made.as_ref().err().is_some_and(attempt.has_failed) {
            let taken_out: Result<(), ServiceError> = settle!(self.take_out_attempt(request, attempt));
            if let Err(fault) = taken_out {
                tracing::warn!(%fault, "an attempt that did not fail counts for a while");
            }
        }
        made
    }

    async fn enter_attempt(&self, request: &Request, attempt: &Attempted<'_>) -> Result<(), ServiceError> {
        let window = self.settings.attempt_window.delta();
        let [of_person, of_tenant] = places(request, attempt);
        let limits = [(of_person, self.settings.attempts_per_person), (of_tenant, self.settings.attempts_per_tenant)];
        let mut writes = Vec::new();
        for (key, most) in limits {
            let mut stored = self.attempts_at(key).await?;
            let entered = stored.value.enter(attempt.id, request.now, window, most);
            entered.map_err(|retry_at| ServiceError::TooManyAttempts { retry_at })?;
            writes.push(stored.put_with(None, None, Some(request.now + window))?);
        }
        Ok(self.table.transact(writes).await?)
    }

    async fn take_out_attempt(&self, request: &Request, attempt: &Attempted<'_>) -> Result<(), ServiceError> {
        let mut writes = Vec::new();
        for key in places(request, attempt) {
            let mut stored = self.attempts_at(key).await?;
            stored.value.take_out(attempt.id);
            writes.push(stored.put_with(None, None, Some(request.now + self.settings.attempt_window.delta()))?);
        }
        Ok(self.table.transact(writes).await?)
    }

    /// What was counted at this address.
    pub(crate) async fn attempts_at(&self, key: Key) -> Result<Stored<AttemptsDocument>, ServiceError> {
        let stored = load::<AttemptsDocument>(&*self.table, &key).await?;
        Ok(stored.unwrap_or_else(|| Stored::new(key, AttemptsDocument::default())))
    }
}

/// Where the attempts of the caller and those of the tenant are counted.
fn places(request: &Request, attempt: &Attempted<'_>) -> [Key; 2] {
    let (tenant, operation) = (attempt.tenant, attempt.operation);
    [addresses::attempts_of(tenant, operation, &request.principal.person), addresses::attempts(tenant, operation)]
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    fn at(minutes: i64) -> Instant {
        DateTime::<Utc>::UNIX_EPOCH + TimeDelta::minutes(minutes)
    }

    fn enter(document: &mut AttemptsDocument, id: &str, minutes: i64) -> Result<(), Instant> {
        document.enter(id, at(minutes), TimeDelta::minutes(15), 3)
    }

    #[test]
    fn in_no_window_are_there_more_than_the_most() {
        let mut document = AttemptsDocument::default();
        for (id, minutes) in [("a", 0), ("b", 5), ("c", 6)] {
            enter(&mut document, id, minutes).unwrap();
        }
        assert_eq!(enter(&mut document, "d", 14), Err(at(15)));
        enter(&mut document, "d", 15).unwrap();
        assert_eq!(enter(&mut document, "e", 15), Err(at(20)));
    }

    #[test]
    fn the_same_attempt_counts_once_and_one_that_did_not_fail_not_at_all() {
        let mut document = AttemptsDocument::default();
        for _ in 0..5 {
            enter(&mut document, "a", 0).unwrap();
        }
        enter(&mut document, "b", 0).unwrap();
        enter(&mut document, "c", 0).unwrap();
        document.take_out("b");
        enter(&mut document, "d", 1).unwrap();
        assert!(enter(&mut document, "e", 1).is_err());
    }
}
