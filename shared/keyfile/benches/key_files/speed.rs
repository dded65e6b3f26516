//! How fast keys and key files are made and read, beside openssl.

use chrono::DateTime;
use keyward_keyfile::{KeyBits, Limits, Password, PrivateKey, inspect, pfx};

use crate::measure::Outcome;
use crate::measure::rounds::{Comparison, compare, repeat};
use crate::openssl::Openssl;

/// Finding primes takes now shorter, now longer, so a round makes several keys.
pub(crate) fn generation(openssl: &Openssl) -> Outcome<Vec<Comparison>> {
    [(KeyBits::Rsa2048, 12, 8), (KeyBits::Rsa3072, 8, 3), (KeyBits::Rsa4096, 7, 2)]
        .into_iter()
        .map(|(bits, rounds, each)| {
            let option = format!("rsa_keygen_bits:{}", bits.bits());
            compare(
                format!("generate an RSA-{} key", bits.bits()),
                rounds,
                each,
                || repeat(each, || Ok(PrivateKey::generate(bits)?)),
                || openssl.repeat(each, &["genpkey", "-algorithm", "RSA", "-pkeyopt", &option, "-out", "new.pem"]),
            )
        })
        .collect()
}

/// Both sides derive the keys of both parts and of the MAC with [`pfx::ITERATIONS`] each.
pub(crate) fn files(openssl: &Openssl) -> Outcome<Vec<Comparison>> {
    const ROUNDS: u32 = 7;
    let key = PrivateKey::generate(KeyBits::Rsa2048)?;
    let password = Password::new(crate::PASSWORD)?;
    let noon = DateTime::from_timestamp(1_800_000_000, 0).ok_or("no instant")?;
    let write = || Ok(pfx::write(&key, &password, "bench", noon)?);

    let file = write()?;
    openssl.put("ours.pfx", &file)?;
    let pass = format!("pass:{}", crate::PASSWORD);
    let read = ["pkcs12", "-in", "ours.pfx", "-noenc", "-passin", &pass];
    openssl.put("key.pem", &openssl.run(&[&read[..], &["-nocerts"]].concat())?)?;
    openssl.put("cert.pem", &openssl.run(&[&read[..], &["-nokeys"]].concat())?)?;
    let iterations = pfx::ITERATIONS.to_string();
    let export = [
        "pkcs12",
        "-export",
        "-inkey",
        "key.pem",
        "-in",
        "cert.pem",
        "-name",
        "bench",
        "-iter",
        &iterations,
        "-passout",
        &pass,
        "-out",
        "theirs.pfx",
    ];
    openssl.run(&export)?;
    same_work(&file, &openssl.get("theirs.pfx")?, &password)?;

    let written = compare("write a PFX file", ROUNDS, 1, || repeat(1, write), || openssl.repeat(1, &export))?;
    let limits = Limits::default();
    let ours = || repeat(1, || Ok(pfx::read(&file, &password, &limits)?));
    let read = compare("read a PFX file", ROUNDS, 1, ours, || openssl.repeat(1, &read))?;
    Ok(vec![written, read])
}

/// A comparison is only one if both files ask for the same iterations under the same algorithms.
fn same_work(ours: &[u8], theirs: &[u8], password: &Password) -> Outcome<()> {
    let limits = Limits::default();
    let [ours, theirs] = [ours, theirs].map(|file| inspect(file, Some(password), &limits));
    let same = ours.accepted
        && theirs.accepted
        && ours.iterations == theirs.iterations
        && ours.mac == theirs.mac
        && ours.groups == theirs.groups
        && ours.keys.iter().map(|key| &key.encryption).eq(theirs.keys.iter().map(|key| &key.encryption));
    if same {
        Ok(())
    } else {
        Err(format!("the files can't be compared\nKeyward's: {ours:?}\nopenssl's: {theirs:?}").into())
    }
}

/// A data key unwrapped with a key that stays parsed, beside signatures: both are one private operation.
pub(crate) fn unwrapping(openssl: &Openssl) -> Outcome<Vec<Comparison>> {
    const UNWRAPS: u32 = 3000;
    let key = PrivateKey::generate(KeyBits::Rsa2048)?;
    let wrapped = key.public_key().wrap(&[7; 32], b"context")?;
    let ours = || repeat(UNWRAPS, || Ok(key.unwrap(&wrapped, b"context")?));
    let what = "unwrap a data key (RSA-2048)";
    Ok(vec![compare(what, 5, UNWRAPS, ours, || openssl.private_operations())?])
}
