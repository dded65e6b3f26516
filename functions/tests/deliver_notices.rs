//! The function that is invoked by a schedule, by the table's stream and by EventBridge.

#![expect(clippy::panic, reason = "a test fails by panicking")]

mod runtime_api;

use serde_json::{Value, json};

use runtime_api::invoke;

#[test]
fn what_is_not_understood_is_logged_and_does_not_come_again() -> Result<(), Box<dyn std::error::Error>> {
    let record = json!({
        "eventName": "INSERT",
        "eventSource": "aws:dynamodb",
        "dynamodb": {
            "Keys": { "pk": { "S": "TENANT#contoso" }, "sk": { "S": "AUDIT#000000000001" } },
            "SequenceNumber": "44215845000000000174504395"
        }
    });
    let events = [
        json!({ "Records": [{ "eventSource": "aws:sqs", "messageId": "1", "body": "{}" }] }),
        json!({ "source": "aws.ses", "detail-type": "Email Delivered", "detail": { "mail": { "tags": {} } } }),
        json!({ "Records": [record] }),
    ];
    let run = invoke(env!("CARGO_BIN_EXE_deliver-notices"), &events)?;
    let [queue, delivered, stream] = run.answers.as_slice() else { panic!("{} answers", run.answers.len()) };
    assert_eq!((queue, delivered), (&Value::Null, &Value::Null));
    assert_eq!(stream, &json!({ "batchItemFailures": [] }), "no notice is in it, so nothing is asked of the table");
    let lines: Vec<Value> = run.log.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
    let errors: Vec<&Value> = lines.iter().filter(|line| line["level"] == "ERROR").collect();
    assert_eq!(errors.len(), 2, "{}", run.log);
    assert!(errors.iter().all(|line| line["message"].as_str().is_some_and(|text| text.contains("not understood"))));
    Ok(())
}

#[test]
fn it_does_not_start_without_a_place_for_mail() -> Result<(), Box<dyn std::error::Error>> {
    let variables = [
        ("AWS_REGION", "eu-central-1"),
        ("KEYWARD_TABLE", "keyward"),
        ("KEYWARD_VAULT", "embedded:unused"),
        ("KEYWARD_MASTER_KEY", "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc="),
    ];
    let mut function = std::process::Command::new(env!("CARGO_BIN_EXE_deliver-notices"));
    let output = function.env_clear().envs(variables).output()?;
    assert_eq!(output.status.code(), Some(1));
    let line: Value = serde_json::from_slice(&output.stdout)?;
    assert!(line["error"].as_str().is_some_and(|error| error.contains("KEYWARD_MAIL is not set")), "{line}");
    Ok(())
}
