//! `POST /v1/tenants/{tenant}/lock`
//!
//! Locks every environment of the tenant and removes the private parts of its keys from the vault.

use std::process::ExitCode;

use keyward_domain::OperationName;

fn main() -> ExitCode {
    keyward_functions::serve(OperationName::LockTenant)
}
