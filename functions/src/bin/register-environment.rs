//! `POST /v1/tenants/{tenant}/environments`
//!
//! Registers an environment; it begins managed by the provider's key.

use std::process::ExitCode;

use keyward_domain::OperationName;

fn main() -> ExitCode {
    keyward_functions::serve(OperationName::RegisterEnvironment)
}
