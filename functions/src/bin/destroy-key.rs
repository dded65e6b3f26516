//! `POST /v1/tenants/{tenant}/keys/{key}/destroy`
//!
//! Destroys a key that nothing depends on any more.

use std::process::ExitCode;

use keyward_domain::OperationName;

fn main() -> ExitCode {
    keyward_functions::serve(OperationName::DestroyKey)
}
