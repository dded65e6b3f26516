//! The only place of the functions that reads a clock.

use std::time::{Duration, SystemTime};

use chrono::SubsecRound;
use keyward_domain::Instant;

/// When an invocation began and how long it may take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Invocation {
    /// The instant for which the invocation decides, in whole milliseconds; read once.
    pub(crate) now: Instant,
    /// The same moment on a clock that is never set.
    begun: std::time::Instant,
    allowed: Duration,
}

impl Invocation {
    /// Begins now and ends at Lambda's deadline.
    pub(crate) fn begin(deadline: SystemTime) -> Self {
        let now = SystemTime::now();
        Self {
            now: Instant::from(now).trunc_subsecs(3),
            begun: std::time::Instant::now(),
            allowed: deadline.duration_since(now).unwrap_or_default(),
        }
    }

    /// What is left until the deadline; zero after it.
    pub(crate) fn remaining(&self) -> Duration {
        self.allowed.saturating_sub(self.begun.elapsed())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_instant_has_whole_milliseconds() {
        let now = Invocation::begin(SystemTime::now()).now;
        assert_eq!(now.timestamp_subsec_nanos() % 1_000_000, 0);
    }

    #[test]
    fn the_deadline_bounds_what_remains() {
        let ahead = Invocation::begin(SystemTime::now() + Duration::from_secs(900)).remaining();
        assert!(ahead > Duration::from_secs(800) && ahead <= Duration::from_secs(900));
        assert_eq!(Invocation::begin(SystemTime::UNIX_EPOCH).remaining(), Duration::ZERO);
    }
}
