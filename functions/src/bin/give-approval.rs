//! `POST /v1/tenants/{tenant}/approvals/{approval}/give`
//!
//! Approves what another administrator asked for.

use std::process::ExitCode;

use keyward_domain::OperationName;

fn main() -> ExitCode {
    keyward_functions::serve(OperationName::GiveApproval)
}
