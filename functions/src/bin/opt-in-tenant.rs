//! `POST /v1/tenants/{tenant}/opt-in`
//!
//! Opts the tenant in, before its first key.

use std::process::ExitCode;

use keyward_domain::OperationName;

fn main() -> ExitCode {
    keyward_functions::serve(OperationName::OptInTenant)
}
