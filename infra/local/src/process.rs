//! The parts of the process, put together.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use keyward_adapters::{
    http::Gate,
    mail::MailFolder,
    table::{DynamoTable, EmbeddedTable, OpenError},
    tokens::{AUDIENCE, DevelopmentIssuer, DevelopmentIssuerError, HttpsDocuments, ISSUER, Verifier},
    vault::{EmbeddedVault, MasterKey, MasterKeyError, OpenVaultError},
};
use keyward_domain::{Region, Settings};
use keyward_service::{Keyward, ports::mail::Mailer as _};
use serde_json::{Map, Value, json};
use tokio::sync::Notify;

use crate::{
    clock::Clock,
    cloud::{Cloud, Place},
    house::House,
    options::{Front, Serve},
    people::People,
};

/// Why the process did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The address is reachable from elsewhere.
    #[error(
        "{0} is not a loopback address: the local process has a development issuer and a movable clock and never serves others. Use 127.0.0.1"
    )]
    NotLoopback(std::net::SocketAddr),
    /// A file or directory can't be used.
    #[error("{}: {source}", path.display())]
    Io {
        /// Which one.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The settings don't read.
    #[error("the settings in {} don't read: {reason}", path.display())]
    Settings {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// The issuers don't read.
    #[error("the issuers in {} can't be used: {reason}", path.display())]
    Issuers {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// The table can't be opened.
    #[error(transparent)]
    Table(#[from] OpenError),
    /// The vault can't be opened.
    #[error(transparent)]
    Vault(#[from] OpenVaultError),
    /// The vault's master key can't be used.
    #[error(transparent)]
    MasterKey(#[from] MasterKeyError),
    /// The development issuer can't be used.
    #[error(transparent)]
    Issuer(#[from] DevelopmentIssuerError),
    /// The local cloud can't be used.
    #[error("the local cloud can't be used: {0}")]
    Cloud(String),
    /// The demo world could not be made.
    #[error("the demo world could not be made: {0}")]
    Demo(String),
}

/// Everything that serves.
pub struct Process {
    pub(crate) house: House,
    pub(crate) clock: Clock,
    pub(crate) issuer: DevelopmentIssuer,
    /// Whether the development issuer's tokens are believed; else those of outside issuers are.
    pub(crate) signs_in: bool,
    pub(crate) people: People,
    pub(crate) mailbox: MailFolder,
    /// Rung after every request, so that work that it caused is done at once and not at the next tick.
    pub(crate) work: Notify,
    /// One moves the clock at a time.
    pub(crate) moving: tokio::sync::Mutex<()>,
}

impl Process {
    /// Opens everything in the data directory; a second process on the same directory is told so.
    ///
    /// # Errors
    /// What can't be opened, and why.
    pub async fn open(options: &Serve) -> Result<Arc<Self>, StartError> {
        if !options.listen.ip().is_loopback() {
            return Err(StartError::NotLoopback(options.listen));
        }
        let data = &options.data;
        make_private(data)?;
        let table = EmbeddedTable::open(data.join("table")).await?;
        let master_key = options.master_key.clone().unwrap_or_else(|| data.join("master.key"));
        let vault = EmbeddedVault::open(data.join("vault"), MasterKey::load_or_create(&master_key)?)?;
        let settings = settings(options.settings.as_deref())?;
        let outside = options.issuers.as_deref().map(verifier).transpose()?;
        let signs_in = outside.is_none();
        Self::begin(data, (options.demo, signs_in), |mailer, issuer| {
            let keyward = Keyward::new(Arc::new(table), Arc::new(vault), Arc::new(mailer), settings);
            Ok(House::Here(Gate::new(keyward, outside.unwrap_or_else(|| issuer.verifier()))))
        })
        .await
    }

    /// Stands before a local cloud whose functions were given what [`cloud_variables`] says for the same data directory.
    ///
    /// # Errors
    /// What can't be opened, and why.
    pub async fn front(options: &Front) -> Result<Arc<Self>, StartError> {
        if !options.listen.ip().is_loopback() {
            return Err(StartError::NotLoopback(options.listen));
        }
        let data = &options.data;
        make_private(data)?;
        let master_key = MasterKey::load_or_create(&data.join("master.key"))?;
        let vault = EmbeddedVault::open_shared(data.join("vault"), master_key)?;
        let table = DynamoTable::of_local_cloud(&options.endpoint, &options.region, options.table.as_str());
        let place = Place {
            api: options.api.trim_end_matches('/').to_owned(),
            endpoint: options.endpoint.trim_end_matches('/').to_owned(),
            prefix: options.prefix.clone(),
        };
        let settings = settings(None)?;
        Self::begin(data, (options.demo, true), |mailer, _| {
            let keyward = Keyward::new(Arc::new(table), Arc::new(vault), Arc::new(mailer), settings);
            Cloud::new(place, keyward).map(House::Cloud).map_err(|error| StartError::Cloud(error.to_string()))
        })
        .await
    }

    /// Opens what every house has.
    async fn begin(
        data: &Path,
        (demo, signs_in): (bool, bool),
        house: impl FnOnce(MailFolder, &DevelopmentIssuer) -> Result<House, StartError>,
    ) -> Result<Arc<Self>, StartError> {
        let at = |path: PathBuf| move |source| StartError::Io { path, source };
        let mailbox = data.join("mailbox");
        let mailer = MailFolder::open(&mailbox).map_err(at(mailbox.clone()))?;
        let issuer = DevelopmentIssuer::load_or_create(data)?;
        let people = data.join("people.json");
        let process = Self {
            house: house(mailer.clone(), &issuer)?,
            clock: Clock::open(data).map_err(at(data.to_path_buf()))?,
            issuer,
            signs_in,
            people: People::open(people.clone()).map_err(at(people))?,
            mailbox: mailer,
            work: Notify::new(),
            moving: tokio::sync::Mutex::new(()),
        };
        if demo {
            crate::demo::fill(&process).await?;
        }
        Ok(Arc::new(process))
    }

    /// The operations.
    #[must_use]
    pub fn keyward(&self) -> &Keyward {
        self.house.keyward()
    }
}

/// What the functions of a local cloud are given, so that they trust this data directory's issuer, have its vault and go by its clock:
/// environment variables by name. The master key is among them.
///
/// # Errors
/// What can't be made or opened.
pub fn cloud_variables(data: &Path) -> Result<Map<String, Value>, StartError> {
    make_private(data)?;
    let at = |path: PathBuf| move |source| StartError::Io { path, source };
    let data = fs::canonicalize(data).map_err(at(data.to_path_buf()))?;
    let issuer = DevelopmentIssuer::load_or_create(&data)?;
    let tokens = json!({
        "issuer": ISSUER, "audience": AUDIENCE,
        "keys": [{ "kid": issuer.kid(), "point": STANDARD.encode(issuer.point()) }],
    });
    let key_file = data.join("master.key");
    drop(MasterKey::load_or_create(&key_file)?);
    let master_key = fs::read_to_string(&key_file).map_err(at(key_file))?;
    let settings = serde_json::to_string(&settings(None)?).map_err(|error| StartError::Cloud(error.to_string()))?;
    let variables = [
        ("KEYWARD_SETTINGS", settings),
        ("KEYWARD_VAULT", format!("embedded:{}", data.join("vault").display())),
        ("KEYWARD_MASTER_KEY", master_key.trim().to_owned()),
        ("KEYWARD_TOKENS", tokens.to_string()),
        ("KEYWARD_CLOCK", data.join("clock.json").display().to_string()),
    ];
    Ok(variables.into_iter().map(|(name, value)| (name.to_owned(), Value::from(value))).collect())
}

impl Process {
    /// Puts what a cloud has mailed into the mailbox folder; what this process mails is there already.
    pub(crate) async fn collect_mail(&self) {
        let House::Cloud(cloud) = &self.house else { return };
        let collected = async {
            for message in cloud.mails().await.map_err(|error| error.to_string())? {
                self.mailbox.send(&message).await.map_err(|error| error.to_string())?;
            }
            Ok::<(), String>(())
        };
        if let Err(error) = collected.await {
            tracing::error!(error, "the cloud's mail was not collected");
        }
    }
}

fn make_private(directory: &Path) -> Result<(), StartError> {
    use std::os::unix::fs::DirBuilderExt as _;
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(directory)
        .map_err(|source| StartError::Io { path: directory.to_path_buf(), source })
}

/// Who is believed in place of the development issuer.
fn verifier(file: &Path) -> Result<Verifier, StartError> {
    let text = fs::read_to_string(file).map_err(|source| StartError::Io { path: file.to_path_buf(), source })?;
    Verifier::from_settings(&text, Arc::new(HttpsDocuments::new()))
        .map_err(|error| StartError::Issuers { path: file.to_path_buf(), reason: error.to_string() })
}

fn settings(file: Option<&Path>) -> Result<Settings, StartError> {
    let mut settings = match file {
        None => Settings::default(),
        Some(path) => {
            let text = fs::read_to_string(path).map_err(|source| StartError::Io { path: path.to_owned(), source })?;
            serde_json::from_str(&text)
                .map_err(|error| StartError::Settings { path: path.to_owned(), reason: error.to_string() })?
        }
    };
    if settings.enabled_regions.is_empty() {
        settings.enabled_regions =
            ["europe", "america", "asia"].into_iter().filter_map(|r| Region::new(r).ok()).collect();
    }
    Ok(settings)
}
