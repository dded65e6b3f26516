//! Durations as they are typed: `72h`, `28d`, `90m`, `1d12h`.

use std::str::FromStr;

/// Ten years. Longer ones are a typing error.
const LONGEST_SECONDS: u64 = 3660 * 86_400;

/// A duration in whole seconds, at least one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TypedDuration(u64);

impl TypedDuration {
    /// Its length in seconds.
    pub(crate) fn seconds(self) -> u64 {
        self.0
    }
}

/// Why a text is not a duration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum DurationError {
    /// It has another form.
    #[error("write numbers with units s, m, h or d, for example 72h, 28d, 90m or 1d12h")]
    Form,
    /// It is zero or longer than ten years.
    #[error("take at least one second and at most 3660d")]
    Range,
}

impl FromStr for TypedDuration {
    type Err = DurationError;

    fn from_str(text: &str) -> Result<Self, DurationError> {
        let mut seconds: u64 = 0;
        let mut number: Option<u64> = None;
        for c in text.chars() {
            if let Some(digit) = c.to_digit(10) {
                let so_far = number.unwrap_or(0);
                let next = so_far.checked_mul(10).and_then(|n| n.checked_add(u64::from(digit)));
                number = Some(next.ok_or(DurationError::Range)?);
                continue;
            }
            let unit = match c {
                's' => 1,
                'm' => 60,
                'h' => 3600,
                'd' => 86_400,
                _ => return Err(DurationError::Form),
            };
            let part = number.take().ok_or(DurationError::Form)?.checked_mul(unit).ok_or(DurationError::Range)?;
            seconds = seconds.checked_add(part).ok_or(DurationError::Range)?;
        }
        match (number, seconds) {
            (Some(_), _) => Err(DurationError::Form),
            (None, 0) if text.is_empty() => Err(DurationError::Form),
            (None, 0) => Err(DurationError::Range),
            (None, s) if s > LONGEST_SECONDS => Err(DurationError::Range),
            (None, s) => Ok(Self(s)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read() {
        let seconds = |text: &str| text.parse::<TypedDuration>().map(TypedDuration::seconds);
        assert_eq!(seconds("72h"), Ok(259_200));
        assert_eq!(seconds("28d"), Ok(2_419_200));
        assert_eq!(seconds("90m"), Ok(5400));
        assert_eq!(seconds("1d12h"), Ok(129_600));
        assert_eq!(seconds("1s"), Ok(1));
    }

    #[test]
    fn what_is_no_duration_is_refused() {
        let error = |text: &str| text.parse::<TypedDuration>().err();
        for text in ["", "72", "h", "72 h", "-1h", "1.5h", "72H", "1h30"] {
            assert_eq!(error(text), Some(DurationError::Form), "{text:?}");
        }
        for text in ["0h", "3661d", "99999999999999999999d", "18446744073709551615d"] {
            assert_eq!(error(text), Some(DurationError::Range), "{text:?}");
        }
    }
}
