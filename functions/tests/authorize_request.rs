//! The authorizer as the gateway asks it, and a function behind it.

mod runtime_api;

use serde_json::{Value, json};

use runtime_api::invoke;

type Outcome = Result<(), Box<dyn std::error::Error>>;

/// Of anna, an auditor of contoso, until 2100.
const GOOD: &str = "eyJhbGciOiJFUzI1NiIsImtpZCI6IjEifQ.eyJpc3MiOiJodHRwczovL2lzc3Vlci5leGFtcGxlIiwiYXVkIjoia2V5d2FyZCIsInN1YiI6ImFubmEiLCJ0aWQiOiJjb250b3NvIiwicm9sZXMiOlsiYXVkaXRvciJdLCJpYXQiOjE3MDAwMDAwMDAsImF1dGhfdGltZSI6MTcwMDAwMDAwMCwiZXhwIjo0MTAyNDQ0ODAwfQ.AXWbM1t_Qtx47cYDDk7u7gNr2CROaRTrAduM1I7rLqaash7ay2w9ZPp0XHPwUjlbACifEvuWJwA7sVKA5PBgRg";
/// The same until 2023.
const EXPIRED: &str = "eyJhbGciOiJFUzI1NiIsImtpZCI6IjEifQ.eyJpc3MiOiJodHRwczovL2lzc3Vlci5leGFtcGxlIiwiYXVkIjoia2V5d2FyZCIsInN1YiI6ImFubmEiLCJ0aWQiOiJjb250b3NvIiwicm9sZXMiOlsiYXVkaXRvciJdLCJpYXQiOjE3MDAwMDAwMDAsImF1dGhfdGltZSI6MTcwMDAwMDAwMCwiZXhwIjoxNzAwMDAzNjAwfQ.mA1HO2hvHPO28y7dQdF1KL8KX_cXgOipPmy7J91bhCaV3ZXyHe2fzVIegNunm8TlJaD9IebU2N8l3VD_iBWxAg";

fn question(headers: &Value) -> Value {
    json!({
        "version": "2.0",
        "type": "REQUEST",
        "routeArn": "arn:aws:execute-api:eu-central-1:123456789012:a/$default/GET/v1/tenants/contoso",
        "identitySource": ["Bearer of no account"],
        "routeKey": "GET /v1/tenants/{tenant}",
        "rawPath": "/v1/tenants/contoso",
        "rawQueryString": "",
        "headers": headers,
        "requestContext": { "accountId": "1", "apiId": "a", "requestId": "gateway-request", "stage": "$default" },
        "pathParameters": { "tenant": "contoso" },
    })
}

fn with_token(token: &str) -> Value {
    question(&json!({ "host": "api.example", "authorization": format!("Bearer {token}") }))
}

#[test]
fn a_good_token_goes_on_with_its_bearer() -> Outcome {
    let (message, _) = GOOD.rsplit_once('.').ok_or("no token")?;
    let (_, other_signature) = EXPIRED.rsplit_once('.').ok_or("no token")?;
    let twice = json!({ "authorization": format!("Bearer {GOOD}"), "Authorization": format!("Bearer {GOOD}") });
    let anna = json!({ "person": "anna", "tenant": "contoso", "roles": "auditor", "authenticatedAt": "1700000000" });
    let no = |context: Value| json!({ "isAuthorized": false, "context": context });
    let rows = [
        (with_token(GOOD), json!({ "isAuthorized": true, "context": anna })),
        // The function behind says what to do.
        (with_token(EXPIRED), json!({ "isAuthorized": true, "context": { "refused": "expired" } })),
        (with_token(&format!("{message}.{other_signature}")), no(json!({}))),
        (with_token(&format!("{message}.")), no(json!({}))),
        (with_token("x"), no(json!({}))),
        (question(&json!({ "authorization": "" })), no(json!({}))),
        (question(&twice), no(json!({}))),
        (question(&json!({})), no(json!({}))),
        (json!({}), no(json!({}))),
    ];
    let questions: Vec<Value> = rows.iter().map(|(question, _)| question.clone()).collect();
    let run = invoke(env!("CARGO_BIN_EXE_authorize-request"), &questions)?;
    for ((question, expected), answer) in rows.iter().zip(&run.answers) {
        assert_eq!(answer, expected, "{question}");
    }
    assert_eq!(run.answers.len(), rows.len());
    let lines: Vec<Value> = run.log.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
    let through = lines.iter().find(|line| line["message"] == "let through").ok_or("not logged")?;
    assert_eq!((&through["tenant"], &through["person"]), (&json!("contoso"), &json!("anna")));
    assert_eq!(through["roles"], "[Auditor]");
    assert_eq!(
        lines.iter().filter(|line| line["error"].as_str().is_some_and(|why| why.starts_with("BadSignature"))).count(),
        2,
        "{}",
        run.log
    );
    assert!(!run.log.contains(message));
    a_function_believes_the_token_and_not_what_it_is_told()
}

fn a_function_believes_the_token_and_not_what_it_is_told() -> Outcome {
    let request = |token: Option<&str>, context: Value| {
        let headers = token.map_or(json!({}), |token| json!({ "authorization": format!("Bearer {token}") }));
        json!({
            "version": "2.0", "rawPath": "/v1/tenants/contoso", "rawQueryString": "", "headers": headers,
            "requestContext": { "stage": "$default", "authorizer": { "lambda": context }, "http": { "method": "GET", "path": "/" } },
            "isBase64Encoded": false,
        })
    };
    let anna =
        |roles: &str| json!({ "person": "anna", "tenant": "contoso", "roles": roles, "authenticatedAt": "1700000000" });
    let rows = [
        // What somebody made up who may call the function but has no token, or one of somebody else.
        (request(None, anna("global_administrator")), 401, "unauthenticated"),
        (request(Some("x"), anna("auditor")), 401, "unauthenticated"),
        (request(Some(EXPIRED), anna("auditor")), 401, "token_expired"),
        (request(Some(GOOD), anna("global_administrator")), 503, "unavailable"),
        (request(Some(GOOD), json!({ "person": "olivia", "roles": "operator" })), 503, "unavailable"),
        // What the authorizer lets through for the answer.
        (request(Some(EXPIRED), json!({ "refused": "expired" })), 401, "token_expired"),
        (request(Some("x"), json!({ "refused": "issuer_unavailable" })), 401, "unauthenticated"),
    ];
    let requests: Vec<Value> = rows.iter().map(|(request, _, _)| request.clone()).collect();
    let run = invoke(env!("CARGO_BIN_EXE_read-tenant"), &requests)?;
    for ((request, status, code), answer) in rows.iter().zip(&run.answers) {
        let problem: Value = serde_json::from_str(answer["body"].as_str().ok_or("no body")?)?;
        assert_eq!((&answer["statusCode"], &problem["code"]), (&json!(status), &json!(code)), "{request}");
    }
    assert_eq!(run.answers.len(), rows.len());
    Ok(())
}
