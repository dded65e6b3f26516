//! What of a key is secret: its private numbers, and the files that hold them.

use keyward_keyfile::PrivateKey;
use keyward_tests::{openssl::Openssl, traces::Secret};

/// One element of DER: its content and what follows it.
fn element(der: &[u8]) -> (&[u8], &[u8]) {
    let long = usize::from(der[1] & 0x7f);
    let (start, length) = match der[1] {
        short @ 0..0x80 => (2, usize::from(short)),
        _ => (2 + long, der[2..2 + long].iter().fold(0, |length, byte| length << 8 | usize::from(*byte))),
    };
    (&der[start..start + length], &der[start + length..])
}

/// The private numbers of a key, and the key whole.
pub(crate) fn parts(name: &str, key: &PrivateKey) -> Vec<Secret> {
    let der = key.pkcs8_der();
    // PKCS#8: version, algorithm, then the key of PKCS#1: version, n, e, d, p, q, dp, dq, qinv.
    let (_, rest) = element(element(der).0);
    let (_, rest) = element(rest);
    let mut numbers = element(element(rest).0).0;
    let mut secrets = vec![Secret::new(&format!("{name}: PKCS#8"), der)];
    for number in ["version", "n", "e", "d", "p", "q", "dp", "dq", "qinv"] {
        let (content, rest) = element(numbers);
        numbers = rest;
        if !["version", "n", "e"].contains(&number) {
            let digits = content.strip_prefix(&[0]).unwrap_or(content);
            assert!(digits.len() >= 126, "{number} of {} bytes", digits.len());
            secrets.push(Secret::new(&format!("{name}: {number}"), digits));
            // Its middle too, so that a cut or padded one is found.
            secrets.push(Secret::new(&format!("{name}: part of {number}"), &digits[40..72]));
        }
    }
    assert!(numbers.is_empty());
    let pem = Openssl::default();
    pem.put("key.der", der);
    pem.run("pkey -inform DER -in key.der -out key.pem");
    pem.run("rsa -in key.pem -traditional -out pkcs1.pem");
    for file in ["key.pem", "pkcs1.pem"] {
        let text = String::from_utf8(pem.get(file)).unwrap();
        // The first lines hold the version and the modulus, which are public.
        secrets.extend(Secret::pem_lines(&format!("{name}: {file}"), &text).into_iter().skip(8));
    }
    secrets
}
