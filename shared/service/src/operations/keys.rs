//! generate-key, upload-key, import-key, read-key and list-keys.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use keyward_domain::{
    Command, Fingerprint, KeyId, KeySource, Name, NewKey, OperationName, ProtectionKey, Region, Rejection, Tenant,
    TenantId,
};
use keyward_keyfile::{KeyBits, KeyFileError, PrivateKey, PublicKey, byok, pfx};

use super::{GenerateKey, GeneratedKey, ImportKey, Outcome, UploadKey};
use crate::{
    Keyward, Request, ServiceError,
    attempts::Attempted,
    possession::{fingerprint_of, stored_public_key},
    refusal::{Asked, is_failed_presentation},
    sealed::run_apart,
    settle::settle,
    unit::Unit,
    vault_entry::{VaultEntry, random_hex},
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

/// What the caller wants a brought key to be called, if it is new.
struct Wish {
    id: Option<KeyId>,
    name: Option<Name>,
    region: Option<Region>,
    source: KeySource,
}

impl Wish {
    /// What bringing the key means: a known one is presented again, another one is new.
    fn command(&self, tenant: &Tenant, public: &PublicKey, vault_key: &str) -> Result<Command, ServiceError> {
        let fingerprint = fingerprint_of(public)?;
        match tenant.keys.values().find(|known| known.fingerprint == fingerprint) {
            Some(known) => Ok(Command::PresentKey { key: known.id.clone(), vault_key: vault_key.to_owned() }),
            None => Ok(Command::AddKey { key: self.label(tenant)?.new_key(public, vault_key)? }),
        }
    }

    /// What a new key is called: as the caller says, else after its place among the tenant's keys.
    fn label(&self, tenant: &Tenant) -> Result<Label, ServiceError> {
        let malformed = |error: keyward_domain::IdError| ServiceError::Corrupt(error.to_string());
        let id = match &self.id {
            Some(id) => id.clone(),
            None => KeyId::new(format!("key-{}", tenant.keys.len() + 1)).map_err(malformed)?,
        };
        let name = match &self.name {
            Some(name) => name.clone(),
            None => Name::new(id.as_str()).map_err(malformed)?,
        };
        let region = match &self.region {
            Some(region) => region.clone(),
            None => tenant.regions.first().cloned().ok_or(Rejection::NotOptedIn)?,
        };
        Ok(Label { id, name, region, source: self.source })
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
        let command = label.new_key(key.public_key(), entry.name()).map(|key| Command::AddKey { key });
        let outcome = self.keep_in_vault(request, asked, command, &entry).await?;
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
        let UploadKey { id, name, region, sealed_key_file } = upload;
        let wish = Wish { id, name, region, source: KeySource::Uploaded };
        let fits = async {
            let key = self.open_key_file(&sealed_key_file).await?;
            unit.consider(&wish.command(unit.tenant()?, key.public_key(), "")?, None)?;
            Ok(key)
        };
        let id = random_hex::<12>()?;
        let opened = self.attempt(request, &presentation(tenant, &id), fits).await;
        let key = self.presented(request, asked, opened).await?;
        let entry = self.enter_vault(tenant, &key, request.now).await?;
        let command = wish.command(unit.tenant()?, key.public_key(), entry.name());
        self.keep_in_vault(request, asked, command, &entry).await
    }

    /// `import-key` (K2, K3): as [`Keyward::upload_key`], but the private key comes in a transfer blob that the vault itself opens.
    ///
    /// # Errors
    /// A rule says no, the transfer blob is for another vault or does not open, or the caller may not.
    pub async fn import_key(
        &self,
        request: &Request,
        tenant: &TenantId,
        import: ImportKey,
    ) -> Result<Outcome, ServiceError> {
        self.not_answered(request).await?;
        let asked = Asked::of(OperationName::ImportKey, tenant);
        let unit = self.begin(request, asked).await?;
        keyward_domain::rules::k1_opt_in::has_opted_in(unit.tenant()?)?;
        let ImportKey { id, name, region, transfer_blob } = import;
        let wish = Wish { id, name, region, source: KeySource::Imported };
        let kept = async {
            let blob = self.read_transfer_blob(&transfer_blob).await?;
            let (entry, public) = self.enter_vault_by_blob(tenant, &blob, request.now).await?;
            let command = wish.command(unit.tenant()?, &public, entry.name());
            self.keep_in_vault(request, asked, command, &entry).await
        };
        let id = random_hex::<12>()?;
        let kept = self.attempt(request, &presentation(tenant, &id), kept).await;
        self.presented(request, asked, kept).await
    }

    /// A transfer blob for an exchange key of this vault; still closed.
    async fn read_transfer_blob(&self, base64: &str) -> Result<byok::Blob, ServiceError> {
        let malformed = KeyFileError::ByokMalformed { part: "base64" };
        let too_large = base64.len() > self.limits.file_bytes.saturating_mul(2);
        let file = if too_large { None } else { STANDARD.decode(base64).ok() };
        let blob = byok::parse(&file.ok_or(malformed)?, &self.limits)?;
        let known = self.vault.transfer_keys().await?;
        if known.is_empty() {
            return Err(KeyFileError::ByokNotOffered.into());
        }
        blob.check_kid(known.iter().map(|key| key.kid.as_str()))?;
        Ok(blob)
    }

    /// Commits what makes the key in the vault known; where that is refused, the key is removed from the vault again.
    async fn keep_in_vault(
        &self,
        request: &Request,
        asked: Asked<'_>,
        command: Result<Command, ServiceError>,
        entry: &VaultEntry,
    ) -> Result<Outcome, ServiceError> {
        let kept = match command {
            Ok(command) => settle!(self.try_keep_in_vault(request, asked, &command, entry)),
            Err(error) => Err(error),
        };
        if kept.is_err() {
            self.give_up_quietly(entry, request.now).await;
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

/// Uploads and imports are counted together.
fn presentation<'a>(tenant: &'a TenantId, id: &'a str) -> Attempted<'a> {
    Attempted { tenant, operation: OperationName::UploadKey, id, has_failed: is_failed_presentation }
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
