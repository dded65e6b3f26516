//! What the ports of Keyward are made of.

pub mod http;
pub mod mail;
pub mod table;
pub mod tokens;
pub mod vault;
