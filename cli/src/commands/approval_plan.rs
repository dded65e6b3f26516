//! The plan of what approval is asked for, and the name that it is confirmed by: both as the operation's own command has them.

use keyward_api::requests::{
    ApprovableOperation, DeleteEnvironmentRequest, DestroyKeyRequest, RequestApprovalRequest, RollBackKeyRequest,
    SetQuorumRequest,
};
use keyward_api::views::{EnvironmentView, KeyView, TenantView};
use keyward_domain::OperationName;

use super::{lock, tenant};
use crate::client::{Answer, Call, Session};
use crate::failure::Failure;

/// The plan as it is now.
pub(super) fn plan(session: &Session, wanted: &RequestApprovalRequest) -> Result<Answer, Failure> {
    let call = call(session, wanted)?.query("dryRun", true);
    let call = match wanted.operation {
        ApprovableOperation::LockTenant => return lock::plan(session),
        ApprovableOperation::RollBackKey => call.body(&RollBackKeyRequest::default())?,
        ApprovableOperation::DestroyKey => call.body(&DestroyKeyRequest::default())?,
        ApprovableOperation::DeleteEnvironment => call.body(&DeleteEnvironmentRequest::default())?,
        ApprovableOperation::SetQuorum => {
            // What is asked for is that it becomes other than it is.
            let required = !tenant::read(session)?.view::<TenantView>()?.quorum;
            call.body(&SetQuorumRequest { required, plan: None })?
        }
    };
    session.call(&call)
}

fn call(session: &Session, wanted: &RequestApprovalRequest) -> Result<Call, Failure> {
    on(session, OperationName::from(wanted.operation), wanted)
}

/// An operation on the environment or key that is named.
fn on(session: &Session, operation: OperationName, wanted: &RequestApprovalRequest) -> Result<Call, Failure> {
    let mut call = Call::of(session.tenant()?, operation);
    if let Some(environment) = &wanted.environment {
        call = call.with("environment", environment);
    }
    if let Some(key) = &wanted.key {
        call = call.with("key", key);
    }
    Ok(call)
}

/// The name of the environment, of the key, else of the tenant.
pub(super) fn confirming_name(session: &Session, wanted: &RequestApprovalRequest) -> Result<String, Failure> {
    let read = |operation| session.call(&on(session, operation, wanted)?);
    let name = match wanted.operation {
        ApprovableOperation::DeleteEnvironment => read(OperationName::ReadEnvironment)?.view::<EnvironmentView>()?.name,
        ApprovableOperation::DestroyKey => read(OperationName::ReadKey)?.view::<KeyView>()?.name,
        _ => tenant::read(session)?.view::<TenantView>()?.name,
    };
    Ok(name.to_string())
}
