//! From configuration to operations. Nothing is sent over the network here: a function that is not asked anything costs nothing more.

use std::sync::Arc;
use std::time::Duration;

use aws_config::environment::EnvironmentVariableCredentialsProvider;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region};
use aws_sdk_dynamodb::Client;
use aws_smithy_http_client::{Builder, tls};
use keyward_adapters::{mail::MailFolder, table::DynamoTable, vault::EmbeddedVault};
use keyward_service::Keyward;

use crate::configuration::{Configuration, ConfigurationError, MailPlace, VaultPlace, unusable};

const CONNECT: Duration = Duration::from_secs(1);
/// DynamoDB answers in milliseconds; what takes so long is lost, and sent again.
const ATTEMPT: Duration = Duration::from_secs(3);
/// With the SDK's repetitions; an HTTP API waits 30 s for a function.
const REQUEST: Duration = Duration::from_secs(10);

/// The operations over the configured table, vault and mail.
///
/// # Errors
/// [`ConfigurationError`] where the vault or the mail folder does not open.
pub(crate) async fn keyward(configuration: Configuration) -> Result<Keyward, ConfigurationError> {
    let Configuration { table, region, settings, vault, mail } = configuration;
    let VaultPlace::Embedded { dir, master_key } = vault;
    let vault = EmbeddedVault::open(dir, master_key).map_err(unusable("KEYWARD_VAULT"))?;
    let MailPlace::Folder(dir) = mail;
    let mailer = MailFolder::open(dir).map_err(unusable("KEYWARD_MAIL"))?;
    let table = DynamoTable::new(client(region).await, table);
    Ok(Keyward::new(Arc::new(table), Arc::new(vault), Arc::new(mailer), settings))
}

/// DynamoDB as the function's role reaches it.
///
/// Region and credentials come from where Lambda puts them and nowhere else: the SDK's chain of other places would ask the network.
async fn client(region: String) -> Client {
    let https =
        Builder::new().tls_provider(tls::Provider::Rustls(tls::rustls_provider::CryptoMode::AwsLc)).build_https();
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(CONNECT)
        .operation_attempt_timeout(ATTEMPT)
        .operation_timeout(REQUEST)
        .build();
    let configuration = aws_config::defaults(BehaviorVersion::latest())
        .region(Region::new(region))
        .credentials_provider(EnvironmentVariableCredentialsProvider::new())
        .http_client(https)
        .timeout_config(timeouts)
        .load()
        .await;
    Client::new(&configuration)
}
