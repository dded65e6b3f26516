//! generate-key, upload-key, read-key and list-keys.

use keyward_domain::{
    Command, Fingerprint, KeyId, KeySource, Name, NewKey, OperationName, ProtectionKey, Region, Rejection, Tenant,
    TenantId,
};
use keyward_keyfile::{KeyBits, PrivateKey, PublicKey, pfx};

use super::{GenerateKey, GeneratedKey, Outcome, UploadKey};
use crate::{
    Keyward, Request, ServiceError,
    possession::{fingerprint_of, stored_public_key},
    refusal::Asked,
    sealed::run_apart,
    settle::settle,
    unit::Unit,
    vault_entry::VaultEntry,
};

/// What a new key is called and where it is.
struct Label {
    id: KeyId,
    name: Name,
    region: Region,
    source: KeySource,
}

impl Label {
    fn new_key(&self, public: &PublicKey, vault_key: &str) -> Result<NewKey, ServiceError> {
        Ok(NewKey {
            id: self.id.clone(),
            name: self.name.clone(),
            region: self.region.clone(),
            source: self.source,
            bits: public.bits(),
            public_key: stored_public_key(public),
            fingerprint: fingerprint_of(public)?,
            vault_key: vault_key.to_owned(),
        })
    }
}

impl Keyward {
    /// `generate-key` (K2): the private part goes into the vault, and in the PFX to the caller, once.
    ///
    /// # Errors
    /// A rule says no, the password can't be opened, or the caller may not.
    pub async fn generate_key(
        &self,
        request: &Request,
        tenant: &TenantId,
        asked_for: GenerateKey,
    ) -> Result<GeneratedKey, ServiceError> {
        self.not_answered(request).await?;
        let asked = Asked::of(OperationName::GenerateKey, tenant);
        let unit = self.begin(request, asked).await?;
        let GenerateKey { id, name, region, sealed_password } = asked_for;
        let label = Label { id, name, region, source: KeySource::Generated };
        unit.consider(&Command::AddKey { key: yet_unknown(&label)? }, None)?;
        let password = self.open_password(&sealed_password).await?;
        let (friendly_name, now) = (label.name.to_string(), request.now);
        let (key, pfx) = run_apart(move || {
            let key = PrivateKey::generate(KeyBits::Rsa2048)?;
            let pfx = pfx::write(&key, &password, &friendly_name, now)?;
            Ok((key, pfx))
        })
        .await?;
        let entry = self.enter_vault(tenant, &key, request.now).await?;
        let new_key = label.new_key(key.public_key(), entry.name())?;
        let command = Command::AddKey { key: new_key };
        let outcome = self.keep_in_vault(request, asked, &command, &entry).await?;
        Ok(GeneratedKey { outcome, pfx })
    }

    /// `upload-key` (K2, K3): a new key joins the tenant's, or a known key whose private part a lock removed is presented again (L4).
    ///
    /// # Errors
    /// A rule says no, the key file can't be read, or the caller may not.
    pub async fn upload_key(
        &self,
        request: &Request,
        tenant: &TenantId,
        upload: UploadKey,
    ) -> Result<Outcome, ServiceError> {
        self.not_answered(request).await?;
        let asked = Asked::of(OperationName::UploadKey, tenant);
        let unit = self.begin(request, asked).await?;
        keyward_domain::rules::k1_opt_in::has_opted_in(unit.tenant()?)?;
        let key = self.open_key_file(&upload.sealed_key_file).await?;
        let fingerprint = fingerprint_of(key.public_key())?;
        let known = unit.tenant()?.keys.values().find(|known| known.fingerprint == fingerprint).cloned();
        let label = match &known {
            Some(_) => None,
            None => Some(label_of(unit.tenant()?, &upload)?),
        };
        unit.consider(&upload_command(known.as_ref(), label.as_ref(), &key, "")?, None)?;
        let entry = self.enter_vault(tenant, &key, request.now).await?;
        let command = upload_command(known.as_ref(), label.as_ref(), &key, entry.name())?;
        self.keep_in_vault(request, asked, &command, &entry).await
    }

