//! `POST /v1/tenants/{tenant}/keys/import`
//!
//! Brings a protection key as a transfer blob (BYOK), or presents a known one again after a lock.

use std::process::ExitCode;

use keyward_domain::OperationName;

fn main() -> ExitCode {
    keyward_functions::serve(OperationName::ImportKey)
}
