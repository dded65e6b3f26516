//! `POST /v1/tenants/{tenant}/environments/{environment}/delete`
//!
//! Deletes the environment: its data keys are destroyed, for good.

use std::process::ExitCode;

use keyward_domain::OperationName;

fn main() -> ExitCode {
    keyward_functions::serve(OperationName::DeleteEnvironment)
}
