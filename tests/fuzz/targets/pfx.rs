//! Key files.

#![no_main]

mod bounded;
#[path = "../../../shared/keyfile/tests/keyfile/crafted.rs"]
#[expect(dead_code, reason = "shared with the tests, which use the rest")]
mod crafted;
#[path = "../inputs/pfx.rs"]
mod input;
#[path = "../inputs/limits.rs"]
mod limits;

/// The password of the seeds.
const PASSWORD: &str = "correct horse";

libfuzzer_sys::fuzz_target!(|input: &[u8]| bounded::bounded(|| input::run(input)));
