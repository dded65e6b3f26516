//! Two sides measured in turn, so that what disturbs the machine disturbs both.

use std::time::Duration;

use super::spread::Spread;
use super::{Outcome, cpu};

/// How often one round of a side did the work, per second of processor time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rate {
    /// As it was measured.
    pub(crate) raw: f64,
    /// Without what it costs to start the program, where one was started for each piece of work.
    pub(crate) less_start: Option<f64>,
}

impl Rate {
    /// `times` pieces of work within `took`.
    pub(crate) fn of(times: u32, took: Duration) -> Self {
        Self { raw: f64::from(times) / took.as_secs_f64(), less_start: None }
    }

    /// `times` pieces of work within `took`, a program started for each.
    pub(crate) fn of_programs(times: u32, took: Duration, start: Duration) -> Self {
        let less_start = Self::of(times, took.saturating_sub(start * times)).raw;
        Self { less_start: Some(less_start), ..Self::of(times, took) }
    }

    /// The one to compare with.
    fn fair(self) -> f64 {
        self.less_start.unwrap_or(self.raw)
    }
}

/// Does `work` so many times in this process.
pub(crate) fn repeat<T>(times: u32, mut work: impl FnMut() -> Outcome<T>) -> Outcome<Rate> {
    let (done, took) = cpu::here(|| (0..times).try_for_each(|_| work().map(|_| ())))?;
    done.map(|()| Rate::of(times, took))
}

/// What the rounds of both sides gave.
#[derive(Debug, Clone)]
pub(crate) struct Comparison {
    pub(crate) what: String,
    pub(crate) ours: Spread,
    pub(crate) theirs: Spread,
    pub(crate) theirs_less_start: Option<Spread>,
    /// Ours divided by theirs less the start, round by round.
    pub(crate) ratio: Spread,
    /// Rounds, and pieces of work in each round of ours.
    pub(crate) rounds: (u32, u32),
}

/// Measures ours, theirs, ours, theirs and so on. `each` is how many pieces of work a round of ours
/// does, for the table.
pub(crate) fn compare(
    what: impl Into<String>,
    rounds: u32,
    each: u32,
    mut ours: impl FnMut() -> Outcome<Rate>,
    mut theirs: impl FnMut() -> Outcome<Rate>,
) -> Outcome<Comparison> {
    let pairs = (0..rounds).map(|_| Ok((ours()?, theirs()?))).collect::<Outcome<Vec<(Rate, Rate)>>>()?;
    let spread = |figure: fn(&(Rate, Rate)) -> f64| Spread::of(pairs.iter().map(figure)).ok_or("no rounds");
    Ok(Comparison {
        what: what.into(),
        ours: spread(|(ours, _)| ours.raw)?,
        theirs: spread(|(_, theirs)| theirs.raw)?,
        theirs_less_start: Spread::of(pairs.iter().filter_map(|(_, theirs)| theirs.less_start)),
        ratio: spread(|(ours, theirs)| ours.fair() / theirs.fair())?,
        rounds: (rounds, each),
    })
}
