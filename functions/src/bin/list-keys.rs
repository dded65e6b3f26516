//! `GET /v1/tenants/{tenant}/keys`
//!
//! Lists the protection keys of the tenant, destroyed ones included.

use std::process::ExitCode;

use keyward_domain::OperationName;

fn main() -> ExitCode {
    keyward_functions::serve(OperationName::ListKeys)
}
