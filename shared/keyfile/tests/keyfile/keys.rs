//! Keys: made, checked, used.

use keyward_keyfile::{Fingerprint, KeyBits, KeyFileError, Limits, PrivateKey, PublicKey};
use rsa::BigUint;
use rsa::pkcs8::{DecodePrivateKey, EncodePublicKey};
use rsa::traits::{PrivateKeyParts, PublicKeyParts};

use crate::KEY;
use crate::openssl::Openssl;

const E: u32 = 65_537;

/// A prime whose next neighbour that fits the exponent is 600 away.
const PRIME: &[u8] = b"e170b33839263059f28c105d1fb17c2390c192cfd3ac94af0f21ddb66cad4a26\
8d116ece1738f7d93d9c172411e20b8f6b0d549b6f03675a1600a35a099950d8\
36f675cc81e74ef5e8e25d940ed904759531985d5d9dc9f81818e811892f902b\
d23f0824128b2f330c5c7fd0a6a3a4506513270e269e0d37f2a74de452e6b473";

/// Two primes as the chip of CVE-2017-15361 makes them.
const ROCA_PRIMES: [&[u8]; 2] = [
    b"eba38407e230e6988724c1d528ee4cdb0fbf44a7c27e96db5c2f03d4abc12e44\
cad0c421d55140f94170bb7088a27dd78bb31eb954d29011e35aa7fd8c54ca6a\
d24eec89098cb0e6a1ae1138d428086666372ebc766de281a9da5245b3799688\
28c0098f42ca1047858d1822b0518d321b23d382450b6bcf2ed8b31c8bbc5c8f",
    b"e4e37619a874db2d351317845c8cdb3e1548980598f0d76e595616320f2b92fc\
1a2bae5acdd0fcc547b64dcf5746db469a8100a0abfac0cf92e3e5abb7ac8a5f\
b22681371a8ddfdec595c88914145e9bb5ee0c22035871bc1af7d0f4c56add48\
98d3c31c9fe27db39f30b4f657ded824e8b7b6f040918d23e7999f2717f455c7",
];

struct Numbers {
    n: BigUint,
    e: BigUint,
    d: BigUint,
    p: BigUint,
    q: BigUint,
}

fn one() -> BigUint {
    BigUint::from(1u8)
}

/// The numbers of the tests' key.
fn numbers() -> Numbers {
    let key = rsa::RsaPrivateKey::from_pkcs8_der(KEY.pkcs8_der()).unwrap();
    Numbers {
        n: key.n().clone(),
        e: key.e().clone(),
        d: key.d().clone(),
        p: key.primes()[0].clone(),
        q: key.primes()[1].clone(),
    }
}

/// The inverse of the exponent modulo `order`: the least (1 + k * order) / e that is whole.
fn inverse_of_e(order: &BigUint) -> BigUint {
    let e = BigUint::from(E);
    (1..E).map(|k| order * BigUint::from(k) + one()).find(|candidate| candidate % &e == BigUint::from(0u8)).unwrap() / e
}

fn from_primes(p: BigUint, q: BigUint) -> Numbers {
    Numbers { n: &p * &q, e: BigUint::from(E), d: inverse_of_e(&((&p - one()) * (&q - one()))), p, q }
}

impl Numbers {
    /// PKCS#8 with CRT values that no reader should rely on.
    fn pkcs8(&self) -> Vec<u8> {
        let rsa = yasna::construct_der(|w| {
            w.write_sequence(|w| {
                w.next().write_u8(0);
                for number in [&self.n, &self.e, &self.d, &self.p, &self.q] {
                    w.next().write_bigint_bytes(&number.to_bytes_be(), true);
                }
                for _ in 0..3 {
                    w.next().write_u8(1);
                }
            });
        });
        yasna::construct_der(|w| {
            w.write_sequence(|w| {
                w.next().write_u8(0);
                w.next().write_sequence(|w| {
                    let oid = [1, 2, 840, 113_549, 1, 1, 1];
                    w.next().write_oid(&yasna::models::ObjectIdentifier::from_slice(&oid));
                    w.next().write_null();
                });
                w.next().write_bytes(&rsa);
            });
        })
    }

    fn refusal(&self) -> KeyFileError {
        PrivateKey::from_pkcs8(&self.pkcs8(), &Limits::default()).expect_err("to be refused")
    }

    fn why(&self) -> &'static str {
        match self.refusal() {
            KeyFileError::WeakKey { why } => why,
            other => panic!("{other}"),
        }
    }
}

