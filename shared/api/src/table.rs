//! The routes.

use keyward_domain::OperationName as Op;

use crate::query::MOST_PER_PAGE;
use crate::routes::{Answer, Method, QueryKind, QueryParameter, Route};

const DRY_RUN: QueryParameter = QueryParameter {
    name: "dryRun",
    kind: QueryKind::Boolean,
    description: "With true, nothing is changed and the answer is the plan.",
};
const AFTER: QueryParameter = QueryParameter {
    name: "after",
    kind: QueryKind::Opaque,
    description: "Where the page begins, as `nextLink` of the page before says.",
};
const LIMIT: QueryParameter =
    QueryParameter { name: "limit", kind: QueryKind::UpTo(MOST_PER_PAGE), description: "Most elements of the page." };
const MANAGED_BY: QueryParameter = QueryParameter {
    name: "managedBy",
    kind: QueryKind::OneOf(&["provider", "tenant"]),
    description: "Only environments whose data keys are wrapped by a key that this one holds.",
};
const LOCKED: QueryParameter = QueryParameter {
    name: "locked",
    kind: QueryKind::Boolean,
    description: "Only environments that are locked, or only those that are not.",
};

const NOTHING: &[QueryParameter] = &[];
const PLANNED: &[QueryParameter] = &[DRY_RUN];
const PAGED: &[QueryParameter] = &[AFTER, LIMIT];

const EMPTY: &str = "EmptyRequest";
const DONE: &str = "Done.";
const ADDED: &str = "Added.";
const ACCEPTED: &str = "Decided; the operation does the rest. `Operation-Location` says where to follow it.";
const PLAN: Answer =
    Answer { status: 200, schema: "PlanView", description: "With `dryRun=true`: the plan. Nothing was changed." };

const fn answer(status: u16, schema: &'static str, description: &'static str) -> Answer {
    Answer { status, schema, description }
}

const fn get(operation: Op, path: &'static str, summary: &'static str, answers: &'static [Answer]) -> Route {
    Route {
        operation,
        method: Method::Get,
        path,
        summary,
        query: NOTHING,
        request: None,
        body_optional: false,
        answers,
    }
}

const fn post(
    operation: Op,
    path: &'static str,
    summary: &'static str,
    request: &'static str,
    answers: &'static [Answer],
) -> Route {
    Route {
        operation,
        method: Method::Post,
        path,
        summary,
        query: NOTHING,
        request: Some(request),
        body_optional: false,
        answers,
    }
}

impl Route {
    const fn with(self, query: &'static [QueryParameter]) -> Self {
        Self { query, ..self }
    }

    const fn without_body(self) -> Self {
        Self { body_optional: true, ..self }
    }
}

