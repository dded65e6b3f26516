//! `GET /v1/tenants/{tenant}/operations/{operation}`
//!
//! Says how far a change is.

use std::process::ExitCode;

use keyward_domain::OperationName;

fn main() -> ExitCode {
    keyward_functions::serve(OperationName::ReadOperation)
}
