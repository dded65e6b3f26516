//! What the ports of Keyward are made of.

pub mod mail;
pub mod table;
pub mod tokens;
pub mod vault;
