//! `GET /v1/tenants/{tenant}/environments/{environment}/history`
//!
//! Lists what happened to the environment, newest first.

use std::process::ExitCode;

use keyward_domain::OperationName;

fn main() -> ExitCode {
    keyward_functions::serve(OperationName::ReadEnvironmentHistory)
}
