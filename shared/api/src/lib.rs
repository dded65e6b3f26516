//! The HTTP interface of Keyward, as data: the routes, the types on the wire, the problems and the OpenAPI document.
//!
//! Nothing here does I/O. The server and the command both build on it, so that they cannot disagree.

mod body;
pub mod openapi;
pub mod pages;
mod parameters;
pub mod problem;
mod query;
pub mod requests;
pub mod routes;
mod schema;
mod secret;
mod table;
pub mod views;

pub use body::{MAX_BODY_BYTES, parse_body};
pub use parameters::PathParameters;
pub use problem::Problem;
pub use query::{MOST_PER_PAGE, Query};
pub use routes::{Found, Method, ROUTES, Route, find, percent_encoded};
pub use secret::SecretText;
