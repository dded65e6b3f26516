//! A1: the operations and the roles that may ask for them, in one table.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What a caller is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Global administrator of the tenant.
    GlobalAdministrator,
    /// Service administrator of the tenant.
    ServiceAdministrator,
    /// System administrator of the environment that the request names.
    SystemAdministrator,
    /// Reads everything of the tenant.
    Auditor,
    /// A service that leases data keys of the environment that the request names.
    Workload,
    /// The provider's operator: registers tenants and environments, can use no tenant key.
    Operator,
}

impl Role {
    /// The role as it stands in tokens and files.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::GlobalAdministrator => "global_administrator",
            Self::ServiceAdministrator => "service_administrator",
            Self::SystemAdministrator => "system_administrator",
            Self::Auditor => "auditor",
            Self::Workload => "workload",
            Self::Operator => "operator",
        }
    }
}

/// Which roles may ask for an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Allowed {
    /// The tenant's administrators.
    Administrators,
    /// Those and the environment's system administrators.
    EnvironmentAdministrators,
    /// All who administer, and auditors.
    TenantReaders,
    /// Those and the environment's system administrators.
    EnvironmentReaders,
    /// Readers of the tenant and the provider's operator.
    ReadersAndOperator,
    /// The provider's operator.
    Operator,
    /// Workloads of the environment.
    Workloads,
}

impl Allowed {
    const fn roles(self) -> &'static [Role] {
        use Role::{Auditor, GlobalAdministrator, Operator, ServiceAdministrator, SystemAdministrator, Workload};
        match self {
            Self::Administrators => &[GlobalAdministrator, ServiceAdministrator],
            Self::EnvironmentAdministrators => &[GlobalAdministrator, ServiceAdministrator, SystemAdministrator],
            Self::TenantReaders => &[GlobalAdministrator, ServiceAdministrator, Auditor],
            Self::EnvironmentReaders => &[GlobalAdministrator, ServiceAdministrator, SystemAdministrator, Auditor],
            Self::ReadersAndOperator => &[GlobalAdministrator, ServiceAdministrator, Auditor, Operator],
            Self::Operator => &[Operator],
            Self::Workloads => &[Workload],
        }
    }
}

macro_rules! operations {
    ($($(#[$doc:meta])* $variant:ident = $name:literal, $allowed:ident, $destructive:literal;)*) => {
        /// The operations that can be asked for, by the names that function, API, command and audit log share.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum OperationName { $($(#[$doc])* $variant,)* }

        impl OperationName {
            /// All of them, in the order of `docs/operations.md`.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The name, for example `lock-tenant`.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// A1: the roles that may ask for it.
            #[must_use]
            pub const fn roles(self) -> &'static [Role] {
                match self { $(Self::$variant => Allowed::$allowed.roles(),)* }
            }

            /// A4: whether a refusal is written to the audit log, because the operation takes something away.
            #[must_use]
            pub const fn is_destructive(self) -> bool {
                match self { $(Self::$variant => $destructive,)* }
            }
        }
    };
}

operations! {
    /// The provider registers a tenant.
    RegisterTenant = "register-tenant", Operator, false;
    /// K1.
    OptInTenant = "opt-in-tenant", Administrators, false;
    /// State of the tenant.
    ReadTenant = "read-tenant", ReadersAndOperator, false;
    /// The audit log.
    ListAuditEvents = "list-audit-events", TenantReaders, false;
    /// The public key to which clients seal.
    ReadExchangeKey = "read-exchange-key", TenantReaders, false;
    /// K2.
    GenerateKey = "generate-key", Administrators, false;
    /// K2, K3, L4.
    UploadKey = "upload-key", Administrators, false;
    /// K2, K3, L4.
    ImportKey = "import-key", Administrators, false;
    /// All keys of the tenant.
    ListKeys = "list-keys", TenantReaders, false;
    /// One key.
    ReadKey = "read-key", TenantReaders, false;
    /// K4, K5, L4.
    ActivateKey = "activate-key", Administrators, true;
    /// K7.
    RollBackKey = "roll-back-key", Administrators, true;
    /// K8.
    DestroyKey = "destroy-key", Administrators, true;
    /// The provider registers an environment.
    RegisterEnvironment = "register-environment", Operator, false;
    /// All environments of the tenant.
    ListEnvironments = "list-environments", ReadersAndOperator, false;
    /// One environment.
    ReadEnvironment = "read-environment", EnvironmentReaders, false;
    /// What happened to it.
    ReadEnvironmentHistory = "read-environment-history", EnvironmentReaders, false;
    /// E1.
    ProtectEnvironment = "protect-environment", EnvironmentAdministrators, false;
    /// E1, E4.
    RevertEnvironment = "revert-environment", EnvironmentAdministrators, true;
    /// L4.
    UnlockEnvironment = "unlock-environment", EnvironmentAdministrators, false;
    /// E4.
    DeleteEnvironment = "delete-environment", Administrators, true;
    /// E3.
    RegisterBackup = "register-backup", Operator, false;
    /// Backups of an environment.
    ListBackups = "list-backups", EnvironmentReaders, false;
    /// E3.
    RestoreBackup = "restore-backup", Administrators, true;
    /// What locking would do.
    PlanLock = "plan-lock", Administrators, false;
    /// L1: a nonce to sign.
    ChallengePossession = "challenge-possession", Administrators, false;
    /// L1 to L3.
    LockTenant = "lock-tenant", Administrators, true;
    /// L6.
    LeaseDataKey = "lease-data-key", Workloads, false;
    /// How far a change is.
    ReadOperation = "read-operation", TenantReaders, false;
}

impl fmt::Display for OperationName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
