//! Positions of pages.

#![no_main]

mod bounded;
#[path = "../inputs/positions.rs"]
mod input;
#[path = "../inputs/one_item.rs"]
mod one_item;

libfuzzer_sys::fuzz_target!(|input: &[u8]| bounded::bounded(|| input::run(input)));
