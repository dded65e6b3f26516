//! Instants as scenarios write them: `71h59m59s`, `28d`, `72h-1s`, and `+1s` after the line before.

use chrono::{TimeDelta, TimeZone, Utc};
use keyward_domain::Instant;

/// `0h` of every scenario.
pub(crate) fn start() -> Instant {
    Utc.timestamp_opt(1_767_225_600, 0).single().unwrap_or_default()
}

fn unit(letter: char) -> Option<i64> {
    match letter {
        'd' => Some(86_400),
        'h' => Some(3600),
        'm' => Some(60),
        's' => Some(1),
        _ => None,
    }
}

/// Reads an instant; one that begins with `+` counts from `before`.
///
/// # Errors
/// What is wrong with the text.
pub(crate) fn read(text: &str, before: Instant) -> Result<Instant, String> {
    let wrong = || format!("`{text}` is not an instant such as 72h, 28d-1s or +1s");
    let (mut seconds, mut sign, mut number) = (0_i64, 1_i64, None::<i64>);
    for letter in text.chars() {
        match (letter.to_digit(10), unit(letter), letter) {
            (Some(digit), _, _) => number = Some(number.unwrap_or(0) * 10 + i64::from(digit)),
            (_, Some(length), _) => seconds += sign * length * number.take().ok_or_else(wrong)?,
            (_, _, '+') => sign = 1,
            (_, _, '-') => sign = -1,
            _ => return Err(wrong()),
        }
    }
    if number.is_some() || text.is_empty() {
        return Err(wrong());
    }
    let from = if text.starts_with('+') { before } else { start() };
    Ok(from + TimeDelta::seconds(seconds))
}

/// Writes an instant as hours, minutes and seconds after the start.
pub(crate) fn write(instant: Instant) -> String {
    let seconds = (instant - start()).num_seconds();
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    let mut text = format!("{hours}h");
    if minutes != 0 {
        text += &format!("{minutes}m");
    }
    if seconds != 0 {
        text += &format!("{seconds}s");
    }
    text
}

#[test]
fn instants_are_read_and_written() -> Result<(), String> {
    let before = read("72h", start())?;
    let pairs =
        [("71h59m59s", "71h59m59s"), ("28d", "672h"), ("28d-1s", "671h59m59s"), ("+1s", "72h1s"), ("3d+5m", "72h5m")];
    for (text, written) in pairs {
        assert_eq!(write(read(text, before)?), written, "{text}");
    }
    for wrong in ["", "72", "h", "7x", "1h2"] {
        assert!(read(wrong, before).is_err(), "{wrong}");
    }
    Ok(())
}
