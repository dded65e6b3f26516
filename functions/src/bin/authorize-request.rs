//! The authorizer of the API: asked by the gateway before every request.
//!
//! Verifies the bearer token and tells who calls (A1, A2).

use std::process::ExitCode;

fn main() -> ExitCode {
    keyward_functions::authorize_requests()
}
