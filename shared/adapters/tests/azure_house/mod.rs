//! A Key Vault for tests with the vault's own keys in it, and a way there that is in a hurry.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use azure_core::http::ClientMethodOptions;
use azure_identity::ClientAssertion;
use chrono::{DateTime, TimeDelta, Utc};
use keyward_adapters::vault::azure::{AzureTransport, AzureVault, Pace, federated_credential};
use keyward_keyfile::{KeyBits, PrivateKey};
use keyward_test_keyvault::{Clock, KeyVault, LOGIN_HOST, NewKey, Settings, VAULT_HOST, assertion};

/// Making keys is slow: all vaults have the same.
static OWN: LazyLock<[Arc<PrivateKey>; 3]> =
    LazyLock::new(|| [(); 3].map(|()| Arc::new(PrivateKey::generate(KeyBits::Rsa2048).unwrap())));

/// Pauses that are short, and long enough for a busy machine.
pub(crate) const HURRY: Pace = Pace {
    connect: Duration::from_secs(10),
    attempt: Duration::from_secs(20),
    operation: Duration::from_secs(30),
    first_pause: Duration::from_millis(1),
    repetitions: 3,
    removal_pause: Duration::from_millis(1),
    removal_looks: 6,
};

pub(crate) fn exchange(key: Arc<PrivateKey>) -> NewKey {
    NewKey { name: "keyward-exchange", key, hsm: false, operations: &["unwrapKey"] }
}

pub(crate) fn provider(key: Arc<PrivateKey>) -> NewKey {
    NewKey { name: "keyward-provider", key, hsm: false, operations: &["wrapKey", "unwrapKey"] }
}

pub(crate) fn transfer(key: Arc<PrivateKey>) -> NewKey {
    NewKey { name: "keyward-transfer", key, hsm: true, operations: &["import"] }
}

pub(crate) fn start() -> DateTime<Utc> {
    "2026-03-14T09:26:53Z".parse().unwrap()
}

/// A vault as it is deployed.
pub(crate) fn deployed() -> KeyVault {
    deployed_with(Arc::new(start))
}

pub(crate) fn deployed_with(clock: Clock) -> KeyVault {
    let server = KeyVault::start(Settings::new(clock)).unwrap();
    let [one, two, three] = OWN.each_ref().map(Arc::clone);
    server.add_key(exchange(one));
    server.add_key(provider(two));
    server.add_key(transfer(three));
    server
}

/// Says what the token endpoint believes.
#[derive(Debug)]
struct Believed;

#[async_trait::async_trait]
impl ClientAssertion for Believed {
    async fn secret(&self, _: Option<ClientMethodOptions<'_>>) -> azure_core::Result<String> {
        Ok(assertion(start() + TimeDelta::days(1)))
    }
}

pub(crate) fn transport(server: &KeyVault, pace: Pace) -> AzureTransport {
    let authority = reqwest::Certificate::from_der(server.certificate()).unwrap();
    let builder = reqwest::Client::builder()
        .no_proxy()
        .tls_certs_only([authority])
        .resolve(VAULT_HOST, server.address())
        .resolve(LOGIN_HOST, server.address());
    AzureTransport::over(builder, pace).unwrap()
}

pub(crate) fn open(server: &KeyVault, pace: Pace) -> Arc<AzureVault> {
    open_as(server, pace, Believed)
}

pub(crate) fn open_as(server: &KeyVault, pace: Pace, assertion: impl ClientAssertion + 'static) -> Arc<AzureVault> {
    let transport = transport(server, pace);
    let credential = federated_credential(&server.authority(), "test-tenant", "keyward", assertion, &transport);
    Arc::new(AzureVault::new(&server.url(), credential.unwrap(), &transport).unwrap())
}
