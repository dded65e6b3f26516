//! `POST /v1/tenants/{tenant}/keys/generate`
//!
//! Generates a protection key and hands its PFX out once.

use std::process::ExitCode;

use keyward_domain::OperationName;

fn main() -> ExitCode {
    keyward_functions::serve(OperationName::GenerateKey)
}
