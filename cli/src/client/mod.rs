//! The API, typed: an operation is named, and its method and path come from the table that the server routes by.

mod answer;
mod call;
mod development;
mod pages;
mod server;
mod session;

pub(crate) use answer::Answer;
pub(crate) use call::Call;
pub(crate) use development::{ClockView, DevelopmentPerson, MovedClock};
pub(crate) use server::{DEFAULT_URL, Server};
pub(crate) use session::Session;
