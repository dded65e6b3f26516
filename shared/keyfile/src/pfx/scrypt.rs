//! scrypt and its parameters (RFC 7914).

use ::scrypt::{Params, scrypt};
use p12::OtherAlgorithmIdentifier;
use zeroize::Zeroizing;

use super::algorithm::parameters;
use crate::budget::Budget;
use crate::{KeyFileError, Password};

/// scrypt as a file asks for it.
pub(super) struct Scrypt {
    salt: Vec<u8>,
    /// N, the count of blocks in memory.
    cost: u64,
    /// r, the length of a block in units of 128 bytes.
    block: u64,
    /// p, how often it is done all over.
    parallel: u64,
    key_bytes: Option<u64>,
}

impl Scrypt {
    /// Reads the parameters (RFC 7914, section 7).
    ///
    /// # Errors
    /// `damaged`.
    pub(super) fn parse(algorithm: &OtherAlgorithmIdentifier, part: &'static str) -> Result<Self, KeyFileError> {
        parameters(algorithm, part, |r| {
            r.read_sequence(|params| {
                Ok(Self {
                    salt: params.next().read_bytes()?,
                    cost: params.next().read_u64()?,
                    block: params.next().read_u64()?,
                    parallel: params.next().read_u64()?,
                    key_bytes: params.read_optional(|r| r.read_u64())?,
                })
            })
        })
    }

    /// Memory that it takes, in bytes: N blocks, one for each pass, and one to work on.
    fn memory(&self) -> u64 {
        let blocks = self.cost.saturating_add(self.parallel).saturating_add(1);
        blocks.saturating_mul(self.block).saturating_mul(128)
    }

    /// What it costs, in iterations: each 128 bytes are filled once and mixed once, which takes four
    /// Salsa20/8 cores, about as long as one iteration of PBKDF2 with its two SHA-256 blocks.
    pub(super) fn iterations(&self) -> u64 {
        self.cost.saturating_mul(self.block).saturating_mul(self.parallel)
    }

    /// Checks and charges what deriving costs, without doing it.
    ///
    /// # Errors
    /// `too_much_memory`, `too_many_iterations`, and `damaged` for parameters that can't be.
    pub(super) fn charge(&self, budget: &mut Budget, part: &'static str) -> Result<(), KeyFileError> {
        let sound = self.cost.is_power_of_two() && self.cost > 1 && self.block > 0 && self.parallel > 0;
        if !sound {
            return Err(KeyFileError::Damaged { part });
        }
        budget.check_memory(self.memory())?;
        budget.charge(self.iterations(), 1).map(|_| ())
    }

    /// Derives a key. What it costs is charged first.
    ///
    /// # Errors
    /// Those of [`charge`](Self::charge).
    pub(super) fn derive(
        &self,
        key_bytes: usize,
        password: &Password,
        budget: &mut Budget,
        part: &'static str,
    ) -> Result<Zeroizing<Vec<u8>>, KeyFileError> {
        const DAMAGED: fn(&'static str) -> KeyFileError = |part| KeyFileError::Damaged { part };
        if self.key_bytes.is_some_and(|stated| stated != key_bytes as u64) {
            return Err(DAMAGED(part));
        }
        self.charge(budget, part)?;
        let (Ok(block), Ok(parallel)) = (u32::try_from(self.block), u32::try_from(self.parallel)) else {
            return Err(DAMAGED(part));
        };
        // A power of two below 2^64 has a logarithm of one byte.
        let params = Params::new(self.cost.ilog2() as u8, block, parallel, key_bytes).map_err(|_| DAMAGED(part))?;
        let mut key = Zeroizing::new(vec![0; key_bytes]);
        scrypt(password.utf8(), &self.salt, &params, &mut key).map_err(|_| DAMAGED(part))?;
        Ok(key)
    }
}
