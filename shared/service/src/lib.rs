//! Operations of Keyward: each loads, lets the domain decide, and commits.

pub mod ports;
