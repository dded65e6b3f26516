//! `GET /v1/tenants/{tenant}/environments/{environment}`
//!
//! Reads an environment.

use std::process::ExitCode;

use keyward_domain::OperationName;

fn main() -> ExitCode {
    keyward_functions::serve(OperationName::ReadEnvironment)
}
