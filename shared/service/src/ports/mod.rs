//! The ports: what the operations need from outside, each as narrow as its use.

pub mod mail;
pub mod table;
pub mod vault;
