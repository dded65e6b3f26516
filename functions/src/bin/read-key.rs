//! `GET /v1/tenants/{tenant}/keys/{key}`
//!
//! Reads a protection key with its public part.

use std::process::ExitCode;

use keyward_domain::OperationName;

fn main() -> ExitCode {
    keyward_functions::serve(OperationName::ReadKey)
}
