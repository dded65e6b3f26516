//! Tokens for the vault without a stored secret: AWS says who the function's role is, and Entra ID takes its word.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use aws_sdk_sts::error::ProvideErrorMetadata;
use azure_core::cloud::CustomConfiguration;
use azure_core::credentials::TokenCredential;
use azure_core::error::{Error, ErrorKind};
use azure_core::http::{ClientMethodOptions, Url};
use azure_identity::{ClientAssertion, ClientAssertionCredential, ClientAssertionCredentialOptions};

use super::transport::AzureTransport;
use super::vault::AzureVaultError;

/// For whom the assertion is; the federated credential of the app registration names the same.
const AUDIENCE: &str = "api://AzureADTokenExchange";
/// The only algorithm of the two that AWS has which Entra ID takes.
const ALGORITHM: &str = "RS256";
/// It is used once, at once.
const LIFETIME_SECONDS: i32 = 300;

/// Says by AWS's signature which role this process has (`sts:GetWebIdentityToken`; the regional endpoint is needed).
pub struct RoleAssertion {
    sts: aws_sdk_sts::Client,
}

impl RoleAssertion {
    /// Asks through this client, each time a token of Entra ID is needed.
    #[must_use]
    pub fn new(sts: aws_sdk_sts::Client) -> Self {
        Self { sts }
    }
}

impl fmt::Debug for RoleAssertion {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("RoleAssertion")
    }
}

#[async_trait]
impl ClientAssertion for RoleAssertion {
    async fn secret(&self, _: Option<ClientMethodOptions<'_>>) -> azure_core::Result<String> {
        let asked = self.sts.get_web_identity_token().audience(AUDIENCE).signing_algorithm(ALGORITHM);
        let answer = asked.duration_seconds(LIFETIME_SECONDS).send().await.map_err(|error| {
            // Only the code: the message can repeat what was sent.
            tracing::warn!(code = error.code().unwrap_or("none"), "AWS did not say who this role is");
            Error::with_message(ErrorKind::Credential, "AWS did not say who this role is")
        })?;
        answer.web_identity_token.ok_or_else(|| Error::with_message(ErrorKind::Credential, "AWS gave no token"))
    }
}

/// Tokens of Entra ID for the application `client` in the directory `tenant`, which trusts who signs the assertion. They are
/// kept until shortly before they expire. Nothing is sent until the first is needed.
///
/// `authority` is the address of Entra ID: [`authority_for`] the vault.
///
/// # Errors
/// [`AzureVaultError::BadAddress`] and [`AzureVaultError::BadIdentity`].
pub fn federated_credential(
    authority: &str,
    tenant: &str,
    client: &str,
    assertion: impl ClientAssertion + 'static,
    transport: &AzureTransport,
) -> Result<Arc<dyn TokenCredential>, AzureVaultError> {
    let bad_address = |_| AzureVaultError::BadAddress { what: "Entra ID", reason: "it is no URL" };
    let url: Url = authority.parse().map_err(bad_address)?;
    let mut cloud = CustomConfiguration::default();
    cloud.authority_host = authority.to_owned();
    let mut client_options = transport.options(&url, None);
    client_options.cloud = Some(Arc::new(cloud.into()));
    let options = Some(ClientAssertionCredentialOptions { client_options });
    let credential = ClientAssertionCredential::new(tenant.to_owned(), client.to_owned(), assertion, options);
    credential.map(|credential| credential as Arc<dyn TokenCredential>).map_err(|_| AzureVaultError::BadIdentity)
}

/// Entra ID of the cloud that the vault at `vault_url` is in.
#[must_use]
pub fn authority_for(vault_url: &str) -> &'static str {
    let host = vault_url.parse::<Url>().ok().and_then(|url| url.domain().map(str::to_owned)).unwrap_or_default();
    if host.ends_with(".vault.azure.cn") {
        "https://login.chinacloudapi.cn"
    } else if host.ends_with(".vault.usgovcloudapi.net") {
        "https://login.microsoftonline.us"
    } else {
        "https://login.microsoftonline.com"
    }
}

#[cfg(test)]
mod tests;
