//! Files, messages and signatures of other programs are taken, and those of this crate are taken by them.

mod jwe;
mod matrix;
mod pbmac1;
mod pfx_java;
mod pfx_openssl;
mod pfx_python;
mod possession;
mod programs;

use keyward_keyfile::{Encryption, Inspection, Limits, inspect, pfx};

pub(crate) use matrix::Matrix;
pub(crate) use pfx_openssl::openssl;

use crate::{KEY, password};

/// Reads a file that `maker` made with `options`, adds a row and gives back `read` or the code of the
/// refusal. The inspection has to say the same.
fn outcome(matrix: &mut Matrix, maker: &str, options: &str, file: &[u8]) -> &'static str {
    let outcome = match pfx::read(file, &password(), &Limits::default()) {
        Ok(key) => {
            assert_eq!(key.public_key(), KEY.public_key(), "{maker}, {options}");
            "read"
        }
        Err(error) => error.code(),
    };
    let inspection = inspect(file, Some(&password()), &Limits::default());
    assert_eq!(inspection.accepted, outcome == "read", "{maker}, {options}");
    if outcome == "read" {
        let (encryption, mac) = in_words(&inspection);
        matrix.add(format!("{maker} → Keyward: {encryption}; MAC"), mac, "read");
    } else {
        assert_eq!(inspection.refusals[0].code, outcome, "{maker}, {options}");
        matrix.add(format!("{maker} → Keyward"), options, format!("refused as {outcome}"));
    }
    outcome
}

/// How a file's key is encrypted, and its MAC.
fn in_words(inspection: &Inspection) -> (String, &'static str) {
    let of_keys = inspection.keys.iter().map(|key| key.encryption.as_ref());
    let of_groups = inspection.groups.iter().map(|group| group.encryption.as_ref());
    let Encryption { cipher, derivation, hash, .. } = of_keys.chain(of_groups).flatten().next().unwrap();
    let mac = inspection.mac.as_ref().unwrap();
    let open = inspection.groups.iter().filter(|group| group.encryption.is_none()).count();
    // A key encrypts itself; of the groups, one in the clear is its own and another is the certificate's.
    let certificate = if open > 1 { ", certificate in the clear" } else { "" };
    (format!("{cipher}, {derivation} {hash}{certificate}"), mac.algorithm)
}
