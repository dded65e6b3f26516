//! `GET /v1/tenants/{tenant}/audit-events`
//!
//! Lists the audit log of the tenant, oldest first.

use std::process::ExitCode;

use keyward_domain::OperationName;

fn main() -> ExitCode {
    keyward_functions::serve(OperationName::ListAuditEvents)
}
