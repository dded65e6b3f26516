//! Bearer tokens and the headers around them.

#![no_main]

mod bounded;
#[path = "../inputs/empty_house.rs"]
mod empty_house;
#[path = "../inputs/headers.rs"]
mod headers;
#[path = "../inputs/issuers.rs"]
mod issuers;
#[path = "../inputs/tokens.rs"]
mod tokens;

libfuzzer_sys::fuzz_target!(|input: &[u8]| bounded::bounded(|| tokens::run(input)));
