//! The operations, by their names in `docs/operations.md`.

mod administrators;
mod approvals;
mod backups;
mod begin;
mod environments;
mod key_changes;
mod keys;
mod leases;
mod lock;
mod tenants;

pub use approvals::RequestApproval;
pub(crate) use begin::new_operation;
use keyward_domain::{Approval, Backup, Environment, Event, Instant, KeyId, Name, Operation, PersonId, Region, Tenant};

use crate::{
    addresses,
    ports::{table::Key, vault::VaultPublicKey},
    request::Request,
};

/// What a change led to.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The tenant after the change.
    pub tenant: Tenant,
    /// The environment that the request named, after the change.
    pub environment: Option<Environment>,
    /// The backup that the request named.
    pub backup: Option<Backup>,
    /// The request for approval that the request made or named.
    pub approval: Option<Approval>,
    /// The operation that the change started, as far as it is.
    pub operation: Option<Operation>,
    /// What happened.
    pub events: Vec<Event>,
    /// The instant of the decision.
    pub decided_at: Instant,
    /// Who decided.
    pub decided_by: PersonId,
    /// Revision of the tenant after the change.
    pub tenant_revision: u64,
    /// Revision of the environment after the change.
    pub environment_revision: u64,
}

/// A key to generate (K2).
#[derive(Clone, Debug)]
pub struct GenerateKey {
    /// Its identifier.
    pub id: KeyId,
    /// What it is called.
    pub name: Name,
    /// One of the tenant's regions.
    pub region: Region,
    /// The password of the PFX, sealed to the exchange key.
    pub sealed_password: String,
}

/// What generating gives.
pub struct GeneratedKey {
    /// The change.
    pub outcome: Outcome,
    /// The key file, protected by the caller's password. It is given once.
    pub pfx: Vec<u8>,
}

/// A key file that is brought (K2, K3), or presented again (L4).
#[derive(Clone, Debug)]
pub struct UploadKey {
    /// Identifier of a new key; what a known key is called does not change.
    pub id: Option<KeyId>,
    /// What a new key is called; its identifier where this is absent.
    pub name: Option<Name>,
    /// Region of a new key; the tenant's first where this is absent.
    pub region: Option<Region>,
    /// Key file and password, sealed to the exchange key.
    pub sealed_key_file: String,
}

/// A transfer blob that is brought (K2, K3), or presented again (L4).
#[derive(Clone, Debug)]
pub struct ImportKey {
    /// Identifier of a new key; what a known key is called does not change.
    pub id: Option<KeyId>,
    /// What a new key is called; its identifier where this is absent.
    pub name: Option<Name>,
    /// Region of a new key; the tenant's first where this is absent.
    pub region: Option<Region>,
    /// The whole transfer blob in base64.
    pub transfer_blob: String,
}

/// The public keys of the vault to which secrets are encrypted before they are sent.
#[derive(Clone, Debug)]
pub struct ExchangeKeys {
    /// For key files and passwords (JWE).
    pub sealing: VaultPublicKey,
    /// For transfer blobs (BYOK): the newest version, where the vault takes blobs.
    pub transfer: Option<VaultPublicKey>,
}

/// A nonce to sign (L1).
#[derive(Clone, Debug)]
pub struct Challenge {
    /// The nonce, given back with the signature.
    pub challenge: String,
    /// The bytes to sign with RSA-PSS and SHA-256.
    pub message: Vec<u8>,
    /// The key that has to sign.
    pub key: KeyId,
    /// Until when the answer is taken.
    pub expires_at: Instant,
}

/// Proof of possession of the active key (L1).
#[derive(Clone)]
pub enum LockProof {
    /// The key file with its password, sealed to the exchange key.
    KeyFile {
        /// Compact JWE.
        sealed: String,
    },
    /// A challenge, signed.
    Answer {
        /// The nonce.
        challenge: String,
        /// RSA-PSS with SHA-256 over the challenge's message.
        signature: Vec<u8>,
    },
}

/// A request to lock a tenant.
#[derive(Clone)]
pub struct LockRequest {
    /// The tenant's name, as the caller states it.
    pub stated_name: Name,
    /// The proof.
    pub proof: LockProof,
}

/// Where the answer to a request is stored: under the caller, whatever it was about. No tenant is called as the provider's people are here.
pub(crate) fn answer_key(request: &Request, key: &str) -> Key {
    let scope = request.principal.tenant.as_ref().map_or("+provider", |tenant| tenant.as_str());
    addresses::answer(scope, request.principal.person.as_str(), key)
}
