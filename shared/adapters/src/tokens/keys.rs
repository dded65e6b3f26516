//! Where a key is looked up: in what the settings say, or in what was fetched from the issuer.
//!
//! Fetched keys are kept. Until `fresh` they are used without asking; then they are asked for again, and until `usable` go on to be used
//! while the issuer does not answer. A key that is not known is asked for too, since issuers change their keys; but nobody can make this
//! process ask more than once per `refetch`.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::{Mutex, OwnedMutexGuard};

use super::documents::Documents;
use super::key::VerifyingKey;
use super::key_set::KeySet;
use super::location::KeyLocation;

/// How long fetched keys are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Periods {
    /// For how long they are used without asking again.
    pub(super) fresh: TimeDelta,
    /// For how long they are used while the issuer does not answer.
    pub(super) usable: TimeDelta,
    /// How long nothing is asked after an answer, whatever key is missing.
    pub(super) refetch: TimeDelta,
    /// The same after a failure.
    pub(super) retry: TimeDelta,
    /// How long an answer is waited for, discovery included.
    pub(super) wait: Duration,
}

/// The issuer's keys are not known, and it does not answer.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unavailable;

/// An issuer's keys.
#[derive(Clone)]
pub(super) enum Keys {
    /// These and no others.
    Fixed(Arc<KeySet>),
    /// Those that the issuer publishes.
    Published(Arc<Published>),
}

impl Keys {
    /// The key of this identifier.
    pub(super) async fn find(&self, kid: &str, now: DateTime<Utc>) -> Result<Option<VerifyingKey>, Unavailable> {
        match self {
            Self::Fixed(keys) => Ok(keys.find(kid).cloned()),
            Self::Published(published) => published.find(kid, now).await,
        }
    }
}

/// What was fetched, and when.
#[derive(Clone, Default)]
struct Fetched {
    keys: Option<(Arc<KeySet>, DateTime<Utc>)>,
    asked_at: Option<DateTime<Utc>>,
    has_failed: bool,
}

impl Fetched {
    fn within(&self, period: TimeDelta, now: DateTime<Utc>) -> Option<&KeySet> {
        let (keys, at) = self.keys.as_ref()?;
        // A clock that was set back makes everything old.
        (now >= *at && now - *at < period).then_some(&**keys)
    }

    fn may_ask(&self, periods: &Periods, now: DateTime<Utc>) -> bool {
        let pause = if self.has_failed { periods.retry } else { periods.refetch };
        self.asked_at.is_none_or(|at| now < at || now - at >= pause)
    }
}

/// Keys that an issuer publishes, kept for some time.
pub(super) struct Published {
    location: KeyLocation,
    documents: Arc<dyn Documents>,
    periods: Periods,
    fetched: RwLock<Fetched>,
    asking: Arc<Mutex<()>>,
}

impl Published {
    pub(super) fn new(location: KeyLocation, documents: Arc<dyn Documents>, periods: Periods) -> Self {
        Self { location, documents, periods, fetched: RwLock::default(), asking: Arc::default() }
    }

    fn fetched(&self) -> Fetched {
        self.fetched.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn change(&self, change: impl FnOnce(&mut Fetched)) {
        change(&mut self.fetched.write().unwrap_or_else(PoisonError::into_inner));
    }

    async fn find(self: &Arc<Self>, kid: &str, now: DateTime<Utc>) -> Result<Option<VerifyingKey>, Unavailable> {
        let fresh =
            |fetched: &Fetched| fetched.within(self.periods.fresh, now).and_then(|keys| keys.find(kid)).cloned();
        let usable = |fetched: &Fetched| fetched.within(self.periods.usable, now).map(|keys| keys.find(kid).cloned());
        let fetched = self.fetched();
        if let Some(key) = fresh(&fetched) {
            return Ok(Some(key));
        }
        let turn = match usable(&fetched).flatten() {
            // Somebody asks already: what is known will do until there is an answer.
            Some(key) => match Arc::clone(&self.asking).try_lock_owned() {
                Ok(turn) => turn,
                Err(_) => return Ok(Some(key)),
            },
            None => Arc::clone(&self.asking).lock_owned().await,
        };
        // Somebody may have had an answer meanwhile.
        let fetched = self.fetched();
        if let Some(key) = fresh(&fetched) {
            return Ok(Some(key));
        }
        if fetched.may_ask(&self.periods, now) {
            let asked = Arc::clone(self);
            // Whoever sent this request may go away: the question is asked to its end all the same.
            if let Err(error) = tokio::spawn(async move { asked.ask(turn, now).await }).await {
                tracing::error!(%error, "asking for keys ended");
            }
        }
        usable(&self.fetched()).ok_or(Unavailable)
    }

    /// Asks the issuer, for everybody who waits for a turn.
    async fn ask(&self, turn: OwnedMutexGuard<()>, now: DateTime<Utc>) {
        self.change(|fetched| (fetched.asked_at, fetched.has_failed) = (Some(now), true));
        let answer = tokio::time::timeout(self.periods.wait, self.location.fetch(&*self.documents)).await;
        match answer {
            Ok(Ok(keys)) => self.change(|fetched| {
                (fetched.keys, fetched.has_failed) = (Some((Arc::new(keys), now)), false);
            }),
            Ok(Err(error)) => tracing::warn!(%error, "an issuer's keys can't be fetched"),
            Err(_) => tracing::warn!(location = ?self.location, "an issuer's keys can't be fetched: no answer in time"),
        }
        drop(turn);
    }
}
