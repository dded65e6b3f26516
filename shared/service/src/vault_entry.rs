//! Bringing a private key into the vault. Table and vault are two systems: the intent is in the table before the key is in the vault, and
//! goes with the commit that makes the key known. What a crash leaves between is found by its due entry and removed.

use std::{sync::Arc, time::Duration};

use chrono::TimeDelta;
use keyward_domain::{Instant, TenantId};
use keyward_keyfile::{PrivateKey, PublicKey, byok};
use tokio::task::JoinSet;

use crate::{
    Keyward, ServiceError, addresses,
    audit::hex,
    documents::VaultEntryDocument,
    ports::{
        table::{Query, Span},
        vault::{VaultError, VaultKeyName},
    },
    stored::{Stored, decode, load},
    timers::{self, kinds},
};

/// How long a request may take between intent and commit before the sweep gives it up.
const PATIENCE: TimeDelta = TimeDelta::minutes(10);

/// How long the removal of one private key may take: twice what a purge is waited for.
const REMOVAL: Duration = Duration::from_secs(45);

/// Entries that are read at once.
const ENTRIES: u32 = 100;

/// A private key that is in the vault, its intent in the table; not known to anybody else yet.
pub(crate) struct VaultEntry {
    stored: Stored<VaultEntryDocument>,
}

impl VaultEntry {
    /// The name of the private key in the vault.
    pub(crate) fn name(&self) -> &str {
        &self.stored.value.vault_key
    }

    /// The write that makes the key stay: to be part of the commit that makes it known. It fails if the entry was given up meanwhile.
    pub(crate) fn keep(&self) -> crate::ports::table::Write {
        self.stored.delete()
    }
}

impl Keyward {
    /// Puts a private key into the vault under a name that was never used.
    pub(crate) async fn enter_vault(
        &self,
        tenant: &TenantId,
        key: &PrivateKey,
        now: Instant,
    ) -> Result<VaultEntry, ServiceError> {
        let (entry, name) = self.intend(tenant, now).await?;
        self.vault.import(&name, key).await?;
        Ok(entry)
    }

    /// Lets the vault take a private key from its transfer blob, under a name that was never used. What key it is, is
    /// known only then.
    pub(crate) async fn enter_vault_by_blob(
        &self,
        tenant: &TenantId,
        blob: &byok::Blob,
        now: Instant,
    ) -> Result<(VaultEntry, PublicKey), ServiceError> {
        let (entry, name) = self.intend(tenant, now).await?;
        let imported = self.vault.import_blob(&name, blob, &self.limits).await;
        let checked = imported.and_then(|public| public.check(&self.limits).map(|()| public).map_err(VaultError::from));
        match checked {
            Ok(public) => Ok((entry, public)),
            // Whether it is in the vault by now, or will be, is not known: the sweep looks once a slow vault is done with it.
            Err(fault @ VaultError::Unavailable { .. }) => Err(fault.into()),
            Err(refused) => {
                self.give_up_quietly(&entry, now).await;
                Err(refused.into())
            }
        }
    }

    /// Writes down that a private key is about to come into the vault.
    async fn intend(&self, tenant: &TenantId, now: Instant) -> Result<(VaultEntry, VaultKeyName), ServiceError> {
        let vault_key = format!("{tenant}-{}", random_hex::<16>()?);
        let name = VaultKeyName::new(vault_key.clone())?;
        let document = VaultEntryDocument { tenant: tenant.clone(), vault_key: vault_key.clone(), cancelled: false };
        let mut stored = Stored::new(addresses::vault_entry(tenant, &vault_key), document);
        let due = timers::due(kinds::VAULT_ENTRY, tenant, now + PATIENCE);
        self.table.transact(vec![stored.put_with(None, Some(due), None)?]).await?;
        stored.revision += 1;
        Ok((VaultEntry { stored }, name))
    }

    /// Gives an entry up: the private key is removed. Does nothing to an entry that was kept. Where this fails too the sweep
    /// does it, so that the caller can say why the entry was given up.
    pub(crate) async fn give_up_quietly(&self, entry: &VaultEntry, now: Instant) {
        let tenant = &entry.stored.value.tenant;
        if let Err(fault) = self.remove_entry(tenant, entry.name(), now).await {
            tracing::warn!(%fault, "a private key that was not kept waits for the sweep to remove it");
        }
    }

