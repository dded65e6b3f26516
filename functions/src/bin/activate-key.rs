//! `POST /v1/tenants/{tenant}/keys/{key}/activate`
//!
//! Makes the key the active one; after a lock, presents the key that locked again.

use std::process::ExitCode;

use keyward_domain::OperationName;

fn main() -> ExitCode {
    keyward_functions::serve(OperationName::ActivateKey)
}
