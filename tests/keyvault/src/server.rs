//! The server: in a thread of its own, so that tests without a runtime, or with one that stands still, can have one.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use axum::Router;
use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::oneshot;
use tokio_rustls::TlsAcceptor;

use crate::attributes::Attributes;
use crate::faults::{Fault, Faults};
use crate::key_store::{KeyStore, NewKey, Version, random_id};
use crate::requests::{self, Seen};
use crate::tls::{self, TlsListener};
use crate::tokens::Tokens;
use crate::{LOGIN_HOST, VAULT_HOST};

/// Says what time it is for the vault and the token endpoint.
pub type Clock = Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>;

/// What kind of vault it is. Can be changed while it runs.
#[derive(Clone)]
pub struct Settings {
    /// What time it is.
    pub clock: Clock,
    /// Whether it has HSM keys.
    pub premium: bool,
    /// Whether deleted keys stay until their time is over.
    pub purge_protection: bool,
    /// So often a deleted key is looked for before its deletion is through.
    pub looks_until_deleted: u32,
    /// Whether a key whose deletion is under way is simply not there (404), instead of being deleted (409).
    pub deletion_is_silent: bool,
    /// So often a key is put under the name of a purged one before the name is free.
    pub attempts_until_free: u32,
    /// How long a token is good.
    pub token_lifetime: TimeDelta,
    /// The next page that every list names, whatever its length.
    pub next_link: Option<String>,
}

impl Settings {
    /// A premium vault without purge protection that does everything at once.
    #[must_use]
    pub fn new(clock: Clock) -> Self {
        Self {
            clock,
            premium: true,
            purge_protection: false,
            looks_until_deleted: 0,
            deletion_is_silent: false,
            attempts_until_free: 0,
            token_lifetime: TimeDelta::hours(1),
            next_link: None,
        }
    }

    pub(crate) fn recovery_level(&self) -> &'static str {
        if self.purge_protection { "Recoverable" } else { "Recoverable+Purgeable" }
    }
}

pub(crate) struct World {
    pub(crate) settings: Settings,
    pub(crate) keys: KeyStore,
    pub(crate) tokens: Tokens,
    pub(crate) faults: Faults,
    pub(crate) seen: Vec<Seen>,
}

pub(crate) struct Shared {
    pub(crate) world: Mutex<World>,
}

/// A vault with its token endpoint. Ends when it is dropped.
pub struct KeyVault {
    shared: Arc<Shared>,
    address: SocketAddr,
    authority: Vec<u8>,
    end: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl KeyVault {
    /// Starts an empty vault on a free port of this machine.
    ///
    /// # Errors
    /// Where there is no port, or no randomness for the certificate.
    pub fn start(settings: Settings) -> io::Result<Self> {
        let identity = tls::identity(&[VAULT_HOST, LOGIN_HOST])?;
        let tcp = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        tcp.set_nonblocking(true)?;
        let address = tcp.local_addr()?;
        let prefix = format!("https://{VAULT_HOST}:{}/keys/", address.port());
        let world = World {
            settings,
            keys: KeyStore { prefix, ..KeyStore::default() },
            tokens: Tokens::default(),
            faults: Faults::default(),
            seen: Vec::new(),
        };
        let shared = Arc::new(Shared { world: Mutex::new(world) });
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (end, ended) = oneshot::channel();
        let router = Router::new().fallback(requests::answer).with_state(Arc::clone(&shared));
        let acceptor = TlsAcceptor::from(identity.config);
        let thread = std::thread::spawn(move || {
            runtime.block_on(async {
                let Ok(tcp) = tokio::net::TcpListener::from_std(tcp) else { return };
                let served = axum::serve(TlsListener { tcp, acceptor }, router);
                tokio::select! {
                    _ = served => {}
                    _ = ended => {}
                }
            });
        });
        Ok(Self { shared, address, authority: identity.authority, end: Some(end), thread: Some(thread) })
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.shared.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The address of the vault.
    #[must_use]
    pub fn url(&self) -> String {
        format!("https://{VAULT_HOST}:{}", self.address.port())
    }

    /// The address of the token endpoint.
    #[must_use]
    pub fn authority(&self) -> String {
        format!("https://{LOGIN_HOST}:{}", self.address.port())
    }

    /// Where both hosts are in truth.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The certificate (DER) that clients have to trust.
    #[must_use]
    pub fn certificate(&self) -> &[u8] {
        &self.authority
    }

    /// Makes another vault of it.
    pub fn change(&self, change: impl FnOnce(&mut Settings)) {
        change(&mut self.world().settings);
    }

    /// Lets something go wrong.
    pub fn fail(&self, fault: Fault) {
        self.world().faults.add(fault);
    }

    /// How many tokens were given out.
    #[must_use]
    pub fn tokens_given(&self) -> usize {
        self.world().tokens.count()
    }

    /// The requests that came, in their order.
    #[must_use]
    pub fn seen(&self) -> Vec<Seen> {
        self.world().seen.clone()
    }

    /// Puts a key into the vault, as a new version where there is one of the name. Gives its address.
    pub fn add_key(&self, new: NewKey) -> String {
        let mut world = self.world();
        let attributes = Attributes::new((world.settings.clock)());
        let operations = new.operations.iter().map(|operation| (*operation).to_owned()).collect();
        let version = Version { id: random_id(), key: new.key, hsm: new.hsm, operations, attributes };
        let version = world.keys.add(new.name, version).clone();
        world.keys.kid(new.name, &version)
    }

    /// Enables or disables the version at an address; there has to be one.
    ///
    /// # Errors
    /// Where there is none.
    pub fn enable(&self, kid: &str, enabled: bool) -> io::Result<()> {
        let mut world = self.world();
        let named = kid.strip_prefix(&world.keys.prefix).and_then(|rest| rest.split_once('/'));
        let held = named.and_then(|(name, version)| world.keys.version_mut(name, version).ok());
        held.ok_or_else(|| io::Error::other("no such version"))?.attributes.enabled = enabled;
        Ok(())
    }

    /// The address of the newest version of a key, where there is such a key.
    #[must_use]
    pub fn newest(&self, name: &str) -> Option<String> {
        let world = self.world();
        world.keys.version(name, "").ok().map(|version| world.keys.kid(name, version))
    }

    /// How many versions a key has; none where there is no such key, or a deleted one.
    #[must_use]
    pub fn versions(&self, name: &str) -> usize {
        self.world().keys.keys.get(name).map_or(0, Vec::len)
    }

    /// Whether there is a deleted key that could be recovered.
    #[must_use]
    pub fn is_recoverable(&self, name: &str) -> bool {
        self.world().keys.deleted.contains_key(name)
    }
}

impl Drop for KeyVault {
    fn drop(&mut self) {
        if let Some(end) = self.end.take() {
            let _ = end.send(());
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
