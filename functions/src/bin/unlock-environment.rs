//! `POST /v1/tenants/{tenant}/environments/{environment}/unlock`
//!
//! Unlocks the environment, once the key that locked has been presented again.

use std::process::ExitCode;

use keyward_domain::OperationName;

fn main() -> ExitCode {
    keyward_functions::serve(OperationName::UnlockEnvironment)
}
