//! `POST /v1/tenants/{tenant}/approvals`
//!
//! Asks the other administrators to approve an operation as its plan is now.

use std::process::ExitCode;

use keyward_domain::OperationName;

fn main() -> ExitCode {
    keyward_functions::serve(OperationName::RequestApproval)
}
