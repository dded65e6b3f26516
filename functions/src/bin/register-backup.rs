//! `POST /v1/tenants/{tenant}/environments/{environment}/backups`
//!
//! Registers a backup of the environment with the data key generations that it needs.

use std::process::ExitCode;

use keyward_domain::OperationName;

fn main() -> ExitCode {
    keyward_functions::serve(OperationName::RegisterBackup)
}
