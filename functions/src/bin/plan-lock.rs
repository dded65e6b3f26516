//! `GET /v1/tenants/{tenant}/lock/plan`
//!
//! Says what locking the tenant would do now.

use std::process::ExitCode;

use keyward_domain::OperationName;

fn main() -> ExitCode {
    keyward_functions::serve(OperationName::PlanLock)
}