#[test]
fn sound_numbers_are_taken_whatever_the_crt_values() {
    let key = PrivateKey::from_pkcs8(&numbers().pkcs8(), &Limits::default()).unwrap();
    assert_eq!(key.pkcs8_der(), KEY.pkcs8_der());
}

#[test]
fn numbers_that_do_not_belong_together() {
    let not_product = "its modulus is not the product of its primes";
    let mut wrong = numbers();
    wrong.n += BigUint::from(2u8);
    assert_eq!(wrong.why(), not_product);
    let mut wrong = numbers();
    wrong.p += BigUint::from(2u8);
    assert_eq!(wrong.why(), not_product);
    let mut wrong = numbers();
    wrong.p = wrong.n.clone();
    wrong.q = one();
    assert_eq!(wrong.why(), "one of its primes is 0 or 1");
    let mut wrong = numbers();
    wrong.d += BigUint::from(2u8);
    assert_eq!(wrong.why(), "its exponents do not belong together");
}

#[test]
fn exponents_that_cannot_be() {
    for e in [0u64, 1, 2, 65_536, 1 << 32, u64::MAX] {
        let mut wrong = numbers();
        wrong.e = BigUint::from(e);
        let why = wrong.why();
        match e {
            0 | 2 | 65_536 => assert_eq!(why, "its public exponent is even"),
            1 => assert_eq!(why, "its public exponent is 1"),
            _ => assert_eq!(why, "its public exponent is too long", "{e}"),
        }
    }
    let mut long = numbers();
    long.d = &long.d + (&long.p - one()) * (&long.q - one()) * BigUint::from(4u8);
    assert_eq!(long.why(), "a private number is longer than the modulus");
}

#[test]
fn primes_that_give_the_key_away() {
    let prime = BigUint::parse_bytes(PRIME, 16).unwrap();
    let next = &prime + BigUint::from(600u32);
    assert_eq!(from_primes(prime.clone(), next).why(), "its primes are too close to each other");
    let mut equal = from_primes(prime.clone(), prime.clone());
    equal.d = inverse_of_e(&(&prime - one()));
    assert_eq!(equal.why(), "its primes are equal");
}

/// Every congruence holds, but a "prime" is divisible by 3.
#[test]
fn a_small_factor() {
    let Numbers { p, q, .. } = numbers();
    let three = BigUint::from(3u8);
    let composite = [2u8, 4]
        .map(|step| &p + BigUint::from(step))
        .into_iter()
        .find(|candidate| candidate % &three == BigUint::from(0u8))
        .unwrap();
    assert_eq!(from_primes(composite, q).why(), "its modulus has a small factor");
}

/// Here a "prime" has large factors only, which shows when the key is used.
#[test]
fn a_factor_that_is_not_prime() {
    let Numbers { p, q, .. } = numbers();
    let small =
        |candidate: &BigUint| (3..4096_u32).any(|factor| candidate % BigUint::from(factor) == BigUint::from(0u8));
    let composite = (1..5000_u32)
        .map(|step| &p + BigUint::from(2 * step))
        .find(|candidate| {
            let orders = candidate - one();
            !small(candidate)
                && &orders % BigUint::from(E) != BigUint::from(0u8)
                && BigUint::from(2u8).modpow(&orders, candidate) != one()
        })
        .unwrap();
    assert!(from_primes(composite, q).why().contains("does not decrypt"));
}

#[test]
fn a_modulus_without_its_top_bit() {
    let mut short = numbers();
    short.n = (one() << 2046) + one();
    assert_eq!(short.why(), "the top bit of its modulus is not set");
    short.n = (one() << 2039) + one();
    assert_eq!(short.refusal().code(), "key_size_not_allowed");
}

/// Primes of the chip's form: k * M + (65537^a mod M), M being the product of the first 126 primes.
#[test]
fn a_key_of_the_faulty_chip() {
    let [p, q] = ROCA_PRIMES.map(|prime| BigUint::parse_bytes(prime, 16).unwrap());
    assert!(from_primes(p, q).why().contains("CVE-2017-15361"));
}

#[test]
fn a_modulus_of_64_kilobytes_is_refused_before_arithmetic() {
    let mut long = numbers();
    long.n = (one() << 300_000) + one();
    let refusal = long.refusal();
    assert_eq!(refusal.code(), "key_size_not_allowed");
    let mut long = numbers();
    long.p = (one() << 300_000) + one();
    assert_eq!(long.why(), "a private number is longer than the modulus");
}

