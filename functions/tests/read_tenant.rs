//! A packaged function, run as Lambda runs it.

#![expect(clippy::panic, reason = "a test fails by panicking")]

mod runtime_api;

use serde_json::{Value, json};

use runtime_api::invoke;

type Outcome = Result<(), Box<dyn std::error::Error>>;

fn event(method: &str, path: &str) -> Value {
    json!({
        "version": "2.0",
        "routeKey": "GET /v1/tenants/{tenant}",
        "rawPath": format!("/live{path}"),
        "rawQueryString": "",
        "headers": { "host": "api.example", "accept": "application/json" },
        "requestContext": {
            "accountId": "1",
            "apiId": "a",
            "requestId": "gateway-request",
            "stage": "live",
            "timeEpoch": 0,
            "http": { "method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1" }
        },
        "isBase64Encoded": false
    })
}

/// The status, the media type and the problem's code of an answer.
fn told(answer: &Value) -> Result<(i64, String, String), Box<dyn std::error::Error>> {
    let problem: Value = serde_json::from_str(answer["body"].as_str().ok_or("no body")?)?;
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let status = answer["statusCode"].as_i64().unwrap_or_default();
    Ok((status, text(&answer["headers"]["content-type"]), text(&problem["code"])))
}

#[test]
fn a_function_answers_its_own_route_only_and_nobody_without_a_token() -> Outcome {
    let events = [event("GET", "/v1/tenants/contoso"), event("GET", "/v1/tenants/contoso/keys")];
    let run = invoke(env!("CARGO_BIN_EXE_read-tenant"), &events)?;
    let problem = |status, code: &str| (status, "application/problem+json".to_owned(), code.to_owned());
    let [own, other] = run.answers.as_slice() else { panic!("{} answers", run.answers.len()) };
    assert_eq!(told(own)?, problem(401, "unauthenticated"));
    assert_eq!(own["headers"]["www-authenticate"], "Bearer realm=\"keyward\"");
    assert_eq!(own["headers"]["cache-control"], "no-store");
    assert_eq!(told(other)?, problem(404, "not_found"));

    let lines: Vec<Value> = run.log.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
    let answered: Vec<&Value> = lines.iter().filter(|line| line["message"] == "answered").collect();
    assert_eq!(answered.len(), 2, "{}", run.log);
    assert_eq!(answered[0]["span"]["operation"], "read-tenant");
    assert_eq!(answered[0]["span"]["request_id"], "request-0");
    assert_eq!(answered[0]["gateway_request_id"], "gateway-request");
    assert_eq!(answered[0]["status"], 401);
    Ok(())
}

#[test]
fn a_function_that_lacks_a_variable_names_it_and_ends() -> Outcome {
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_read-tenant")).env_clear().output()?;
    assert_eq!(output.status.code(), Some(1));
    let line: Value = serde_json::from_slice(&output.stdout)?;
    assert_eq!(line["level"], "ERROR");
    assert!(line["error"].as_str().is_some_and(|error| error.contains("KEYWARD_TABLE is not set")), "{line}");
    Ok(())
}
