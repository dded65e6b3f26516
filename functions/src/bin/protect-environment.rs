//! `POST /v1/tenants/{tenant}/environments/{environment}/protect`
//!
//! Puts the environment under the tenant's active key.

use std::process::ExitCode;

use keyward_domain::OperationName;

fn main() -> ExitCode {
    keyward_functions::serve(OperationName::ProtectEnvironment)
}
