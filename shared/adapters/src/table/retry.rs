//! How often, and after what pause, a transaction is sent again.

use std::time::Duration;

use aws_lc_rs::rand;
use keyward_service::ports::table::TableError;

/// Why a transaction may be sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Again {
    /// Another transaction held one of the items, or the table throttles: nothing was written.
    Busy,
    /// No answer came: it may have been written. The request token makes sending it again safe.
    Unanswered,
}

/// Most times that a busy table is asked: some five seconds. A lock meets every lease that is being committed, and is to get through.
const BUSY_ATTEMPTS: u32 = 20;
/// Most times that a silent table is asked; the SDK has tried each of them several times already.
const UNANSWERED_ATTEMPTS: u32 = 3;
const FIRST_PAUSE_MS: u64 = 10;
const LONGEST_PAUSE_MS: u64 = 640;

/// Counts the attempts of one transaction.
#[derive(Debug, Default)]
pub(super) struct Backoff {
    busy: u32,
    unanswered: u32,
}

impl Backoff {
    /// Waits before the next attempt. `false` when there is none left.
    pub(super) async fn pause(&mut self, why: Again) -> bool {
        let Some(pause) = self.next(why) else {
            return false;
        };
        tokio::time::sleep(pause).await;
        true
    }

    fn next(&mut self, why: Again) -> Option<Duration> {
        let (count, most) = match why {
            Again::Busy => (&mut self.busy, BUSY_ATTEMPTS),
            Again::Unanswered => (&mut self.unanswered, UNANSWERED_ATTEMPTS),
        };
        *count += 1;
        (*count < most).then(|| jittered(*count))
    }
}

/// Anything between nothing and a bound that doubles ("full jitter"): writers that collided spread out.
fn jittered(failures: u32) -> Duration {
    let bound = FIRST_PAUSE_MS.saturating_mul(1 << failures.min(16)).min(LONGEST_PAUSE_MS);
    let mut bytes = [0; 8];
    // Without randomness the whole pause is the safe choice.
    let pause = match rand::fill(&mut bytes) {
        Ok(()) => u64::from_le_bytes(bytes) % (bound + 1),
        Err(_) => bound,
    };
    Duration::from_millis(pause)
}

/// A token for one transaction, the same for every attempt: within ten minutes the table applies it once.
///
/// # Errors
/// [`TableError::Unavailable`] when the system gives no randomness.
pub(super) fn request_token() -> Result<String, TableError> {
    let mut bytes = [0; 16];
    rand::fill(&mut bytes)
        .map_err(|_| TableError::Unavailable { reason: "no randomness for the request token".into() })?;
    Ok(format!("{:032x}", u128::from_be_bytes(bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_are_bounded() {
        for failures in [1, 5, 9, u32::MAX] {
            assert!(jittered(failures) <= Duration::from_millis(LONGEST_PAUSE_MS));
        }
    }

    #[test]
    fn attempts_are_bounded() {
        for (why, most) in [(Again::Busy, BUSY_ATTEMPTS), (Again::Unanswered, UNANSWERED_ATTEMPTS)] {
            let mut backoff = Backoff::default();
            let mut attempts = 1;
            while backoff.next(why).is_some() {
                attempts += 1;
            }
            assert_eq!(attempts, most);
        }
    }

    #[test]
    fn tokens_differ_and_fit() {
        let (one, other) = (request_token(), request_token());
        assert_ne!(one, other);
        assert!(one.is_ok_and(|token| token.len() <= 36));
    }
}
