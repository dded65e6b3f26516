//! `keyward data-key`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use keyward_api::requests::LeaseDataKeyRequest;
use keyward_api::views::LeasedDataKeyView;
use keyward_domain::{EnvironmentId, OperationName};
use serde_json::json;
use zeroize::Zeroizing;

use crate::client::{Answer, Call, Session};
use crate::failure::Failure;
use crate::grammar::DataKeyCommand;
use crate::key_files::NewFile;
use crate::output::Sheet;
use crate::sealing::DataKeyBytes;

/// Runs a command about data keys.
pub(crate) fn run(session: &Session, command: &DataKeyCommand) -> Result<(), Failure> {
    let DataKeyCommand::Lease { environment, generation, output_key } = command;
    let file = output_key.as_deref().map(NewFile::create).transpose()?;
    let (answer, leased) = lease(session, environment, *generation)?;
    if let Some(file) = file {
        file.fill(key_bytes(&leased)?.as_slice())?;
    }
    // The key itself is left out.
    let shown = json!({
        "environment": leased.environment, "generation": leased.generation, "leaseEndsAt": leased.lease_ends_at,
    });
    session.output().result(&shown, || {
        Sheet::new()
            .fact("environment", &leased.environment)
            .fact("generation", leased.generation)
            .fact("lease ends", answer.clock().instant(leased.lease_ends_at))
            .maybe("key written to", output_key.as_ref().map(|path| path.display()))
            .text()
    })
}

/// Leases a data key.
pub(crate) fn lease(
    session: &Session,
    environment: &EnvironmentId,
    generation: Option<u32>,
) -> Result<(Answer, LeasedDataKeyView), Failure> {
    let call = Call::of(session.tenant()?, OperationName::LeaseDataKey)
        .with("environment", environment)
        .body(&LeaseDataKeyRequest { generation })?;
    let answer = session.call(&call)?;
    let leased = answer.view()?;
    Ok((answer, leased))
}

/// The key in a lease.
pub(crate) fn key_bytes(leased: &LeasedDataKeyView) -> Result<DataKeyBytes, Failure> {
    let malformed = || Failure::unexpected("the data key that the server leased is not 32 bytes in base64");
    let decoded = Zeroizing::new(STANDARD.decode(leased.data_key.expose()).map_err(|_| malformed())?);
    let mut key = Zeroizing::new([0; 32]);
    if decoded.len() != key.len() {
        return Err(malformed());
    }
    key.copy_from_slice(&decoded);
    Ok(key)
}
