//! Requests.

#![no_main]

mod bounded;
#[path = "../inputs/api_bodies.rs"]
mod input;

libfuzzer_sys::fuzz_target!(|input: &[u8]| bounded::bounded(|| input::run(input)));
