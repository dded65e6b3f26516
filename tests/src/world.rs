//! The operations over an embedded table in memory and an embedded vault on disk, with a clock that is a number.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use chrono::{DateTime, TimeDelta, Utc};
use keyward_adapters::{
    table::EmbeddedTable,
    vault::{EmbeddedVault, MasterKey},
};
use keyward_domain::{
    Administrator, EnvironmentId, EnvironmentKind, Fingerprint, KeyId, Name, NewEnvironment, NewTenant, PersonId,
    Region, Role, Settings, TenantId,
};
use keyward_keyfile::{PrivateKey, byok};
use keyward_service::{
    ImportKey, Keyward, LockProof, LockRequest, Outcome, Principal, Request, ServiceError, UploadKey,
    ports::{
        mail::{MailError, Mailer, Message},
        table::Table,
        vault::Vault,
    },
};
use tempfile::TempDir;

use crate::keys::{PASSWORD, pfx_of, sealed};

/// A mailer that keeps what it is given.
#[derive(Default)]
pub struct Outbox(pub Mutex<Vec<Message>>);

#[async_trait]
impl Mailer for Outbox {
    async fn send(&self, message: &Message) -> Result<(), MailError> {
        self.0.lock().unwrap().push(message.clone());
        Ok(())
    }
}

/// One tenant, two administrators, and the parts under the operations in reach of the test.
pub struct World {
    pub keyward: Keyward,
    pub table: Arc<dyn Table>,
    pub vault: Arc<EmbeddedVault>,
    pub outbox: Arc<Outbox>,
    pub directory: TempDir,
    pub tenant: TenantId,
}

/// The instant from which the tests count.
pub fn start() -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000, 0).unwrap()
}

pub fn hours(hours: i64) -> TimeDelta {
    TimeDelta::hours(hours)
}

pub fn settings() -> Settings {
    Settings { enabled_regions: ["europe", "america"].map(|r| Region::new(r).unwrap()).into(), ..Settings::default() }
}

pub fn key_id(id: &str) -> KeyId {
    KeyId::new(id).unwrap()
}

pub fn environment_id(id: &str) -> EnvironmentId {
    EnvironmentId::new(id).unwrap()
}

pub fn fingerprint(key: &PrivateKey) -> Fingerprint {
    Fingerprint::new(key.public_key().fingerprint().to_string()).unwrap()
}

impl World {
    /// A world with tenant `contoso` registered, opted in, without environments.
    pub async fn new() -> Self {
        Self::over(Arc::new(EmbeddedTable::memory().await.unwrap())).await
    }

