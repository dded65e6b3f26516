//! `GET /v1/tenants/{tenant}/exchange-key`
//!
//! Reads the public key to which secrets are sealed before they are sent.

use std::process::ExitCode;

use keyward_domain::OperationName;

fn main() -> ExitCode {
    keyward_functions::serve(OperationName::ReadExchangeKey)
}
