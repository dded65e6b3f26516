//! The table of one machine: DynamoDB's interface over SQLite, in the process.

use std::fs::File;
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use aws_sdk_dynamodb::config::{self, BehaviorVersion, Credentials, Region, StalledStreamProtectionConfig};
use aws_sdk_dynamodb::{Client, Config};
use dynoxide::{Database, DynoxideError};
use keyward_service::ports::table::{DuePage, DueQuery, Item, Key, Page, Query, Table, TableError, Write};

use super::dynamo::DynamoTable;
use super::engine::EngineClient;
use super::lock;
use super::new_file;
use super::schema::SchemaError;

const DATABASE_FILE: &str = "table.db";
/// A new table is made under this name: see [`EmbeddedTable::open`].
const NEW_DATABASE_FILE: &str = "table.new";
const TABLE: &str = "keyward";

/// Why an embedded table can't be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process, or another part of this one, has it open.
    #[error(
        "the table in {} is already open{}; stop that process or give another directory",
        dir.display(),
        pid.map(|pid| format!(" in process {pid}")).unwrap_or_default()
    )]
    AlreadyOpen {
        /// The directory.
        dir: PathBuf,
        /// The process that has it, when its lock file can be read.
        pid: Option<u32>,
    },
    /// Other users may enter the directory.
    #[error("other users may enter {} (mode {mode:o}); close it with chmod 700, or give another directory", dir.display())]
    OpenToOthers {
        /// The directory.
        dir: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// The directory or a file in it can't be created, read or locked.
    #[error("the directory {} can't be used: {source}", dir.display())]
    Directory {
        /// The directory.
        dir: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// This program was built with an SQLite that does not keep what the table promises.
    #[error(
        "this build's SQLite has {pragma} = {found} instead of {needed}; build it inside its source tree, where .cargo/config.toml sets that"
    )]
    Build {
        /// The setting.
        pragma: &'static str,
        /// What it must be.
        needed: i64,
        /// What it is.
        found: i64,
    },
    /// The engine does not open the file.
    #[error("the table's file can't be opened: {0}")]
    Engine(String),
    /// The table in the file is not one of Keyward's.
    #[error(transparent)]
    Schema(#[from] SchemaError),
}

/// A table inside the process, in a directory or in memory.
///
/// An answered write is on the disk (SQLite in WAL mode with `synchronous = FULL`). What is removed or replaced is
/// overwritten in the file (`secure_delete`) when the write-ahead log is folded into it: now and then while the table
/// is open, and always when it is closed. One process at a time has it open. It needs a Tokio runtime of either kind.
/// Clones share it; it is closed when the last one is dropped and its last request has ended.
#[derive(Clone, Debug)]
pub struct EmbeddedTable {
    table: DynamoTable,
}

impl EmbeddedTable {
    /// Opens the table in `dir`, which is created (for this user only) unless it is there.
    ///
    /// A new table is made in a file of another name, closed and renamed: the engine creates a table in several
    /// steps, and a process that dies between them would leave one that is described and can't be used.
    ///
    /// # Errors
    /// [`OpenError`]; each says what to do.
    pub async fn open(dir: impl AsRef<Path>) -> Result<Self, OpenError> {
        let dir = dir.as_ref().to_owned();
        let (dir, lock) = blocking(move || Ok((dir.clone(), enter(&dir)?))).await?;
        let path = dir.join(DATABASE_FILE);
        if new_file::is_missing(&path).map_err(directory(&path))? {
            let new = dir.join(NEW_DATABASE_FILE);
            let made = blocking({
                let new = new.clone();
                move || new_file::clear(&new).map_err(directory(&new)).and_then(|()| open_file(&new, None))
            });
            Self::over(made.await?).await?;
            blocking(move || new_file::publish(&new, DATABASE_FILE).map_err(directory(&new))).await?;
        }
        Self::over(blocking(move || open_file(&path, Some(lock))).await?).await
    }

    /// A table that is gone when it is dropped, for tests and trials.
    ///
    /// # Errors
    /// [`OpenError::Engine`] or [`OpenError::Schema`] when the engine does not start.
    pub async fn memory() -> Result<Self, OpenError> {
        let database = Database::memory().map_err(engine)?;
        Self::over(EngineClient::new(database, None)).await
    }

    async fn over(engine: EngineClient) -> Result<Self, OpenError> {
        let client = Client::from_conf(configuration().http_client(engine).build());
        let table = DynamoTable::new(client, TABLE);
        table.ensure_table().await?;
        Ok(Self { table })
    }
}

/// The SDK's settings for an engine in the process.
///
/// The engine checks no signature and there is no network: the credentials and the address are placeholders.
pub(super) fn configuration() -> config::Builder {
    let credentials = Credentials::new("embedded", "embedded", None, None, "embedded");
    Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("local"))
        .endpoint_url("http://embedded.invalid")
        .credentials_provider(credentials)
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
}

/// Runs what waits for the disk where it delays no other request.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, OpenError> + Send + 'static,
) -> Result<T, OpenError> {
    tokio::task::spawn_blocking(work).await.map_err(|stopped| OpenError::Engine(stopped.to_string()))?
}

/// Makes the directory this process's.
fn enter(dir: &Path) -> Result<File, OpenError> {
    check_build()?;
    lock::private_directory(dir)?;
    lock::take(dir)
}

fn open_file(path: &Path, lock: Option<File>) -> Result<EngineClient, OpenError> {
    lock::private_file(path).map_err(directory(path))?;
    let name = path.to_str().ok_or_else(|| OpenError::Engine("the directory's name is not UTF-8".into()))?;
    let database = Database::new(name).map_err(engine)?;
    Ok(EngineClient::new(database, lock))
}

/// What went wrong with a file, told of its directory.
fn directory(path: &Path) -> impl FnOnce(std::io::Error) -> OpenError + use<> {
    let dir = path.parent().unwrap_or(path).to_owned();
    move |source| OpenError::Directory { dir, source }
}

/// The engine leaves both settings at the defaults that SQLite was compiled with; a connection in memory has the same.
fn check_build() -> Result<(), OpenError> {
    let connection = rusqlite::Connection::open_in_memory().map_err(sqlite)?;
    for (pragma, needed) in [("secure_delete", 1), ("synchronous", 2)] {
        let found = connection.pragma_query_value(None, pragma, |row| row.get(0)).map_err(sqlite)?;
        if found != needed {
            return Err(OpenError::Build { pragma, needed, found });
        }
    }
    Ok(())
}

fn engine(error: DynoxideError) -> OpenError {
    OpenError::Engine(error.to_string())
}

fn sqlite(error: rusqlite::Error) -> OpenError {
    OpenError::Engine(error.to_string())
}

#[async_trait]
impl Table for EmbeddedTable {
    async fn get(&self, key: &Key) -> Result<Option<Item>, TableError> {
        self.table.get(key).await
    }

    async fn query(&self, query: &Query) -> Result<Page, TableError> {
        self.table.query(query).await
    }

    async fn query_due(&self, query: &DueQuery) -> Result<DuePage, TableError> {
        self.table.query_due(query).await
    }

    async fn transact(&self, writes: Vec<Write>) -> Result<(), TableError> {
        self.table.transact(writes).await
    }
}
