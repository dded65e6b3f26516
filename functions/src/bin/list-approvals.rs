//! `GET /v1/tenants/{tenant}/approvals`
//!
//! Lists the approvals that are asked for, or given and not used, oldest first.

use std::process::ExitCode;

use keyward_domain::OperationName;

fn main() -> ExitCode {
    keyward_functions::serve(OperationName::ListApprovals)
}
