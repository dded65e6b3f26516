//! What AWS is asked for, and what is said where it does not answer.

use std::sync::{Arc, Mutex};

use aws_sdk_sts::config::{BehaviorVersion, Credentials, Region, retry::RetryConfig};
use aws_smithy_runtime_api::client::{
    http::{HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector},
    orchestrator::{HttpRequest, HttpResponse},
    result::ConnectorError,
    runtime_components::RuntimeComponents,
};
use aws_smithy_types::body::SdkBody;

use super::*;

/// Answers every request the same.
#[derive(Clone, Debug)]
struct Answering {
    status: u16,
    body: &'static str,
    asked: Arc<Mutex<Vec<String>>>,
}

impl HttpConnector for Answering {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        if let Ok(mut asked) = self.asked.lock() {
            let body = request.body().bytes().unwrap_or_default();
            asked.push(format!("{} {}", request.uri(), String::from_utf8_lossy(body)));
        }
        let status = self.status.try_into().map_err(|_| ConnectorError::user("a status".into()));
        HttpConnectorFuture::ready(status.map(|status| HttpResponse::new(status, SdkBody::from(self.body))))
    }
}

impl HttpClient for Answering {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

fn role(status: u16, body: &'static str) -> (RoleAssertion, Answering) {
    let answering = Answering { status, body, asked: Arc::default() };
    let configuration = aws_sdk_sts::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-central-1"))
        .credentials_provider(Credentials::new("id", "secret", None, None, "test"))
        .retry_config(RetryConfig::disabled())
        .http_client(answering.clone())
        .build();
    (RoleAssertion::new(aws_sdk_sts::Client::from_conf(configuration)), answering)
}

#[tokio::test]
async fn aws_is_asked_for_a_token_that_entra_id_takes() -> Result<(), Box<dyn std::error::Error>> {
    let (role, answering) = role(
        200,
        "<GetWebIdentityTokenResponse><GetWebIdentityTokenResult><WebIdentityToken>a.b.c</WebIdentityToken>\
         <Expiration>2026-03-14T09:31:53Z</Expiration></GetWebIdentityTokenResult></GetWebIdentityTokenResponse>",
    );
    assert_eq!(role.secret(None).await?, "a.b.c");
    let asked = answering.asked.lock().map_err(|error| error.to_string())?.join(" ");
    for part in [
        "https://sts.eu-central-1.amazonaws.com/",
        "Action=GetWebIdentityToken",
        "Audience.member.1=api%3A%2F%2FAzureADTokenExchange",
        "SigningAlgorithm=RS256",
        "DurationSeconds=300",
    ] {
        assert!(asked.contains(part), "{part} in {asked}");
    }
    assert_eq!(format!("{role:?}"), "RoleAssertion");
    Ok(())
}

#[tokio::test]
async fn a_refusal_of_aws_is_said_without_its_text() {
    let (role, _) = role(
        403,
        "<ErrorResponse><Error><Code>AccessDenied</Code><Message>secret text</Message></Error></ErrorResponse>",
    );
    let error = role.secret(None).await.map_err(|error| format!("{error} {error:?}")).err().unwrap_or_default();
    assert!(error.contains("AWS did not say who this role is") && !error.contains("secret text"), "{error}");
}

#[test]
fn each_cloud_has_its_own_entra_id() {
    for (vault, authority) in [
        ("https://keyward.vault.azure.net", "https://login.microsoftonline.com"),
        ("https://keyward.vault.azure.net/", "https://login.microsoftonline.com"),
        ("https://keyward.vault.usgovcloudapi.net", "https://login.microsoftonline.us"),
        ("https://keyward.vault.azure.cn/", "https://login.chinacloudapi.cn"),
        ("nonsense", "https://login.microsoftonline.com"),
    ] {
        assert_eq!(authority_for(vault), authority);
    }
}
