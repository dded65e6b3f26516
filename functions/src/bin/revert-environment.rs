//! `POST /v1/tenants/{tenant}/environments/{environment}/revert`
//!
//! Puts the environment back under the provider's key.

use std::process::ExitCode;

use keyward_domain::OperationName;

fn main() -> ExitCode {
    keyward_functions::serve(OperationName::RevertEnvironment)
}
