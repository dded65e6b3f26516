//! What can be asked for. A timer's work is a command too and goes through the same gate.

use serde::{Deserialize, Serialize};

use crate::{
    Administrator, ApprovalId, Approved, BackupId, Environment, EnvironmentId, EnvironmentKind, EnvironmentStatus,
    Fingerprint, Instant, KeyId, KeySource, KeyState, ManagedBy, Name, OperationId, PersonId, PlanHash, ProtectionKey,
    Recorded, Region, TenantId, WrappingKey, rejection::Dependents,
};

/// A tenant as the provider registers it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NewTenant {
    /// Its identifier.
    pub id: TenantId,
    /// Its name.
    pub name: Name,
    /// Its regions.
    pub regions: Vec<Region>,
    /// Its licensed seats.
    pub licensed_seats: u32,
    /// Who administers it.
    pub administrators: Vec<Administrator>,
}

/// A protection key as it is added.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NewKey {
    /// Its identifier.
    pub id: KeyId,
    /// What the administrators call it.
    pub name: Name,
    /// Where its vault is.
    pub region: Region,
    /// How it came to be.
    pub source: KeySource,
    /// Modulus size in bits.
    pub bits: u32,
    /// SubjectPublicKeyInfo, DER in base64.
    pub public_key: String,
    /// Identity of the key.
    pub fingerprint: Fingerprint,
    /// Name of its private part in the vault.
    pub vault_key: String,
}

impl NewKey {
    pub(crate) fn to_key(&self, recorded: &Recorded) -> ProtectionKey {
        ProtectionKey {
            id: self.id.clone(),
            name: self.name.clone(),
            region: self.region.clone(),
            source: self.source,
            state: KeyState::Available,
            bits: self.bits,
            public_key: self.public_key.clone(),
            fingerprint: self.fingerprint.clone(),
            vault_key: self.vault_key.clone(),
            in_vault: true,
            created_at: recorded.at,
            created_by: recorded.by.clone(),
            barred_until: None,
            environments: 0,
        }
    }
}

/// An environment as the provider registers it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NewEnvironment {
    /// Its identifier.
    pub id: EnvironmentId,
    /// Its name.
    pub name: Name,
    /// What it is for.
    pub kind: EnvironmentKind,
    /// Where it is.
    pub region: Region,
    /// Its system administrators.
    pub system_administrators: Vec<PersonId>,
    /// Its workloads.
    pub workloads: Vec<PersonId>,
}

impl NewEnvironment {
    pub(crate) fn to_environment(&self, registered_at: Instant, unlocked_epoch: u64) -> Environment {
        Environment {
            id: self.id.clone(),
            name: self.name.clone(),
            kind: self.kind,
            region: self.region.clone(),
            system_administrators: self.system_administrators.clone(),
            workloads: self.workloads.clone(),
            registered_at,
            status: EnvironmentStatus::Present,
            managed_by: ManagedBy::Provider,
            wrapped_by: WrappingKey::Provider,
            newest_generation: 1,
            unlocked_epoch,
        }
    }
}

/// What is asked for. The commands that name an environment or a backup are decided with it loaded.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields are the words of the domain, documented at the states that they change")]
pub enum Command {
    /// The provider registers a tenant.
    RegisterTenant { tenant: NewTenant },
    /// K1.
    OptInTenant,
    /// A6.
    SetAdministrators { administrators: Vec<Administrator> },
    /// A7.
    SetQuorum { required: bool },
    /// A7. `approval` names it if it is new.
    RequestApproval { approval: ApprovalId, approved: Approved },
    /// A7. `plan` is the hash that whoever approves has seen.
    GiveApproval { approval: ApprovalId, plan: PlanHash },
    /// K2, K3: the private part is, or is about to be, in the vault.
    AddKey { key: NewKey },
    /// L4: a file that brings the private part of a known key back.
    PresentKey { key: KeyId, vault_key: String },
    /// K4, K5; on the active key of a locked tenant the reactivation of L4.
    ActivateKey { key: KeyId, operation: OperationId },
    /// K7.
    RollBackKey { operation: OperationId },
    /// K6: one environment of a running key change.
    RewrapEnvironment { operation: OperationId },
    /// A running operation has nothing left to do.
    FinishOperation { operation: OperationId },
    /// K8.
    DestroyKey { key: KeyId, dependents: Dependents, operation: OperationId },
    /// The provider registers an environment.
    RegisterEnvironment { environment: NewEnvironment },
    /// E1.
    ProtectEnvironment,
    /// E1, E4.
    RevertEnvironment { stated_name: Option<Name> },
    /// L4.
    UnlockEnvironment,
    /// E4.
    DeleteEnvironment { stated_name: Option<Name> },
    /// L5: the sweep.
    EnforceDeletion,
    /// E3.
    RegisterBackup { backup: BackupId, retained_until: Instant },
    /// E3.
    RestoreBackup,
    /// L1 to L3. `possessed` is the identity of the key whose possession was proven, if one was; `leases_until` is when the last of the leases
    /// that were handed out ends, as the table knows it.
    LockTenant {
        stated_name: Name,
        possessed: Option<Fingerprint>,
        leases_until: Option<Instant>,
        operation: OperationId,
    },
    /// L2: the sweep records that locking is open.
    OpenLock,
    /// L5: the sweep reminds.
    RemindOfDeletion { epoch: u64, days: u32 },
    /// L6.
    LeaseDataKey { generation: Option<u32> },
}
