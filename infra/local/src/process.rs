//! The parts of the process, put together.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use keyward_adapters::{
    http::Gate,
    mail::MailFolder,
    table::{EmbeddedTable, OpenError},
    tokens::{DevelopmentIssuer, DevelopmentIssuerError},
    vault::{EmbeddedVault, MasterKey, MasterKeyError, OpenVaultError},
};
use keyward_domain::{Region, Settings};
use keyward_service::Keyward;
use tokio::sync::Notify;

use crate::{clock::Clock, options::Serve, people::People};

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
    /// The demo world could not be made.
    #[error("the demo world could not be made: {0}")]
    Demo(String),
}

/// Everything that serves.
pub struct Process {
    pub(crate) gate: Gate,
    pub(crate) clock: Clock,
    pub(crate) issuer: DevelopmentIssuer,
    pub(crate) people: People,
    pub(crate) mailbox: PathBuf,
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
        let at = |path: PathBuf| move |source| StartError::Io { path, source };
        let table = EmbeddedTable::open(data.join("table")).await?;
        let master_key = options.master_key.clone().unwrap_or_else(|| data.join("master.key"));
        let vault = EmbeddedVault::open(data.join("vault"), MasterKey::load_or_create(&master_key)?)?;
        let mailbox = data.join("mailbox");
        let mailer = MailFolder::open(&mailbox).map_err(at(mailbox.clone()))?;
        let keyward = Keyward::new(Arc::new(table), Arc::new(vault), Arc::new(mailer), settings(options)?);
        let issuer = DevelopmentIssuer::load_or_create(data)?;
        let people = data.join("people.json");
        let process = Self {
            gate: Gate::new(keyward, issuer.verifier()),
            clock: Clock::open(data).map_err(at(data.clone()))?,
            issuer,
            people: People::open(people.clone()).map_err(at(people))?,
            mailbox,
            work: Notify::new(),
            moving: tokio::sync::Mutex::new(()),
        };
        if options.demo {
            crate::demo::fill(&process).await?;
        }
        Ok(Arc::new(process))
    }

    /// The operations.
    #[must_use]
    pub fn keyward(&self) -> &Keyward {
        self.gate.keyward()
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

fn settings(options: &Serve) -> Result<Settings, StartError> {
    let mut settings = match &options.settings {
        None => Settings::default(),
        Some(path) => {
            let text = fs::read_to_string(path).map_err(|source| StartError::Io { path: path.clone(), source })?;
            serde_json::from_str(&text)
                .map_err(|error| StartError::Settings { path: path.clone(), reason: error.to_string() })?
        }
    };
    if settings.enabled_regions.is_empty() {
        settings.enabled_regions =
            ["europe", "america", "asia"].into_iter().filter_map(|r| Region::new(r).ok()).collect();
    }
    Ok(settings)
}
