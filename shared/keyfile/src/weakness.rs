//! Keys whose modulus gives them away.

use rsa::BigUint;

use crate::KeyFileError;

/// Factors below this are looked for by division.
const SMALL_FACTORS_BELOW: u32 = 4096;

/// The primes of the published test for CVE-2017-15361 ("The Return of Coppersmith's Attack", 2017):
/// the chip's primes, and so their products, are powers of 65537 modulo each of them.
const ROCA_PRIMES: [u32; 38] = [
    3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103, 107, 109,
    113, 127, 131, 137, 139, 149, 151, 157, 163, 167,
];

const ROCA_GENERATOR: u32 = 65_537;

/// Checks what can be seen in the modulus alone.
///
/// # Errors
/// `weak_key` with the reason.
pub(crate) fn check_modulus(modulus: &BigUint) -> Result<(), KeyFileError> {
    let modulus = Digits::of(modulus);
    let why = if modulus.has_small_factor() {
        "its modulus has a small factor"
    } else if modulus.is_roca() {
        "its modulus has the shape that a faulty chip gives it (ROCA, CVE-2017-15361)"
    } else {
        return Ok(());
    };
    Err(KeyFileError::WeakKey { why })
}

/// A number in digits of 32 bits, the first one the highest.
struct Digits(Vec<u32>);

impl Digits {
    fn of(number: &BigUint) -> Self {
        let mut bytes = number.to_bytes_le();
        bytes.resize(bytes.len().next_multiple_of(4), 0);
        let digits = bytes.chunks_exact(4).rev();
        Self(digits.map(|digit| digit.iter().rev().fold(0, |sum, byte| sum << 8 | u32::from(*byte))).collect())
    }

    fn remainder(&self, divisor: u32) -> u32 {
        let divisor = u64::from(divisor);
        // What remains is below the divisor, so it fits.
        self.0.iter().fold(0, |rest, digit| (rest << 32 | u64::from(*digit)) % divisor) as u32
    }

    fn has_small_factor(&self) -> bool {
        self.remainder(2) == 0 || (3..SMALL_FACTORS_BELOW).step_by(2).any(|factor| self.remainder(factor) == 0)
    }

    fn is_roca(&self) -> bool {
        ROCA_PRIMES.iter().all(|prime| is_power(self.remainder(*prime), *prime))
    }
}

/// Whether `number` is a power of the generator modulo `prime`.
fn is_power(number: u32, prime: u32) -> bool {
    let mut power = 1;
    loop {
        if power == number {
            return true;
        }
        power = power * (ROCA_GENERATOR % prime) % prime;
        if power == 1 {
            return false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The published test states the powers modulo each prime as bits of a number.
    #[test]
    fn powers_are_those_of_the_published_masks() {
        let masks: [u128; 16] = [
            6,
            30,
            126,
            1026,
            5658,
            107_286,
            199_410,
            8_388_606,
            536_870_910,
            2_147_483_646,
            67_109_890,
            2_199_023_255_550,
            8_796_093_022_206,
            140_737_488_355_326,
            5_310_023_542_746_834,
            576_460_752_303_423_486,
        ];
        for (prime, mask) in ROCA_PRIMES.into_iter().zip(masks) {
            let powers = (0..prime).filter(|n| is_power(*n, prime)).fold(0, |bits, n| bits | 1_u128 << n);
            assert_eq!(powers, mask, "{prime}");
        }
    }

    #[test]
    fn small_factors_are_found() {
        let large = (BigUint::from(1u8) << 2047) + BigUint::from(1u8);
        for factor in [2_u32, 3, 5, 4093] {
            assert!(Digits::of(&(&large * BigUint::from(factor))).has_small_factor(), "{factor}");
        }
        assert!(!Digits::of(&(BigUint::from(4099_u32) * BigUint::from(4111_u32))).has_small_factor());
    }

    #[test]
    fn digits_are_those_of_the_number() {
        let number = BigUint::from(0x0001_2345_6789_ABCD_u64) << 40;
        for divisor in [3_u32, 7, 65_521, u32::MAX] {
            assert_eq!(BigUint::from(Digits::of(&number).remainder(divisor)), &number % BigUint::from(divisor));
        }
        assert_eq!(Digits::of(&BigUint::from(0u8)).remainder(7), 0);
    }
}
