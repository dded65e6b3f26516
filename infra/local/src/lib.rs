//! Keyward whole on one machine: every route, the scheduled work, a mailbox folder, a development issuer of tokens and a clock that can be
//! moved forward. It listens on the loopback interface only.

pub mod clock;
mod cloud;
mod demo;
mod development;
mod house;
mod mailbox;
pub mod options;
mod people;
mod process;
mod schedule;
mod server;

pub use process::{Process, StartError, cloud_variables};
pub use server::serve;
