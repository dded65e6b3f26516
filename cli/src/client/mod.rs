//! The API, typed: an operation is named, and its method and path come from the table that the server routes by.

mod answer;
mod call;
mod development;
mod given_token;
mod pages;
mod server;
mod session;
mod signed_in;

pub(crate) use answer::Answer;
pub(crate) use call::Call;
pub(crate) use development::{ClockView, DevelopmentPerson, MovedClock};
pub(crate) use given_token::VARIABLE;
pub(crate) use server::{DEFAULT_URL, Server, is_safe};
pub(crate) use session::Session;
pub(crate) use signed_in::machine_clock;
