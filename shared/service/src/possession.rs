//! L1: proof that somebody holds the active key.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use keyward_domain::{Fingerprint, OperationName, Tenant, TenantId, rules::l1_possession};
use keyward_keyfile::possession;

use crate::{
    Challenge, Keyward, LockProof, Request, ServiceError, addresses,
    data_keys::public_key,
    documents::{ChallengeDocument, TenantDocument},
    ports::table::Write,
    stored::{Stored, load},
    vault_entry::random_hex,
};

/// What a challenge is for: the operation's name.
const PURPOSE: &str = OperationName::LockTenant.as_str();

/// Which key was proven, and what its proof uses up.
pub(crate) struct Proven {
    pub(crate) fingerprint: Fingerprint,
    pub(crate) consumed: Option<Write>,
}

impl Keyward {
    /// `challenge-possession`: a nonce to sign with the active key, good for a short time and once.
    ///
    /// # Errors
    /// No active key, or the caller may not.
    pub async fn challenge_possession(
        &self,
        request: &Request,
        tenant_id: &TenantId,
    ) -> Result<Challenge, ServiceError> {
        let document = self.tenant_for(request, tenant_id, OperationName::ChallengePossession).await?;
        let key = l1_possession::active_key(&document.tenant)?;
        let nonce = random_hex::<32>()?;
        let expires_at = request.now + self.settings.challenge_life.delta();
        let challenge = ChallengeDocument {
            key: key.id.clone(),
            fingerprint: key.fingerprint.clone(),
            purpose: PURPOSE.to_owned(),
            person: request.principal.person.clone(),
            expires_at,
        };
        let stored = Stored::new(addresses::challenge(tenant_id, &nonce), challenge);
        self.table.transact(vec![stored.put_with(None, None, Some(expires_at))?]).await?;
        let message = possession::message(tenant_id.as_str(), PURPOSE, &nonce);
        Ok(Challenge { challenge: nonce, message, key: key.id.clone(), expires_at })
    }

    /// Checks that a proof is one of possession of the active key.
    pub(crate) async fn prove(
        &self,
        request: &Request,
        tenant: &Tenant,
        proof: &LockProof,
    ) -> Result<Proven, ServiceError> {
        let active = l1_possession::active_key(tenant)?;
        let proven = self.check_proof(request, tenant, proof).await?;
        l1_possession::is_possessed(active, Some(&proven.fingerprint))?;
        Ok(proven)
    }

    /// Checks a proof. The key that it proves may be any; whether it is the active one is the domain's to say.
    async fn check_proof(&self, request: &Request, tenant: &Tenant, proof: &LockProof) -> Result<Proven, ServiceError> {
        match proof {
            LockProof::KeyFile { sealed } => {
                let key = self.open_key_file(sealed).await?;
                let fingerprint = fingerprint_of(key.public_key())?;
                Ok(Proven { fingerprint, consumed: None })
            }
            LockProof::Answer { challenge, signature } => {
                self.check_answer(request, tenant, challenge, signature).await
            }
        }
    }

    async fn check_answer(
        &self,
        request: &Request,
        tenant: &Tenant,
        nonce: &str,
        signature: &[u8],
    ) -> Result<Proven, ServiceError> {
        let is_nonce = nonce.len() == 64 && nonce.bytes().all(|byte| byte.is_ascii_hexdigit());
        if !is_nonce {
            return Err(ServiceError::ChallengeNotUsable);
        }
        let stored = load::<ChallengeDocument>(&*self.table, &addresses::challenge(&tenant.id, nonce))
            .await?
            .ok_or(ServiceError::ChallengeNotUsable)?;
        let challenge = &stored.value;
        let usable = request.now < challenge.expires_at
            && challenge.purpose == PURPOSE
            && challenge.person == request.principal.person;
        if !usable {
            return Err(ServiceError::ChallengeNotUsable);
        }
        let key = tenant.key(&challenge.key).ok_or(ServiceError::ChallengeNotUsable)?;
        let message = possession::message(tenant.id.as_str(), PURPOSE, nonce);
        public_key(key)?
            .verify_pss(&message, signature)
            .map_err(|_| ServiceError::Rejected(keyward_domain::Rejection::PossessionNotProven))?;
        Ok(Proven { fingerprint: challenge.fingerprint.clone(), consumed: Some(stored.delete()) })
    }

    /// The tenant, for a caller who may ask for the operation.
    pub(crate) async fn tenant_for(
        &self,
        request: &Request,
        tenant: &TenantId,
        operation: OperationName,
    ) -> Result<TenantDocument, ServiceError> {
        let document = load::<TenantDocument>(&*self.table, &addresses::tenant(tenant)).await?;
        let document = document.filter(|_| request.principal.sees(tenant));
        let document = document.ok_or(keyward_domain::Rejection::TenantNotFound)?;
        request.principal.may(operation, None)?;
        Ok(document.value)
    }
}

/// The domain's form of a key's fingerprint.
pub(crate) fn fingerprint_of(key: &keyward_keyfile::PublicKey) -> Result<Fingerprint, ServiceError> {
    Fingerprint::new(key.fingerprint().to_string()).map_err(|error| ServiceError::Corrupt(error.to_string()))
}

/// The public key as it is stored.
pub(crate) fn stored_public_key(key: &keyward_keyfile::PublicKey) -> String {
    STANDARD.encode(key.spki_der())
}
