//! `POST /v1/tenants/{tenant}/environments/{environment}/data-keys/lease`
//!
//! Hands out a data key, good until a stated instant.

use std::process::ExitCode;

use keyward_domain::OperationName;

fn main() -> ExitCode {
    keyward_functions::serve(OperationName::LeaseDataKey)
}
