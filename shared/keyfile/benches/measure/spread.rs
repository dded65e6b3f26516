//! The middle of some figures and how far they spread.

use std::fmt;

/// The median, and the quartiles: half of the figures lie between them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Spread {
    pub(crate) median: f64,
    pub(crate) first_quartile: f64,
    pub(crate) third_quartile: f64,
    pub(crate) largest: f64,
}

impl Spread {
    /// `None` for no figures.
    pub(crate) fn of(figures: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut sorted: Vec<f64> = figures.into_iter().collect();
        sorted.sort_by(f64::total_cmp);
        Some(Self {
            median: quantile(&sorted, 0.5)?,
            first_quartile: quantile(&sorted, 0.25)?,
            third_quartile: quantile(&sorted, 0.75)?,
            largest: *sorted.last()?,
        })
    }
}

/// Between two figures it is interpolated.
fn quantile(sorted: &[f64], share: f64) -> Option<f64> {
    let at = (sorted.len().checked_sub(1)? as f64) * share;
    let (below, above) = (sorted.get(at.floor() as usize)?, sorted.get(at.ceil() as usize)?);
    Some(below + (above - below) * at.fract())
}

impl fmt::Display for Spread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let decimals = match self.median.abs() {
            large if large >= 100.0 => 0,
            middle if middle >= 10.0 => 1,
            _ => 2,
        };
        write!(f, "{:.decimals$} ({:.decimals$}–{:.decimals$})", self.median, self.first_quartile, self.third_quartile)
    }
}
