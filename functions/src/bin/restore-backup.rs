//! `POST /v1/tenants/{tenant}/environments/{environment}/backups/{backup}/restore`
//!
//! Restores the data keys that the backup needs.

use std::process::ExitCode;

use keyward_domain::OperationName;

fn main() -> ExitCode {
    keyward_functions::serve(OperationName::RestoreBackup)
}
