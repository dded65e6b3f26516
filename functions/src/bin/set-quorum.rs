//! `POST /v1/tenants/{tenant}/quorum/set`
//!
//! Says whether a second administrator must approve what takes something away.

use std::process::ExitCode;

use keyward_domain::OperationName;

fn main() -> ExitCode {
    keyward_functions::serve(OperationName::SetQuorum)
}
