//! The work that a file may still ask for.

use crate::KeyFileError;

/// Counts iterations down; asked before each derivation, so that too much work is never begun.
#[derive(Debug)]
pub(crate) struct Budget {
    spent: u64,
    limit: u32,
}

impl Budget {
    pub(crate) fn new(limit: u32) -> Self {
        Self { spent: 0, limit }
    }

    /// Takes `blocks` times `iterations` from the budget and returns the iterations as a count that a
    /// derivation accepts.
    pub(crate) fn charge(&mut self, iterations: u64, blocks: u64) -> Result<std::num::NonZeroU32, KeyFileError> {
        let asked = self.spent.saturating_add(iterations.saturating_mul(blocks.max(1)));
        if asked > u64::from(self.limit) {
            return Err(KeyFileError::TooManyIterations { asked, limit: self.limit });
        }
        self.spent = asked;
        u32::try_from(iterations)
            .ok()
            .and_then(std::num::NonZeroU32::new)
            .ok_or(KeyFileError::Damaged { part: "iteration count" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_itself_is_allowed_and_one_more_is_not() {
        let mut budget = Budget::new(10);
        assert!(budget.charge(4, 2).is_ok());
        assert!(budget.charge(2, 1).is_ok());
        assert_eq!(budget.charge(1, 1), Err(KeyFileError::TooManyIterations { asked: 11, limit: 10 }));
    }

    #[test]
    fn a_count_that_overflows_is_too_many() {
        assert_eq!(Budget::new(u32::MAX).charge(u64::MAX, 3).map_err(|e| e.code()), Err("too_many_iterations"));
    }

    #[test]
    fn no_iterations_at_all_is_damage() {
        assert_eq!(Budget::new(10).charge(0, 1).map_err(|e| e.code()), Err("damaged"));
    }
}
