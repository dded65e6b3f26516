//! The only place of the functions that reads a clock.

use std::io;
use std::time::{Duration, SystemTime};

use chrono::{SubsecRound, TimeDelta};
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
    ///
    /// # Errors
    /// Only where the clock can be moved, and its file does not read.
    pub(crate) fn begin(deadline: SystemTime) -> io::Result<Self> {
        let now = SystemTime::now();
        Ok(Self {
            now: (Instant::from(now) + moved_by()?).trunc_subsecs(3),
            begun: std::time::Instant::now(),
            allowed: deadline.duration_since(now).unwrap_or_default(),
        })
    }

    /// What is left until the deadline; zero after it.
    pub(crate) fn remaining(&self) -> Duration {
        self.allowed.saturating_sub(self.begun.elapsed())
    }
}

#[cfg(not(feature = "movable-clock"))]
#[expect(clippy::unnecessary_wraps, reason = "the other form of it reads a file")]
fn moved_by() -> io::Result<TimeDelta> {
    Ok(TimeDelta::zero())
}

/// What stands in the file that `KEYWARD_CLOCK` names: how far the local cloud's clock was moved, in milliseconds.
#[cfg(feature = "movable-clock")]
fn moved_by() -> io::Result<TimeDelta> {
    let Some(path) = std::env::var_os("KEYWARD_CLOCK").filter(|path| !path.is_empty()) else {
        return Ok(TimeDelta::zero());
    };
    match std::fs::read_to_string(path) {
        Ok(text) => text.trim().parse().map(TimeDelta::milliseconds).map_err(io::Error::other),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(TimeDelta::zero()),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_instant_has_whole_milliseconds() -> io::Result<()> {
        let now = Invocation::begin(SystemTime::now())?.now;
        assert_eq!(now.timestamp_subsec_nanos() % 1_000_000, 0);
        Ok(())
    }

    #[test]
    fn the_deadline_bounds_what_remains() -> io::Result<()> {
        let ahead = Invocation::begin(SystemTime::now() + Duration::from_secs(900))?.remaining();
        assert!(ahead > Duration::from_secs(800) && ahead <= Duration::from_secs(900));
        assert_eq!(Invocation::begin(SystemTime::UNIX_EPOCH)?.remaining(), Duration::ZERO);
        Ok(())
    }
}