#[test]
fn wrapping_is_bound_to_key_and_context() {
    let public = KEY.public_key();
    let wrapped = public.wrap(&[9; 32], b"tenant 1").unwrap();
    assert_eq!(wrapped.len(), 256);
    assert_eq!(*KEY.unwrap(&wrapped, b"tenant 1").unwrap(), [9; 32]);
    for (bytes, context) in [
        (&wrapped[..], &b"tenant 2"[..]),
        (&wrapped[..], b""),
        (&wrapped[1..], b"tenant 1"),
        (&[0; 256][..], b"tenant 1"),
        (&[0xFF; 256][..], b"tenant 1"),
        (&[][..], b"tenant 1"),
    ] {
        assert_eq!(KEY.unwrap(bytes, context).unwrap_err(), KeyFileError::NotUnwrapped);
    }
    assert_eq!(*KEY.unwrap(&public.wrap(&[1; 190], b"").unwrap(), b"").unwrap(), [1; 190]);
    assert_eq!(public.wrap(&[1; 191], b"").unwrap_err(), KeyFileError::TooLongToWrap { bytes: 191, limit: 190 });
}

#[test]
fn a_signature_is_bound_to_key_and_message() {
    let signature = KEY.sign_pss(b"message").unwrap();
    let public = KEY.public_key();
    public.verify_pss(b"message", &signature).unwrap();
    for (message, signature) in [(&b"massage"[..], &signature[..]), (b"message", &signature[1..])] {
        assert_eq!(public.verify_pss(message, signature).unwrap_err(), KeyFileError::WrongSignature);
    }
}

#[test]
fn public_keys_go_there_and_back() {
    let public = KEY.public_key();
    assert_eq!(public.bits(), 2048);
    let (n, e) = public.components();
    assert_eq!((n.len(), e), (256, vec![1, 0, 1]));
    assert_eq!(PublicKey::from_spki_der(public.spki_der()).unwrap(), *public);
    let text = serde_json::to_string(public).unwrap();
    assert_eq!(serde_json::from_str::<PublicKey>(&text).unwrap(), *public);
    assert_eq!(public.fingerprint().to_string().parse::<Fingerprint>().unwrap(), public.fingerprint());
    for wrong in [&[][..], &[0x30, 0], &public.spki_der()[1..], KEY.pkcs8_der()] {
        assert_eq!(PublicKey::from_spki_der(wrong).unwrap_err().code(), "damaged");
    }
    assert!(serde_json::from_str::<PublicKey>("\"AAAA\"").is_err());
}

#[test]
fn public_exponents_that_cannot_be() {
    for (e, refusal) in [
        (1u64, KeyFileError::Damaged { part: "public key" }),
        (65_536, KeyFileError::Damaged { part: "public key" }),
        ((1 << 32) + 1, KeyFileError::WeakKey { why: "its public exponent is too short or too long" }),
    ] {
        let key = rsa::RsaPublicKey::new_unchecked(numbers().n, BigUint::from(e));
        let spki = key.to_public_key_der().unwrap();
        assert_eq!(PublicKey::from_spki_der(spki.as_bytes()).unwrap_err(), refusal);
    }
}

#[test]
fn a_key_can_be_shared_between_threads() {
    fn shared<T: Send + Sync>(_: &T) {}
    shared(&*KEY);
    shared(KEY.public_key());
}

#[test]
fn debug_shows_the_public_part_only() {
    let shown = format!("{:?}", *KEY);
    assert!(shown.starts_with("PrivateKey(redacted, of PublicKey(RSA 2048, "), "{shown}");
}

#[test]
fn larger_keys_are_taken_where_allowed() {
    let bench = Openssl::new();
    bench.run("genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:3072 -out key.pem");
    bench.run("pkcs8 -topk8 -nocrypt -in key.pem -outform DER -out key.p8");
    bench.run("rsa -in key.pem -pubout -outform DER -out key.spki");
    let pkcs8 = bench.get("key.p8");
    let refused = PrivateKey::from_pkcs8(&pkcs8, &Limits::default()).unwrap_err();
    assert_eq!(refused.code(), "key_size_not_allowed");
    let key = PrivateKey::from_pkcs8(&pkcs8, &Limits::any_key_size()).unwrap();
    assert_eq!(key.public_key().bits(), 3072);
    assert_eq!(key.public_key().spki_der(), bench.get("key.spki"));
    assert_eq!(KeyBits::try_from(3072).unwrap(), KeyBits::Rsa3072);
    assert!(KeyBits::try_from(1024).is_err());
}
