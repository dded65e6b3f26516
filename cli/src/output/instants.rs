//! Instants in UTC, with how far away they are by the server's clock.

use chrono::{DateTime, TimeDelta, Utc};

/// The server's clock when it answered. This machine's clock is not asked: a local server's can be moved.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Clock(Option<DateTime<Utc>>);

impl Clock {
    /// From the answer's `Date`, if it had one.
    pub(crate) fn new(now: Option<DateTime<Utc>>) -> Self {
        Self(now)
    }

    /// An instant, and how far away it is.
    pub(crate) fn instant(self, at: DateTime<Utc>) -> String {
        let text = at.format("%Y-%m-%d %H:%M:%S UTC");
        match self.0.map(|now| at - now) {
            None => text.to_string(),
            Some(away) if away.num_seconds() > 0 => format!("{text}, in {}", duration_text(away)),
            Some(away) => format!("{text}, {} ago", duration_text(-away)),
        }
    }

    /// The same, or a dash.
    pub(crate) fn maybe(self, at: Option<DateTime<Utc>>) -> String {
        at.map_or_else(|| "-".to_owned(), |at| self.instant(at))
    }
}

/// A duration by its two largest units, rounded down. Up to 96 h it is in hours, as the rules are.
pub(crate) fn duration_text(length: TimeDelta) -> String {
    let seconds = length.num_seconds().max(0);
    let (minutes, hours) = (seconds / 60, seconds / 3600);
    match (hours, minutes) {
        (0, 0) => format!("{seconds} s"),
        (0, _) => format!("{minutes} min"),
        (1..=96, _) => match minutes % 60 {
            0 => format!("{hours} h"),
            rest => format!("{hours} h {rest} min"),
        },
        _ => match hours % 24 {
            0 => format!("{} d", hours / 24),
            rest => format!("{} d {rest} h", hours / 24),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_two_units() {
        let text = |seconds| duration_text(TimeDelta::seconds(seconds));
        let rows = [
            (0, "0 s"),
            (59, "59 s"),
            (60, "1 min"),
            (3600, "1 h"),
            (72 * 3600 - 1, "71 h 59 min"),
            (72 * 3600, "72 h"),
            (28 * 86_400, "28 d"),
            (28 * 86_400 - 1, "27 d 23 h"),
        ];
        for (seconds, expected) in rows {
            assert_eq!(text(seconds), expected);
        }
    }

    #[test]
    fn an_instant_is_relative_to_the_servers_clock() {
        let at = DateTime::UNIX_EPOCH + TimeDelta::hours(1);
        let clock = |seconds| Clock::new(Some(DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds)));
        assert_eq!(Clock::default().instant(at), "1970-01-01 01:00:00 UTC");
        assert_eq!(clock(0).instant(at), "1970-01-01 01:00:00 UTC, in 1 h");
        assert_eq!(clock(3660).instant(at), "1970-01-01 01:00:00 UTC, 1 min ago");
    }
}
