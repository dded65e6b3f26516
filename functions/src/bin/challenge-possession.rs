//! `POST /v1/tenants/{tenant}/lock/challenge`
//!
//! Gives a challenge to sign with the active key.

use std::process::ExitCode;

use keyward_domain::OperationName;

fn main() -> ExitCode {
    keyward_functions::serve(OperationName::ChallengePossession)
}
