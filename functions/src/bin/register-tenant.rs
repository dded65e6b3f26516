//! `POST /v1/tenants`
//!
//! Registers a tenant.

use std::process::ExitCode;

use keyward_domain::OperationName;

fn main() -> ExitCode {
    keyward_functions::serve(OperationName::RegisterTenant)
}