    /// The same over a table of the test's, for example one that counts or fails.
    pub async fn over(table: Arc<dyn Table>) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let master_key = MasterKey::load_or_create(&directory.path().join("master.key")).unwrap();
        let vault = Arc::new(EmbeddedVault::open(directory.path().join("vault"), master_key).unwrap());
        let outbox = Arc::new(Outbox::default());
        let keyward = Keyward::new(table.clone(), vault.clone(), outbox.clone(), settings());
        let tenant = TenantId::new("contoso").unwrap();
        let world = Self { keyward, table, vault, outbox, directory, tenant };
        let administrator = |person: &str, role| Administrator {
            person: PersonId::new(person).unwrap(),
            name: Name::new(person).unwrap(),
            email: format!("{person}@contoso.example"),
            role,
        };
        let tenant = NewTenant {
            id: world.tenant.clone(),
            name: Name::new("Contoso Ltd").unwrap(),
            regions: ["europe", "america"].map(|r| Region::new(r).unwrap()).into(),
            licensed_seats: 5000,
            administrators: vec![
                administrator("alice", Role::GlobalAdministrator),
                administrator("bob", Role::ServiceAdministrator),
            ],
        };
        world.keyward.register_tenant(&world.operator(start()), tenant).await.unwrap();
        world.keyward.opt_in_tenant(&world.alice(start()), &world.tenant).await.unwrap();
        world
    }

    pub fn request(&self, person: &str, roles: &[Role], now: DateTime<Utc>) -> Request {
        let principal = Principal {
            tenant: Some(self.tenant.clone()),
            person: PersonId::new(person).unwrap(),
            roles: roles.to_vec(),
            authenticated_at: Some(now),
        };
        Request::new(now, principal)
    }

    pub fn alice(&self, now: DateTime<Utc>) -> Request {
        self.request("alice", &[Role::GlobalAdministrator], now)
    }

    pub fn bob(&self, now: DateTime<Utc>) -> Request {
        self.request("bob", &[Role::ServiceAdministrator], now)
    }

    /// The workload of every environment that [`World::environment`] registers.
    pub fn orders(&self, now: DateTime<Utc>) -> Request {
        self.request("orders", &[], now)
    }

    pub fn operator(&self, now: DateTime<Utc>) -> Request {
        let principal = Principal {
            tenant: None,
            person: PersonId::new("olivia").unwrap(),
            roles: vec![Role::Operator],
            authenticated_at: Some(now),
        };
        Request::new(now, principal)
    }

    /// Registers an environment; identifiers that begin with `prod` are production. Its name is `Name of <id>`.
    pub async fn environment(&self, id: &str, now: DateTime<Utc>) -> EnvironmentId {
        let kind = if id.starts_with("prod") { EnvironmentKind::Production } else { EnvironmentKind::Sandbox };
        let environment = NewEnvironment {
            id: environment_id(id),
            name: name_of(id),
            kind,
            region: Region::new("europe").unwrap(),
            system_administrators: vec![PersonId::new("carol").unwrap()],
            workloads: vec![PersonId::new("orders").unwrap()],
        };
        self.keyward.register_environment(&self.operator(now), &self.tenant, environment).await.unwrap();
        environment_id(id)
    }

    /// A key file, sealed to the vault's exchange key.
    pub async fn sealed(&self, key: &PrivateKey) -> String {
        let exchange = self.vault.exchange_key().await.unwrap();
        sealed(&pfx_of(key), PASSWORD, &exchange.public_key, &exchange.kid)
    }

    pub async fn upload(&self, request: &Request, id: &str, key: &PrivateKey) -> Result<Outcome, ServiceError> {
        let upload =
            UploadKey { id: Some(key_id(id)), name: None, region: None, sealed_key_file: self.sealed(key).await };
        self.keyward.upload_key(request, &self.tenant, upload).await
    }

    /// A transfer blob of a key, in base64, wrapped for the vault's exchange key.
    pub async fn transfer_blob(&self, key: &PrivateKey) -> String {
        let exchange = self.vault.transfer_keys().await.unwrap().remove(0);
        STANDARD.encode(byok::wrap(key, &exchange.public_key, &exchange.kid).unwrap())
    }

    pub async fn import(&self, request: &Request, id: &str, key: &PrivateKey) -> Result<Outcome, ServiceError> {
        self.import_blob(request, id, self.transfer_blob(key).await).await
    }

    /// Imports whatever stands in `transfer_blob`.
    pub async fn import_blob(
        &self,
        request: &Request,
        id: &str,
        transfer_blob: String,
    ) -> Result<Outcome, ServiceError> {
        let import = ImportKey { id: Some(key_id(id)), name: None, region: None, transfer_blob };
        self.keyward.import_key(request, &self.tenant, import).await
    }

    pub async fn activate(&self, request: &Request, id: &str) -> Result<Outcome, ServiceError> {
        self.keyward.activate_key(request, &self.tenant, &key_id(id)).await
    }

    pub async fn lock(&self, request: &Request, key: &PrivateKey) -> Result<Outcome, ServiceError> {
        let lock = LockRequest {
            stated_name: Name::new("Contoso Ltd").unwrap(),
            proof: LockProof::KeyFile { sealed: self.sealed(key).await },
        };
        self.keyward.lock_tenant(request, &self.tenant, &lock).await
    }

    pub async fn protect(&self, request: &Request, id: &str) -> Result<Outcome, ServiceError> {
        self.keyward.protect_environment(request, &self.tenant, &environment_id(id)).await
    }

    pub async fn unlock(&self, request: &Request, id: &str) -> Result<Outcome, ServiceError> {
        self.keyward.unlock_environment(request, &self.tenant, &environment_id(id)).await
    }

    /// Leases the newest data key; its bytes.
    pub async fn lease(&self, now: DateTime<Utc>, id: &str) -> Result<[u8; 32], ServiceError> {
        let request = self.orders(now);
        let leased = self.keyward.lease_data_key(&request, &self.tenant, &environment_id(id), None).await?;
        Ok(*leased.key.as_bytes())
    }
}

pub fn name_of(id: &str) -> Name {
    Name::new(format!("Name of {id}")).unwrap()
}