    /// Commits what makes the key in the vault known; where that is refused, the key is removed from the vault again.
    async fn keep_in_vault(
        &self,
        request: &Request,
        asked: Asked<'_>,
        command: &Command,
        entry: &VaultEntry,
    ) -> Result<Outcome, ServiceError> {
        let kept = settle!(self.try_keep_in_vault(request, asked, command, entry));
        if kept.is_err()
            && let Err(fault) = self.give_up(entry, request.now).await
        {
            tracing::warn!(%fault, "a private key that was not kept waits for the sweep to remove it");
        }
        kept
    }

    async fn try_keep_in_vault(
        &self,
        request: &Request,
        asked: Asked<'_>,
        command: &Command,
        entry: &VaultEntry,
    ) -> Result<Outcome, ServiceError> {
        self.not_answered(request).await?;
        let mut unit: Unit<'_> = self.begin(request, asked).await?;
        unit.decide(command, None)?;
        unit.write(entry.keep());
        unit.commit_for(&*self.table, request, None).await
    }

    /// `list-keys`.
    ///
    /// # Errors
    /// Not found, or the caller may not.
    pub async fn list_keys(&self, request: &Request, tenant: &TenantId) -> Result<Vec<ProtectionKey>, ServiceError> {
        let document = self.tenant_for(request, tenant, OperationName::ListKeys).await?;
        Ok(document.tenant.keys.into_values().collect())
    }

    /// `read-key`.
    ///
    /// # Errors
    /// Not found, or the caller may not.
    pub async fn read_key(
        &self,
        request: &Request,
        tenant: &TenantId,
        key: &KeyId,
    ) -> Result<ProtectionKey, ServiceError> {
        let document = self.tenant_for(request, tenant, OperationName::ReadKey).await?;
        Ok(document.tenant.key(key).cloned().ok_or(Rejection::KeyNotFound)?)
    }
}

fn upload_command(
    known: Option<&ProtectionKey>,
    label: Option<&Label>,
    key: &PrivateKey,
    vault_key: &str,
) -> Result<Command, ServiceError> {
    match (known, label) {
        (Some(known), _) => Ok(Command::PresentKey { key: known.id.clone(), vault_key: vault_key.to_owned() }),
        (None, Some(label)) => Ok(Command::AddKey { key: label.new_key(key.public_key(), vault_key)? }),
        (None, None) => Err(ServiceError::Corrupt("a new key without a label".to_owned())),
    }
}

/// What a new key is called: as the caller says, else after its place among the tenant's keys.
fn label_of(tenant: &Tenant, upload: &UploadKey) -> Result<Label, ServiceError> {
    let malformed = |error: keyward_domain::IdError| ServiceError::Corrupt(error.to_string());
    let id = match &upload.id {
        Some(id) => id.clone(),
        None => KeyId::new(format!("key-{}", tenant.keys.len() + 1)).map_err(malformed)?,
    };
    let name = match &upload.name {
        Some(name) => name.clone(),
        None => Name::new(id.as_str()).map_err(malformed)?,
    };
    let region = match &upload.region {
        Some(region) => region.clone(),
        None => tenant.regions.first().cloned().ok_or(Rejection::NotOptedIn)?,
    };
    Ok(Label { id, name, region, source: KeySource::Uploaded })
}

/// The key before it exists, to ask the rules before the work is done.
fn yet_unknown(label: &Label) -> Result<NewKey, ServiceError> {
    let fingerprint = Fingerprint::new("0".repeat(64)).map_err(|error| ServiceError::Corrupt(error.to_string()))?;
    Ok(NewKey {
        id: label.id.clone(),
        name: label.name.clone(),
        region: label.region.clone(),
        source: label.source,
        bits: KeyBits::Rsa2048.bits(),
        public_key: String::new(),
        fingerprint,
        vault_key: String::new(),
    })
}
