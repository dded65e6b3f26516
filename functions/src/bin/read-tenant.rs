//! `GET /v1/tenants/{tenant}`
//!
//! Reads the tenant: its active key, its locks and the instants that matter.

use std::process::ExitCode;

use keyward_domain::OperationName;

fn main() -> ExitCode {
    keyward_functions::serve(OperationName::ReadTenant)
}