/// Every operation that can be asked for over HTTP, in the order of `docs/operations.md`.
pub const ROUTES: &[Route] = &[
    post(
        Op::RegisterTenant,
        "/v1/tenants",
        "Registers a tenant.",
        "RegisterTenantRequest",
        &[answer(201, "TenantView", ADDED)],
    ),
    post(
        Op::OptInTenant,
        "/v1/tenants/{tenant}/opt-in",
        "Opts the tenant in, before its first key.",
        EMPTY,
        &[answer(200, "TenantView", DONE)],
    )
    .without_body(),
    get(
        Op::ReadTenant,
        "/v1/tenants/{tenant}",
        "Reads the tenant: its active key, its locks and the instants that matter.",
        &[answer(200, "TenantView", "The tenant.")],
    ),
    post(
        Op::SetAdministrators,
        "/v1/tenants/{tenant}/administrators/set",
        "Sets who administers the tenant and gets its notices.",
        "SetAdministratorsRequest",
        &[answer(200, "TenantView", DONE), PLAN],
    )
    .with(PLANNED),
    post(
        Op::SetQuorum,
        "/v1/tenants/{tenant}/quorum/set",
        "Says whether a second administrator must approve what takes something away.",
        "SetQuorumRequest",
        &[answer(200, "TenantView", DONE), PLAN],
    )
    .with(PLANNED),
    post(
        Op::RequestApproval,
        "/v1/tenants/{tenant}/approvals",
        "Asks the other administrators to approve an operation as its plan is now.",
        "RequestApprovalRequest",
        &[answer(201, "ApprovalView", "Asked. A request that is open already is given again.")],
    ),
    post(
        Op::GiveApproval,
        "/v1/tenants/{tenant}/approvals/{approval}/give",
        "Approves what another administrator asked for.",
        "GiveApprovalRequest",
        &[answer(200, "ApprovalView", "Approved. Who asked for it can use it once.")],
    ),
    get(
        Op::ListApprovals,
        "/v1/tenants/{tenant}/approvals",
        "Lists the approvals that are asked for, or given and not used, oldest first.",
        &[answer(200, "ApprovalPage", "All that are open.")],
    ),
    get(
        Op::ListAuditEvents,
        "/v1/tenants/{tenant}/audit-events",
        "Lists the audit log of the tenant, oldest first.",
        &[answer(200, "AuditEventPage", "One page of the audit log.")],
    )
    .with(PAGED),
    get(
        Op::ReadExchangeKey,
        "/v1/tenants/{tenant}/exchange-key",
        "Reads the public key to which secrets are sealed before they are sent.",
        &[answer(200, "ExchangeKeyView", "The exchange key.")],
    ),
    post(
        Op::GenerateKey,
        "/v1/tenants/{tenant}/keys/generate",
        "Generates a protection key and hands its PFX out once.",
        "GenerateKeyRequest",
        &[answer(201, "GeneratedKeyView", ADDED)],
    ),
    post(
        Op::UploadKey,
        "/v1/tenants/{tenant}/keys/upload",
        "Brings a protection key as a sealed PFX, or presents a known one again after a lock.",
        "UploadKeyRequest",
        &[
            answer(201, "KeyView", ADDED),
            answer(200, "KeyView", "The key was known; its private part is in the vault again."),
        ],
    ),
    post(
        Op::ImportKey,
        "/v1/tenants/{tenant}/keys/import",
        "Brings a protection key as a transfer blob (BYOK), or presents a known one again after a lock.",
        "ImportKeyRequest",
        &[
            answer(201, "KeyView", ADDED),
            answer(200, "KeyView", "The key was known; its private part is in the vault again."),
        ],
    ),
    get(
        Op::ListKeys,
        "/v1/tenants/{tenant}/keys",
        "Lists the protection keys of the tenant, destroyed ones included.",
        &[answer(200, "KeyPage", "All keys.")],
    ),
    get(
        Op::ReadKey,
        "/v1/tenants/{tenant}/keys/{key}",
        "Reads a protection key with its public part.",
        &[answer(200, "KeyView", "The key.")],
    ),
    post(
        Op::ActivateKey,
        "/v1/tenants/{tenant}/keys/{key}/activate",
        "Makes the key the active one; after a lock, presents the key that locked again.",
        "ActivateKeyRequest",
        &[
            answer(202, "ActivationView", ACCEPTED),
            answer(
                200,
                "ActivationView",
                "The key was active already; after a lock, environments can now be unlocked.",
            ),
            PLAN,
        ],
    )
    .with(PLANNED)
    .without_body(),
    post(
        Op::RollBackKey,
        "/v1/tenants/{tenant}/keys/roll-back",
        "Puts the former key, or the provider's, back.",
        "RollBackKeyRequest",
        &[answer(202, "OperationView", ACCEPTED), PLAN],
    )
    .with(PLANNED)
    .without_body(),
    post(
        Op::DestroyKey,
        "/v1/tenants/{tenant}/keys/{key}/destroy",
        "Destroys a key that nothing depends on any more.",
        "DestroyKeyRequest",
        &[answer(202, "OperationView", ACCEPTED), PLAN],
    )
    .with(PLANNED)
    .without_body(),
    post(
        Op::RegisterEnvironment,
        "/v1/tenants/{tenant}/environments",
        "Registers an environment; it begins managed by the provider's key.",
        "RegisterEnvironmentRequest",
        &[answer(201, "EnvironmentView", ADDED)],
    ),
    get(
        Op::ListEnvironments,
        "/v1/tenants/{tenant}/environments",
        "Lists the environments of the tenant, by identifier.",
        &[answer(200, "EnvironmentPage", "One page of the environments.")],
    )
    .with(&[MANAGED_BY, LOCKED, AFTER, LIMIT]),
    get(
        Op::ReadEnvironment,
        "/v1/tenants/{tenant}/environments/{environment}",
        "Reads an environment.",
        &[answer(200, "EnvironmentView", "The environment.")],
    ),
    get(
        Op::ReadEnvironmentHistory,
        "/v1/tenants/{tenant}/environments/{environment}/history",
        "Lists what happened to the environment, newest first.",
        &[answer(200, "AuditEventPage", "One page of its history.")],
    )
    .with(PAGED),
    post(
        Op::ProtectEnvironment,
        "/v1/tenants/{tenant}/environments/{environment}/protect",
        "Puts the environment under the tenant's active key.",
        EMPTY,
        &[answer(200, "EnvironmentView", DONE)],
    )
    .without_body(),
    post(
        Op::RevertEnvironment,
        "/v1/tenants/{tenant}/environments/{environment}/revert",
        "Puts the environment back under the provider's key.",
        "RevertEnvironmentRequest",
        &[answer(200, "EnvironmentView", DONE), PLAN],
    )
    .with(PLANNED)
    .without_body(),
    post(
        Op::UnlockEnvironment,
        "/v1/tenants/{tenant}/environments/{environment}/unlock",
        "Unlocks the environment, once the key that locked has been presented again.",
        EMPTY,
        &[answer(200, "EnvironmentView", DONE)],
    )
    .without_body(),
    post(
        Op::DeleteEnvironment,
        "/v1/tenants/{tenant}/environments/{environment}/delete",
        "Deletes the environment: its data keys are destroyed, for good.",
        "DeleteEnvironmentRequest",
        &[answer(200, "EnvironmentView", DONE), PLAN],
    )
    .with(PLANNED)
    .without_body(),
    post(
        Op::RegisterBackup,
        "/v1/tenants/{tenant}/environments/{environment}/backups",
        "Registers a backup of the environment with the data key generations that it needs.",
        "RegisterBackupRequest",
        &[answer(201, "BackupView", ADDED)],
    ),
    get(
        Op::ListBackups,
        "/v1/tenants/{tenant}/environments/{environment}/backups",
        "Lists the backups of the environment, by identifier.",
        &[answer(200, "BackupPage", "One page of the backups.")],
    )
    .with(PAGED),
    post(
        Op::RestoreBackup,
        "/v1/tenants/{tenant}/environments/{environment}/backups/{backup}/restore",
        "Restores the data keys that the backup needs.",
        "RestoreBackupRequest",
        &[answer(200, "BackupView", DONE), PLAN],
    )
    .with(PLANNED)
    .without_body(),
    get(
        Op::PlanLock,
        "/v1/tenants/{tenant}/lock/plan",
        "Says what locking the tenant would do now.",
        &[answer(200, "PlanView", "The plan. Nothing was changed.")],
    ),
    post(
        Op::ChallengePossession,
        "/v1/tenants/{tenant}/lock/challenge",
        "Gives a challenge to sign with the active key.",
        EMPTY,
        &[answer(200, "ChallengeView", "The challenge.")],
    )
    .without_body(),
    post(
        Op::LockTenant,
        "/v1/tenants/{tenant}/lock",
        "Locks every environment of the tenant and removes the private parts of its keys from the vault.",
        "LockTenantRequest",
        &[answer(202, "LockView", ACCEPTED)],
    ),
    post(
        Op::LeaseDataKey,
        "/v1/tenants/{tenant}/environments/{environment}/data-keys/lease",
        "Hands out a data key, good until a stated instant.",
        "LeaseDataKeyRequest",
        &[answer(200, "LeasedDataKeyView", "The data key.")],
    )
    .without_body(),
    get(
        Op::ReadOperation,
        "/v1/tenants/{tenant}/operations/{operation}",
        "Says how far a change is.",
        &[answer(200, "OperationView", "The operation.")],
    ),
];
