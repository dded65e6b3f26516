//! `GET /v1/tenants/{tenant}/environments/{environment}/backups`
//!
//! Lists the backups of the environment, by identifier.

use std::process::ExitCode;

use keyward_domain::OperationName;

fn main() -> ExitCode {
    keyward_functions::serve(OperationName::ListBackups)
}
