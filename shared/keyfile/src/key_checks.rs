//! Whether the numbers in a file are a sound RSA key.

use rsa::BigUint;
use rsa::RsaPrivateKey;
use rsa::pkcs1;
use rsa::pkcs8::{EncodePrivateKey, ObjectIdentifier, PrivateKeyInfo};
use rsa::traits::{PrivateKeyParts, PublicKeyParts};
use zeroize::Zeroizing;

use crate::weakness::check_modulus;
use crate::{KeyBits, KeyFileError, Limits, der};

/// `rsaEncryption` (RFC 8017, appendix A.1).
const RSA_ENCRYPTION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");

/// How far the primes' lengths may lie from each other, in bits.
const PRIME_LENGTHS_APART: usize = 16;

/// Reads a private key and checks it; gives it back in one canonical PKCS#8 form.
///
/// The lengths are checked on the encoded numbers, before any arithmetic. The canonical form holds
/// CRT values that were computed here and no attributes, so nothing unchecked is carried on.
///
/// # Errors
/// `damaged`, `not_rsa`, `key_size_not_allowed`, `weak_key`, `nested_too_deep`.
pub(crate) fn canonical_pkcs8(pkcs8: &[u8], limits: &Limits) -> Result<Zeroizing<Vec<u8>>, KeyFileError> {
    const DAMAGED: KeyFileError = KeyFileError::Damaged { part: "private key" };
    der::scan(pkcs8, limits.depth, "private key")?;
    let info = PrivateKeyInfo::try_from(pkcs8).map_err(|_| DAMAGED)?;
    if info.algorithm.oid != RSA_ENCRYPTION {
        return Err(KeyFileError::NotRsa);
    }
    let parts = pkcs1::RsaPrivateKey::try_from(info.private_key).map_err(|_| DAMAGED)?;
    check_lengths(&parts, limits)?;
    let number = |bytes: &[u8]| BigUint::from_bytes_be(bytes);
    let key = RsaPrivateKey::from_components(
        number(parts.modulus.as_bytes()),
        number(parts.public_exponent.as_bytes()),
        number(parts.private_exponent.as_bytes()),
        vec![number(parts.prime1.as_bytes()), number(parts.prime2.as_bytes())],
    )
    .map_err(|error| weak(reason(&error)))?;
    check_strength(&key)?;
    let document = key.to_pkcs8_der().map_err(|_| DAMAGED)?;
    Ok(Zeroizing::new(document.as_bytes().to_vec()))
}

fn weak(why: &'static str) -> KeyFileError {
    KeyFileError::WeakKey { why }
}

fn bit_length(big_endian: &[u8]) -> usize {
    match big_endian.iter().position(|byte| *byte != 0) {
        Some(first) => 8 * (big_endian.len() - first) - big_endian[first].leading_zeros() as usize,
        None => 0,
    }
}

fn check_lengths(parts: &pkcs1::RsaPrivateKey<'_>, limits: &Limits) -> Result<(), KeyFileError> {
    if parts.other_prime_infos.is_some() || parts.version() != pkcs1::Version::TwoPrime {
        return Err(weak("it has more than two primes"));
    }
    let bits = bit_length(parts.modulus.as_bytes());
    // The number's bytes are as many as an allowed size has, but its top bit isn't set: the primes were
    // too short, or the number was cut.
    if !bits.is_multiple_of(8) && check_size(bits.next_multiple_of(8), limits).is_ok() {
        return Err(weak("the top bit of its modulus is not set"));
    }
    check_size(bits, limits)?;
    if bit_length(parts.public_exponent.as_bytes()) > limits.exponent_bits {
        return Err(weak("its public exponent is too long"));
    }
    if parts.public_exponent.as_bytes().last().is_none_or(|byte| byte.is_multiple_of(2)) {
        return Err(weak("its public exponent is even"));
    }
    let longest = [&parts.private_exponent, &parts.prime1, &parts.prime2]
        .into_iter()
        .map(|number| bit_length(number.as_bytes()))
        .max();
    if longest > Some(bits) {
        return Err(weak("a private number is longer than the modulus"));
    }
    Ok(())
}

/// Checks the length of a modulus against the sizes allowed.
pub(crate) fn check_size(bits: usize, limits: &Limits) -> Result<(), KeyFileError> {
    let known = limits.key_bits.iter().any(|size: &KeyBits| size.bits() as usize == bits);
    if known && bits <= limits.modulus_bits {
        Ok(())
    } else {
        Err(KeyFileError::KeySizeNotAllowed { bits, allowed: limits.key_bits.clone() })
    }
}

fn reason(error: &rsa::Error) -> &'static str {
    match error {
        rsa::Error::InvalidModulus => "its modulus is not the product of its primes",
        rsa::Error::InvalidExponent => "its exponents do not belong together",
        rsa::Error::InvalidPrime => "one of its primes is 0 or 1",
        rsa::Error::PublicExponentTooSmall => "its public exponent is 1",
        rsa::Error::PublicExponentTooLarge => "its public exponent is too long",
        _ => "its numbers do not belong together",
    }
}

/// Refuses keys whose modulus can be factored by known short cuts.
fn check_strength(key: &RsaPrivateKey) -> Result<(), KeyFileError> {
    let (p, q) = match key.primes() {
        [p, q] => (p, q),
        _ => return Err(weak("it does not have two primes")),
    };
    if p == q {
        return Err(weak("its primes are equal"));
    }
    if p.bits().abs_diff(q.bits()) > PRIME_LENGTHS_APART {
        return Err(weak("its primes are of different length"));
    }
    check_modulus(key.n())?;
    // FIPS 186-5, A.1.3: |p - q| > 2^(nlen/2 - 100), against Fermat's factorisation; and
    // d > 2^(nlen/2), against Wiener's attack.
    let half = key.n().bits() / 2;
    let distance = if p > q { p - q } else { q - p };
    if distance.bits() <= half.saturating_sub(100) {
        return Err(weak("its primes are too close to each other"));
    }
    if key.d().bits() <= half || key.d() >= key.n() {
        return Err(weak("its private exponent is too short or too long"));
    }
    Ok(())
}
