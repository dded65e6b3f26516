//! Keys in PEM files.

#![no_main]

mod bounded;
#[path = "../inputs/pem.rs"]
mod input;
#[path = "../inputs/limits.rs"]
mod limits;

/// The password of the seeds.
const PASSWORD: &str = "correct horse";

libfuzzer_sys::fuzz_target!(|input: &[u8]| bounded::bounded(|| input::run(input)));
