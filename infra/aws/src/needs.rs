//! What each function needs, and so may do: its role is made from this and from nothing else.
//!
//! A new operation or sweep does not compile until it is declared here. `make test-cloud` holds the functions to their
//! roles: what is missing here is refused there.

use keyward_domain::OperationName;
use keyward_service::sweeps::Sweep;

/// What a function does with items of the table. The parts of a transaction are allowed one by one, as DynamoDB does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TableAction {
    /// Reads an item.
    Get,
    /// Reads a part of a partition.
    Query,
    /// Writes an item.
    Put,
    /// Removes an item.
    Delete,
    /// Holds a transaction to an item that it does not write.
    Check,
}

impl TableAction {
    /// The name in a policy.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "dynamodb:GetItem",
            Self::Query => "dynamodb:Query",
            Self::Put => "dynamodb:PutItem",
            Self::Delete => "dynamodb:DeleteItem",
            Self::Check => "dynamodb:ConditionCheckItem",
        }
    }
}

use TableAction::{Check, Delete, Get, Put, Query};

/// What one function needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Needs {
    /// In the partitions of tenants.
    pub tenants: &'static [TableAction],
    /// In the partitions of stored answers.
    pub answers: &'static [TableAction],
    /// The kinds of due work whose part of the index `due` it reads.
    pub due: &'static [&'static str],
    /// Whether it uses the vault.
    pub vault: bool,
    /// Whether it sends mail, and takes new notices and what became of mail.
    pub mail: bool,
    /// Whether it derives or generates keys, which is all work of the processor.
    pub key_files: bool,
}

/// What the authorizer needs: it verifies tokens and asks their issuers for keys, and reads nothing else.
pub const OF_AUTHORIZER: Needs =
    Needs { tenants: &[], answers: &[], due: &[], vault: false, mail: false, key_files: false };

const READS: Needs = Needs { tenants: &[Get], ..OF_AUTHORIZER };
const LISTS: Needs = Needs { tenants: &[Get, Query], ..READS };
const CHANGES: Needs = Needs { tenants: &[Get, Put], answers: &[Get, Put], ..READS };
/// With a plan first, which lists what is touched.
const PLANS: Needs = Needs { tenants: &[Get, Query, Put], ..CHANGES };
const SWEEPS: Needs = Needs { tenants: &[Get, Query, Put, Delete], ..READS };

/// What the function of an operation needs.
#[must_use]
pub fn of_operation(operation: OperationName) -> Needs {
    use OperationName as Op;
    match operation {
        Op::ReadKey | Op::ListKeys | Op::ListApprovals | Op::ReadEnvironment | Op::ReadOperation => READS,
        Op::ReadTenant
        | Op::ListAuditEvents
        | Op::ListEnvironments
        | Op::ReadEnvironmentHistory
        | Op::ListBackups
        | Op::PlanLock => LISTS,
        Op::ReadExchangeKey => Needs { vault: true, ..READS },
        Op::RegisterTenant
        | Op::OptInTenant
        | Op::SetAdministrators
        | Op::SetQuorum
        | Op::GiveApproval
        | Op::RegisterBackup => CHANGES,
        Op::ChallengePossession => Needs { answers: &[], ..CHANGES },
        // Its plan counts the backups of an environment.
        Op::RequestApproval => PLANS,
        Op::RegisterEnvironment | Op::ProtectEnvironment => Needs { vault: true, ..CHANGES },
        Op::UnlockEnvironment => Needs { tenants: &[Get, Put, Delete], ..CHANGES },
        Op::DeleteEnvironment => Needs { tenants: &[Get, Query, Put, Delete], ..CHANGES },
        Op::RevertEnvironment | Op::RestoreBackup => Needs { vault: true, ..PLANS },
        Op::GenerateKey | Op::UploadKey | Op::ImportKey => {
            Needs { tenants: &[Get, Put, Delete], vault: true, key_files: true, ..CHANGES }
        }
        // They carry their operation on at once, as far as they get.
        Op::ActivateKey | Op::RollBackKey | Op::DestroyKey => Needs { vault: true, ..PLANS },
        Op::LockTenant => Needs { tenants: &[Get, Query, Put, Delete], vault: true, key_files: true, ..CHANGES },
        // A data key is in no stored answer.
        Op::LeaseDataKey => Needs { tenants: &[Get, Put, Check], answers: &[], vault: true, ..CHANGES },
    }
}

/// What the function of a sweep needs. The kinds are those of `shared/service/src/timers.rs`.
#[must_use]
pub fn of_sweep(sweep: Sweep) -> Needs {
    match sweep {
        Sweep::AdvanceOperations => Needs { due: &["operation", "vault-entry"], vault: true, ..SWEEPS },
        Sweep::OpenLocks => Needs { tenants: &[Get, Put, Delete], due: &["lock-opens"], ..SWEEPS },
        Sweep::SendReminders => Needs { due: &["reminder"], ..SWEEPS },
        Sweep::EnforceDeletions => Needs { due: &["deletion"], ..SWEEPS },
        Sweep::DeliverNotices => Needs { due: &["notice"], mail: true, ..SWEEPS },
    }
}
