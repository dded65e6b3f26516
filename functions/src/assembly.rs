//! From configuration to operations. Nothing is sent over the network here: a function that is not asked anything costs nothing more.

use std::sync::Arc;
use std::time::Duration;

use aws_config::environment::EnvironmentVariableCredentialsProvider;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_dynamodb::Client;
use aws_smithy_http_client::{Builder, tls};
use keyward_adapters::{
    mail::{MailFolder, NoMailer, SesMailer},
    table::DynamoTable,
    vault::EmbeddedVault,
    vault::azure::{AzureTransport, AzureVault, Pace, RoleAssertion, authority_for, federated_credential},
};
use keyward_service::{
    Keyward,
    ports::{mail::Mailer, vault::Vault},
};

use crate::configuration::{Configuration, ConfigurationError, MailPlace, VaultPlace, unusable};

const CONNECT: Duration = Duration::from_secs(1);
/// DynamoDB answers in milliseconds; what takes so long is lost, and sent again.
const ATTEMPT: Duration = Duration::from_secs(3);
/// With the SDK's repetitions; an HTTP API waits 30 s for a function.
const REQUEST: Duration = Duration::from_secs(10);
/// SES takes a message in less than a second. What takes so long may have been sent.
const MAIL: Duration = Duration::from_secs(10);

/// The operations over the configured table, vault and mail.
///
/// # Errors
/// [`ConfigurationError`] where the vault or the mail folder does not open.
pub(crate) async fn keyward(configuration: Configuration) -> Result<Keyward, ConfigurationError> {
    let Configuration { table, region, settings, vault, mail } = configuration;
    let sdk = sdk(region).await;
    let vault = self::vault(vault, &sdk)?;
    let mailer = mailer(mail, &sdk)?;
    let table = DynamoTable::new(Client::new(&sdk), table);
    Ok(Keyward::new(Arc::new(table), vault, mailer, settings))
}

/// Where private keys are. The Azure vault is not asked anything before it is needed.
fn vault(place: VaultPlace, sdk: &SdkConfig) -> Result<Arc<dyn Vault>, ConfigurationError> {
    const NAME: &str = "KEYWARD_VAULT";
    Ok(match place {
        // Every function has it open, and each of them in several processes.
        VaultPlace::Embedded { dir, master_key } => {
            Arc::new(EmbeddedVault::open_shared(dir, master_key).map_err(unusable(NAME))?)
        }
        VaultPlace::Azure { url, tenant, client } => {
            let transport = AzureTransport::new(Pace::default()).map_err(unusable(NAME))?;
            let assertion = RoleAssertion::new(aws_sdk_sts::Client::new(sdk));
            let credential = federated_credential(authority_for(&url), &tenant, &client, assertion, &transport)
                .map_err(unusable("KEYWARD_AZURE_TENANT"))?;
            Arc::new(AzureVault::new(&url, credential, &transport).map_err(unusable(NAME))?)
        }
    })
}

/// What sends notices. Only where it is SES its client is made.
fn mailer(place: MailPlace, sdk: &SdkConfig) -> Result<Arc<dyn Mailer>, ConfigurationError> {
    const NAME: &str = "KEYWARD_MAIL";
    Ok(match place {
        MailPlace::Nowhere => Arc::new(NoMailer),
        MailPlace::Folder(dir) => Arc::new(MailFolder::open(dir).map_err(unusable(NAME))?),
        MailPlace::Ses { sender, configuration_set } => {
            let configuration = aws_sdk_sesv2::config::Builder::from(sdk)
                // A message that was sent again because its answer was late is a second message: the outbox alone decides about that.
                .retry_config(RetryConfig::disabled())
                .timeout_config(timeouts(MAIL, MAIL))
                .build();
            let client = aws_sdk_sesv2::Client::from_conf(configuration);
            Arc::new(SesMailer::new(client, &sender, &configuration_set).map_err(unusable(NAME))?)
        }
    })
}

fn timeouts(attempt: Duration, request: Duration) -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(CONNECT)
        .operation_attempt_timeout(attempt)
        .operation_timeout(request)
        .build()
}

/// AWS as the function's role reaches it.
///
/// Region and credentials come from where Lambda puts them and nowhere else: the SDK's chain of other places would ask the network.
async fn sdk(region: String) -> SdkConfig {
    let https =
        Builder::new().tls_provider(tls::Provider::Rustls(tls::rustls_provider::CryptoMode::AwsLc)).build_https();
    aws_config::defaults(BehaviorVersion::latest())
        .region(Region::new(region))
        .credentials_provider(EnvironmentVariableCredentialsProvider::new())
        .http_client(https)
        .timeout_config(timeouts(ATTEMPT, REQUEST))
        .load()
        .await
}
