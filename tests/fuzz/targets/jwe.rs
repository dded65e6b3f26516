//! Sealed messages.

#![no_main]

mod bounded;
#[path = "../inputs/exchange_key.rs"]
mod exchange_key;
#[path = "../inputs/jwe.rs"]
mod input;

libfuzzer_sys::fuzz_target!(|input: &[u8]| bounded::bounded(|| input::run(input)));
