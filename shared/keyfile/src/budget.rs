//! The work that a file may still ask for.

use std::num::NonZeroU32;

use crate::{KeyFileError, Limits};

/// Counts work down; asked before each derivation, so that too much work is never begun.
#[derive(Debug)]
pub(crate) struct Budget {
    spent: u64,
    limit: u32,
    memory: u64,
    memory_limit: u64,
}

impl Budget {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self { spent: 0, limit: limits.iterations, memory: 0, memory_limit: limits.scrypt_bytes }
    }

    /// Takes `blocks` times `iterations` from the budget and returns the iterations as a count that a
    /// derivation accepts.
    ///
    /// # Errors
    /// `too_many_iterations`; `damaged` for no iterations at all.
    pub(crate) fn charge(&mut self, iterations: u64, blocks: u64) -> Result<NonZeroU32, KeyFileError> {
        let asked = self.spent.saturating_add(iterations.saturating_mul(blocks.max(1)));
        if asked > u64::from(self.limit) {
            return Err(KeyFileError::TooManyIterations { asked, limit: self.limit });
        }
        self.spent = asked;
        u32::try_from(iterations)
            .ok()
            .and_then(NonZeroU32::new)
            .ok_or(KeyFileError::Damaged { part: "iteration count" })
    }

    /// Checks memory that is taken for one derivation and given back after it.
    ///
    /// # Errors
    /// `too_much_memory`.
    pub(crate) fn check_memory(&mut self, bytes: u64) -> Result<(), KeyFileError> {
        if bytes > self.memory_limit {
            return Err(KeyFileError::TooMuchMemory { asked: bytes, limit: self.memory_limit });
        }
        self.memory = self.memory.max(bytes);
        Ok(())
    }

    /// Iterations taken so far.
    pub(crate) fn spent(&self) -> u64 {
        self.spent
    }

    /// The most memory that one derivation took, in bytes.
    pub(crate) fn memory(&self) -> u64 {
        self.memory
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn budget(iterations: u32) -> Budget {
        Budget::new(&Limits { iterations, scrypt_bytes: 100, ..Limits::default() })
    }

    #[test]
    fn the_limit_itself_is_allowed_and_one_more_is_not() {
        let mut budget = budget(10);
        assert!(budget.charge(4, 2).is_ok());
        assert!(budget.charge(2, 1).is_ok());
        assert_eq!(budget.charge(1, 1), Err(KeyFileError::TooManyIterations { asked: 11, limit: 10 }));
        assert_eq!(budget.spent(), 10);
    }

    #[test]
    fn a_count_that_overflows_is_too_many() {
        assert_eq!(budget(u32::MAX).charge(u64::MAX, 3).map_err(|e| e.code()), Err("too_many_iterations"));
    }

    #[test]
    fn no_iterations_at_all_is_damage() {
        assert_eq!(budget(10).charge(0, 1).map_err(|e| e.code()), Err("damaged"));
    }

    #[test]
    fn memory_is_not_summed() {
        let mut budget = budget(10);
        assert_eq!(budget.check_memory(100), Ok(()));
        assert_eq!(budget.check_memory(7), Ok(()));
        assert_eq!(budget.check_memory(101), Err(KeyFileError::TooMuchMemory { asked: 101, limit: 100 }));
        assert_eq!(budget.memory(), 100);
    }
}
