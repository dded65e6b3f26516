//! `POST /v1/tenants/{tenant}/administrators/set`
//!
//! Sets who administers the tenant and gets its notices.

use std::process::ExitCode;

use keyward_domain::OperationName;

fn main() -> ExitCode {
    keyward_functions::serve(OperationName::SetAdministrators)
}
