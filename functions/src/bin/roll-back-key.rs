//! `POST /v1/tenants/{tenant}/keys/roll-back`
//!
//! Puts the former key, or the provider's, back.

use std::process::ExitCode;

use keyward_domain::OperationName;

fn main() -> ExitCode {
    keyward_functions::serve(OperationName::RollBackKey)
}
