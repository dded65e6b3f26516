//! `GET /v1/tenants/{tenant}/environments`
//!
//! Lists the environments of the tenant, by identifier.

use std::process::ExitCode;

use keyward_domain::OperationName;

fn main() -> ExitCode {
    keyward_functions::serve(OperationName::ListEnvironments)
}
