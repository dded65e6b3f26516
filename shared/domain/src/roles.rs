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

/// What stands before an operation besides the role. Each includes the ones before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Guard {
    /// The role is enough.
    Role,
    /// A4: a refusal is written to the audit log, because the operation takes something away.
    Logged,
    /// A5: the caller has signed in recently.
    RecentSignIn,
    /// A7: a second administrator approves, where the tenant asks for that.
    Quorum,
}

macro_rules! operations {
    ($($(#[$doc:meta])* $variant:ident = $name:literal, $allowed:ident, $guard:ident;)*) => {
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

            /// What stands before it besides the role.
            #[must_use]
            pub const fn guard(self) -> Guard {
                match self { $(Self::$variant => Guard::$guard,)* }
            }
        }
    };
}

operations! {
    /// The provider registers a tenant.
    RegisterTenant = "register-tenant", Operator, Role;
    /// K1.
    OptInTenant = "opt-in-tenant", Administrators, Role;
    /// State of the tenant.
    ReadTenant = "read-tenant", ReadersAndOperator, Role;
    /// A6.
    SetAdministrators = "set-administrators", Administrators, RecentSignIn;
    /// A7: whether a second administrator must approve; not without approval where one must.
    SetQuorum = "set-quorum", Administrators, Quorum;
    /// A7: asks the other administrators.
    RequestApproval = "request-approval", Administrators, Role;
    /// A7: says yes to what another administrator asked for.
    GiveApproval = "give-approval", Administrators, RecentSignIn;
    /// A7: what is asked for and what was given.
    ListApprovals = "list-approvals", TenantReaders, Role;
    /// The audit log.
    ListAuditEvents = "list-audit-events", TenantReaders, Role;
    /// The public key to which clients seal.
    ReadExchangeKey = "read-exchange-key", TenantReaders, Role;
    /// K2.
    GenerateKey = "generate-key", Administrators, Role;
    /// K2, K3, L4.
    UploadKey = "upload-key", Administrators, Role;
    /// K2, K3, L4.
    ImportKey = "import-key", Administrators, Role;
    /// All keys of the tenant.
    ListKeys = "list-keys", TenantReaders, Role;
    /// One key.
    ReadKey = "read-key", TenantReaders, Role;
    /// K4, K5, L4.
    ActivateKey = "activate-key", Administrators, Logged;
    /// K7.
    RollBackKey = "roll-back-key", Administrators, Quorum;
    /// K8.
    DestroyKey = "destroy-key", Administrators, Quorum;
    /// The provider registers an environment.
    RegisterEnvironment = "register-environment", Operator, Role;
    /// All environments of the tenant.
    ListEnvironments = "list-environments", ReadersAndOperator, Role;
    /// One environment.
    ReadEnvironment = "read-environment", EnvironmentReaders, Role;
    /// What happened to it.
    ReadEnvironmentHistory = "read-environment-history", EnvironmentReaders, Role;
    /// E1.
    ProtectEnvironment = "protect-environment", EnvironmentAdministrators, Role;
    /// E1, E4.
    RevertEnvironment = "revert-environment", EnvironmentAdministrators, Logged;
    /// L4.
    UnlockEnvironment = "unlock-environment", EnvironmentAdministrators, Role;
    /// E4.
    DeleteEnvironment = "delete-environment", Administrators, Quorum;
    /// E3.
    RegisterBackup = "register-backup", Operator, Role;
    /// Backups of an environment.
    ListBackups = "list-backups", EnvironmentReaders, Role;
    /// E3.
    RestoreBackup = "restore-backup", Administrators, Logged;
    /// What locking would do.
    PlanLock = "plan-lock", Administrators, Role;
    /// L1: a nonce to sign.
    ChallengePossession = "challenge-possession", Administrators, Role;
    /// L1 to L3.
    LockTenant = "lock-tenant", Administrators, Quorum;
    /// L6.
    LeaseDataKey = "lease-data-key", Workloads, Role;
    /// How far a change is.
    ReadOperation = "read-operation", TenantReaders, Role;
}

impl OperationName {
    /// A4: whether a refusal is written to the audit log, because the operation takes something away.
    #[must_use]
    pub fn is_destructive(self) -> bool {
        self.guard() >= Guard::Logged
    }

    /// A5: whether the caller must have signed in recently.
    #[must_use]
    pub fn needs_recent_sign_in(self) -> bool {
        self.guard() >= Guard::RecentSignIn
    }

    /// A7: whether a second administrator approves it, where the tenant asks for that.
    #[must_use]
    pub fn needs_quorum(self) -> bool {
        self.guard() >= Guard::Quorum
    }
}

impl fmt::Display for OperationName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
