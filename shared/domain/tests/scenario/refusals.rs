//! Every rejection of every operation, in order of precedence.

use keyward_domain::Rejection;

macro_rules! variants {
    ($($name:ident),* $(,)?) => {
        /// The names of all rejections.
        pub(crate) const VARIANTS: &[&str] = &[$(stringify!($name)),*];

        /// The name of a rejection. It does not compile until every variant stands in the list below.
        pub(crate) fn variant(rejection: &Rejection) -> &'static str {
            match rejection {
                $(Rejection::$name { .. } => stringify!($name),)*
            }
        }
    };
}

variants![
    TenantNotFound,
    EnvironmentNotFound,
    KeyNotFound,
    BackupNotFound,
    OperationNotFound,
    TenantExists,
    EnvironmentExists,
    BackupExists,
    KeyExists,
    NameNotConfirmed,
    TooFewSeats,
    RegionNotEnabled,
    RegionNotOfTenant,
    AlreadyOptedIn,
    NotOptedIn,
    KeySizeNotAllowed,
    TooManyKeys,
    KeyDestroyed,
    OperationRunning,
    EnvironmentsLocked,
    WrongKey,
    KeyBarred,
    KeyChangeTooSoon,
    KeyFileRequired,
    NothingToRollBack,
    RollbackOfRollback,
    RollbackClosed,
    SameAdministrator,
    KeyActive,
    KeyInUse,
    NoActiveKey,
    NoEnvironments,
    AlreadyLocked,
    LockNotOpen,
    TooManyOpenLocks,
    PossessionNotProven,
    EnvironmentDeleted,
    EnvironmentLocked,
    NotLocked,
    KeyNotPresented,
    AlreadyProtected,
    NotProtected,
    TooManyGenerations,
    NoSuchGeneration,
    BackupExpired,
    RetentionOutOfRange,
    KeyGone,
    NotDue,
];

/// What each operation can be refused with, the first that holds wins.
pub(crate) const TABLE: &[(&str, &[&str])] = &[
    ("register-tenant", &["TenantExists"]),
    ("opt-in-tenant", &["TenantNotFound", "AlreadyOptedIn", "TooFewSeats", "RegionNotEnabled"]),
    (
        "add-key",
        &[
            "TenantNotFound",
            "NotOptedIn",
            "KeySizeNotAllowed",
            "RegionNotOfTenant",
            "RegionNotEnabled",
            "KeyDestroyed",
            "KeyExists",
            "TooManyKeys",
            "EnvironmentsLocked",
        ],
    ),
    (
        "present-key",
        &["TenantNotFound", "NotOptedIn", "KeyNotFound", "KeyDestroyed", "KeyExists", "WrongKey", "OperationRunning"],
    ),
    (
        "activate-key",
        &[
            "TenantNotFound",
            "NotOptedIn",
            "KeyNotFound",
            "KeyDestroyed",
            "EnvironmentsLocked",
            "OperationRunning",
            "KeyBarred",
            "KeyChangeTooSoon",
            "KeyFileRequired",
        ],
    ),
    (
        "roll-back-key",
        &[
            "TenantNotFound",
            "NothingToRollBack",
            "RollbackOfRollback",
            "RollbackClosed",
            "SameAdministrator",
            "EnvironmentsLocked",
            "OperationRunning",
            "KeyFileRequired",
        ],
    ),
    (
        "destroy-key",
        &["TenantNotFound", "NotOptedIn", "KeyNotFound", "KeyDestroyed", "KeyActive", "KeyInUse", "OperationRunning"],
    ),
    ("finish-operation", &["TenantNotFound", "OperationNotFound"]),
    ("rewrap-environment", &["TenantNotFound", "EnvironmentNotFound", "OperationNotFound"]),
    ("register-environment", &["TenantNotFound", "EnvironmentExists", "RegionNotOfTenant", "EnvironmentsLocked"]),
    (
        "protect-environment",
        &[
            "TenantNotFound",
            "EnvironmentNotFound",
            "EnvironmentDeleted",
            "EnvironmentLocked",
            "NotOptedIn",
            "AlreadyProtected",
            "NoActiveKey",
            "KeyFileRequired",
            "TooManyGenerations",
        ],
    ),
    (
        "revert-environment",
        &[
            "TenantNotFound",
            "EnvironmentNotFound",
            "EnvironmentDeleted",
            "EnvironmentLocked",
            "NameNotConfirmed",
            "NotProtected",
            "TooManyGenerations",
        ],
    ),
    (
        "unlock-environment",
        &["TenantNotFound", "EnvironmentNotFound", "EnvironmentDeleted", "NotLocked", "KeyNotPresented"],
    ),
    ("delete-environment", &["TenantNotFound", "EnvironmentNotFound", "EnvironmentDeleted", "NameNotConfirmed"]),
    ("enforce-deletion", &["TenantNotFound", "EnvironmentNotFound", "NotDue"]),
    (
        "register-backup",
        &[
            "TenantNotFound",
            "EnvironmentNotFound",
            "BackupExists",
            "EnvironmentDeleted",
            "EnvironmentLocked",
            "RetentionOutOfRange",
        ],
    ),
    (
        "restore-backup",
        &[
            "TenantNotFound",
            "EnvironmentNotFound",
            "EnvironmentDeleted",
            "BackupNotFound",
            "EnvironmentLocked",
            "BackupExpired",
            "KeyFileRequired",
            "KeyGone",
        ],
    ),
    (
        "lock-tenant",
        &[
            "TenantNotFound",
            "NoActiveKey",
            "NameNotConfirmed",
            "AlreadyLocked",
            "NoEnvironments",
            "TooManyOpenLocks",
            "LockNotOpen",
            "OperationRunning",
            "PossessionNotProven",
        ],
    ),
    ("open-lock", &["TenantNotFound", "NotDue"]),
    ("remind-of-deletion", &["TenantNotFound", "NotDue"]),
    (
        "lease-data-key",
        &[
            "TenantNotFound",
            "EnvironmentNotFound",
            "EnvironmentDeleted",
            "EnvironmentLocked",
            "NoSuchGeneration",
            "KeyFileRequired",
        ],
    ),
];
