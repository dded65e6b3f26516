//! What is sent to SES, and what its answers mean, without a network.

use std::sync::{Arc, Mutex};

use aws_sdk_sesv2::config::{BehaviorVersion, Credentials, Region, retry::RetryConfig};
use aws_smithy_runtime_api::client::{
    http::{HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector},
    orchestrator::{HttpRequest, HttpResponse},
    result::ConnectorError,
    runtime_components::RuntimeComponents,
};
use aws_smithy_types::body::SdkBody;
use serde_json::{Value, json};

use super::*;

type Error = Box<dyn std::error::Error>;

/// Answers every request the same, or not at all.
#[derive(Clone, Debug)]
struct Answering {
    answer: Option<(u16, &'static str, &'static str)>,
    asked: Arc<Mutex<Vec<Value>>>,
}

impl HttpConnector for Answering {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let body = request.body().bytes().and_then(|bytes| serde_json::from_slice(bytes).ok());
        if let Ok(mut asked) = self.asked.lock() {
            asked.push(body.unwrap_or_default());
        }
        HttpConnectorFuture::ready(match self.answer {
            None => Err(ConnectorError::timeout("no answer".into())),
            Some((status, code, body)) => status
                .try_into()
                .map(|status| {
                    let mut response = HttpResponse::new(status, SdkBody::from(body));
                    response.headers_mut().insert("x-amzn-errortype", code);
                    response
                })
                .map_err(|_| ConnectorError::user("a status".into())),
        })
    }
}

impl HttpClient for Answering {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

fn mailer(answer: Option<(u16, &'static str, &'static str)>) -> Result<(SesMailer, Answering), MailError> {
    let answering = Answering { answer, asked: Arc::default() };
    let configuration = aws_sdk_sesv2::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-central-1"))
        .credentials_provider(Credentials::new("id", "secret", None, None, "test"))
        .retry_config(RetryConfig::disabled())
        .http_client(answering.clone())
        .build();
    Ok((SesMailer::new(Client::from_conf(configuration), "keys@contoso.example", "keyward")?, answering))
}

fn message() -> Result<Message, Error> {
    Ok(Message {
        id: "0123abcd".to_owned(),
        tenant: "contoso".parse()?,
        sequence: 7,
        recipient: 1,
        to_address: "bob@contoso.example".to_owned(),
        to_name: "Bob, \"Müller\"".to_owned(),
        subject: "Zürich".to_owned(),
        text: "Grüße".to_owned(),
        html: Some("<p>Grüße</p>".to_owned()),
        at: "2026-03-14T09:26:53Z".parse()?,
    })
}

#[tokio::test]
async fn a_message_goes_out_with_both_forms_its_headers_and_its_tags() -> Result<(), Error> {
    let (mailer, answering) = mailer(Some((200, "", r#"{"MessageId":"m"}"#)))?;
    mailer.send(&message()?).await?;
    let asked = answering.asked.lock().map_err(|error| error.to_string())?.clone();
    let header = |name: &str, value: &str| json!({"Name": name, "Value": value});
    assert_eq!(
        asked,
        [json!({
            "FromEmailAddress": "Keyward <keys@contoso.example>",
            "Destination": {"ToAddresses": ["bob@contoso.example"]},
            "ConfigurationSetName": "keyward",
            "Content": {"Simple": {
                "Subject": {"Data": "Zürich", "Charset": "UTF-8"},
                "Body": {
                    "Text": {"Data": "Grüße", "Charset": "UTF-8"},
                    "Html": {"Data": "<p>Grüße</p>", "Charset": "UTF-8"},
                },
                "Headers": [
                    header("Auto-Submitted", "auto-generated"),
                    header("X-Auto-Response-Suppress", "All"),
                    header("X-Keyward-Notice", "contoso/7"),
                    header("References", "<notice.contoso.7@contoso.example>"),
                ],
            }},
            "EmailTags": [
                header("tenant", "contoso"),
                header("notice", "7"),
                header("recipient", "1"),
                header("message", "0123abcd"),
            ],
        })]
    );
    Ok(())
}

#[tokio::test]
async fn no_answer_about_the_sender_settles_a_recipient() -> Result<(), Error> {
    for (status, code) in [
        (400, "MessageRejected"),
        (400, "MailFromDomainNotVerifiedException"),
        (400, "BadRequestException"),
        (400, "AccountSuspendedException"),
        (400, "SendingPausedException"),
        (400, "LimitExceededException"),
        (404, "NotFoundException"),
        (429, "TooManyRequestsException"),
        (403, "AccessDeniedException"),
        (500, "InternalFailure"),
    ] {
        let (mailer, answering) = mailer(Some((status, code, r#"{"message":"Email address is not verified."}"#)))?;
        match mailer.send(&message()?).await {
            Err(MailError::Unavailable { reason }) => {
                assert_eq!(reason, format!("SES: {code}: Email address is not verified."));
            }
            other => return Err(format!("{code}: {other:?}").into()),
        }
        let asked = answering.asked.lock().map_err(|error| error.to_string())?.len();
        assert_eq!(asked, 1, "{code}: a repeated request would be another message");
    }
    Ok(())
}

#[tokio::test]
async fn an_outage_is_told_as_one() -> Result<(), Error> {
    let (mailer, _) = mailer(None)?;
    let sent = mailer.send(&message()?).await;
    assert!(matches!(&sent, Err(MailError::Unavailable { reason }) if reason.contains("no answer")), "{sent:?}");
    Ok(())
}

#[tokio::test]
async fn an_address_that_ses_can_not_take_is_refused_before() -> Result<(), Error> {
    let (mailer, answering) = mailer(None)?;
    for address in ["böb@contoso.example", "bob@zürich.example", "bob", "bob@contoso.example\r\nBcc: eve@evil.example"]
    {
        let sent = mailer.send(&Message { to_address: address.to_owned(), ..message()? }).await;
        assert!(matches!(sent, Err(MailError::Refused { .. })), "{address}");
    }
    assert!(answering.asked.lock().map_err(|error| error.to_string())?.is_empty());
    assert!(SesMailer::new(mailer.client.clone(), "not an address", "keyward").is_err());
    Ok(())
}