    /// Removes the private key of an entry that is still there: first marked, so that no commit can keep it any more, then removed.
    pub(crate) async fn remove_entry(
        &self,
        tenant: &TenantId,
        vault_key: &str,
        now: Instant,
    ) -> Result<(), ServiceError> {
        let address = addresses::vault_entry(tenant, vault_key);
        let Some(mut stored) = load::<VaultEntryDocument>(&*self.table, &address).await? else { return Ok(()) };
        if !stored.value.cancelled {
            stored.value.cancelled = true;
            let due = timers::due(kinds::VAULT_ENTRY, tenant, now);
            self.table.transact(vec![stored.put_with(None, Some(due), None)?]).await?;
            stored.revision += 1;
        }
        self.vault.remove(&VaultKeyName::new(vault_key)?).await?;
        match self.table.transact(vec![stored.delete()]).await.map_err(ServiceError::from) {
            // Another sweep was as far: the name is never used again, so removing twice does no harm.
            Err(ServiceError::Conflict) => Ok(()),
            done => done,
        }
    }

    /// L3: removes what requests have left in the vault on their way, or are about to put there: it may be a key of the tenant that a crash
    /// kept from becoming known. The entries stay, cancelled, for as long as a request may take, so that the sweep removes what a slow one
    /// still puts there.
    pub(crate) async fn cancel_entries(&self, tenant: &TenantId, now: Instant) -> Result<(), ServiceError> {
        let mut query = Query {
            partition: addresses::partition(tenant),
            span: Span::Prefix(addresses::VAULT_ENTRIES.to_owned()),
            descending: false,
            limit: ENTRIES,
            after: None,
        };
        let mut fault = None;
        loop {
            let page = self.table.query(&query).await?;
            let mut names = Vec::new();
            for item in &page.items {
                let mut stored: Stored<VaultEntryDocument> = decode(item)?;
                if !stored.value.cancelled {
                    stored.value.cancelled = true;
                    let due = timers::due(kinds::VAULT_ENTRY, tenant, now + PATIENCE);
                    self.table.transact(vec![stored.put_with(None, Some(due), None)?]).await?;
                }
                names.push(stored.value.vault_key);
            }
            fault = fault.or(self.remove_private_keys(&names).await.fault);
            if page.next.is_none() {
                return fault.map_or(Ok(()), Err);
            }
            query.after = page.next;
        }
    }

    /// Removes private keys at the same time: a slow or failing removal of one keeps none of the others from being removed.
    pub(crate) async fn remove_private_keys(&self, names: &[String]) -> Removed {
        let mut removals = JoinSet::new();
        for name in names.iter().cloned() {
            let vault = Arc::clone(&self.vault);
            removals.spawn(async move {
                let removed = async { vault.remove(&VaultKeyName::new(name.clone())?).await };
                let removed = tokio::time::timeout(REMOVAL, removed).await;
                let reason = || "a removal does not end".to_owned();
                let removed = removed.unwrap_or_else(|_| Err(VaultError::Unavailable { reason: reason() }));
                (name, removed)
            });
        }
        let mut removed = Removed { gone: Vec::new(), fault: None };
        while let Some(ended) = removals.join_next().await {
            match ended {
                Ok((name, Ok(()))) => removed.gone.push(name),
                Ok((_, Err(fault))) => removed.fault = removed.fault.or(Some(fault.into())),
                Err(died) => removed.fault = removed.fault.or(Some(ServiceError::Corrupt(died.to_string()))),
            }
        }
        removed
    }
}

/// What became of private keys that were to be removed.
pub(crate) struct Removed {
    /// Those that are gone.
    pub(crate) gone: Vec<String>,
    /// Why one of the others is not.
    pub(crate) fault: Option<ServiceError>,
}

/// Random bytes in lowercase hex.
pub(crate) fn random_hex<const BYTES: usize>() -> Result<String, ServiceError> {
    let mut random = [0_u8; BYTES];
    aws_lc_rs::rand::fill(&mut random)
        .map_err(|_| ServiceError::Corrupt("the machine gives no randomness".to_owned()))?;
    Ok(hex(&random))
}
