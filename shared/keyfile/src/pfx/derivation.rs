//! PKCS#12's own key derivation (RFC 7292, appendix B.2).

use std::num::NonZeroU32;

use aws_lc_rs::digest::{self, Algorithm};
use zeroize::Zeroizing;

/// What derived bytes are for (RFC 7292, appendix B.3).
#[derive(Debug, Clone, Copy)]
pub(super) enum Purpose {
    Key = 1,
    Iv = 2,
    Mac = 3,
}

/// Derives `length` bytes. `password` is UTF-16 with a final zero.
///
/// Costs `iterations` hashes for each hash block of output; the caller has them charged.
pub(super) fn derive(
    hash: &'static Algorithm,
    password: &[u8],
    salt: &[u8],
    purpose: Purpose,
    iterations: NonZeroU32,
    length: usize,
) -> Zeroizing<Vec<u8>> {
    let block = hash.block_len();
    let diversifier = vec![purpose as u8; block];
    let mut input = Zeroizing::new(Vec::with_capacity(padded(salt.len(), block) + padded(password.len(), block)));
    input.extend(salt.iter().cycle().take(padded(salt.len(), block)));
    input.extend(password.iter().cycle().take(padded(password.len(), block)));
    let mut out = Zeroizing::new(Vec::with_capacity(length + hash.output_len()));
    loop {
        let mut context = digest::Context::new(hash);
        context.update(&diversifier);
        context.update(&input);
        let mut hashed = context.finish();
        for _ in 1..iterations.get() {
            hashed = digest::digest(hash, hashed.as_ref());
        }
        out.extend_from_slice(hashed.as_ref());
        if out.len() >= length {
            out.truncate(length);
            return out;
        }
        for chunk in input.chunks_exact_mut(block) {
            add_one_more(chunk, hashed.as_ref());
        }
    }
}

/// Length filled up to whole blocks; nothing stays nothing.
fn padded(length: usize, block: usize) -> usize {
    length.div_ceil(block) * block
}

/// Adds the repeated `hashed`, and 1, to a big-endian number, modulo its length.
fn add_one_more(number: &mut [u8], hashed: &[u8]) {
    let mut carry = 1;
    for i in (0..number.len()).rev() {
        let sum = u16::from(number[i]) + u16::from(hashed[i % hashed.len()]) + carry;
        number[i] = (sum & 0xFF) as u8;
        carry = sum >> 8;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Known answers that go round among implementations: password "" (that is, two zero bytes).
    #[test]
    fn known_answers() {
        let salt = [0x9a, 0xf4, 0x70, 0x29, 0x58, 0xa8, 0xe9, 0x5c];
        let derive = |purpose, length| {
            derive(
                &digest::SHA1_FOR_LEGACY_USE_ONLY,
                &[0, 0],
                &salt,
                purpose,
                NonZeroU32::MIN.saturating_add(2047),
                length,
            )
        };
        assert_eq!(
            *derive(Purpose::Key, 24),
            [
                0xc2, 0x29, 0x4a, 0xa6, 0xd0, 0x29, 0x30, 0xeb, 0x5c, 0xe9, 0xc3, 0x29, 0xec, 0xcb, 0x9a, 0xee, 0x1c,
                0xb1, 0x36, 0xba, 0xea, 0x74, 0x65, 0x57
            ]
        );
        assert_eq!(*derive(Purpose::Iv, 8), [0x8e, 0x9f, 0x8f, 0xc7, 0x66, 0x43, 0x78, 0xbc]);
    }
}
