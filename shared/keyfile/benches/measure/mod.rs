//! What every bench measures with and prints with. A bench takes it in by `#[path]`.
//!
//! Time is processor time: on a machine that does something else too, waiting isn't counted.

pub(crate) mod cpu;
pub(crate) mod machine;
pub(crate) mod print;
pub(crate) mod rounds;
pub(crate) mod spread;

/// What can go wrong ends the bench and is printed.
pub(crate) type Outcome<T> = Result<T, Box<dyn std::error::Error>>;
