use serde_json::json;

use super::*;

type Outcome = Result<(), Box<dyn std::error::Error>>;

fn event(stage: &str, path: &str, query: &str) -> Result<Event, serde_json::Error> {
    serde_json::from_value(json!({
        "version": "2.0",
        "rawPath": path,
        "rawQueryString": query,
        "headers": { "authorization": "Bearer t", "host": "not a host" },
        "requestContext": { "stage": stage, "http": { "method": "POST", "path": path } },
        "isBase64Encoded": false,
    }))
}

fn target(stage: &str, path: &str, query: &str) -> Result<String, Box<dyn std::error::Error>> {
    Ok(request(event(stage, path, query)?).map_err(|problem| problem.code.clone())?.uri().to_string())
}

#[test]
fn the_path_is_the_one_below_the_stage() -> Outcome {
    let rows = [
        ("$default", "/v1/tenants/a", "/v1/tenants/a"),
        ("live", "/live/v1/tenants/a", "/v1/tenants/a"),
        ("live", "/v1/tenants/a", "/v1/tenants/a"),
        ("live", "/lively/v1", "/lively/v1"),
        ("v1", "/v1/v1/tenants/a", "/v1/tenants/a"),
        ("", "/v1/tenants/a", "/v1/tenants/a"),
    ];
    for (stage, path, expected) in rows {
        assert_eq!(target(stage, path, "")?, expected, "{stage} {path}");
    }
    Ok(())
}

#[test]
fn the_path_is_neither_decoded_nor_normalised() -> Outcome {
    for path in ["/v1/tenants/a%2Fb", "/v1/tenants/a/../b", "/v1/tenants/%2e%2e/b", "/v1//tenants"] {
        assert_eq!(target("$default", path, "after=x%20y")?, format!("{path}?after=x%20y"));
    }
    assert_eq!(target("$default", "/v1/tenants/ü ?#", "")?, "/v1/tenants/%C3%BC%20%3F%23");
    Ok(())
}

#[test]
fn what_is_no_uri_is_a_problem() -> Outcome {
    for (path, query) in [("", ""), ("/v1", "a b"), (&*format!("/{}", "a".repeat(70_000)), "")] {
        let problem = request(event("$default", path, query)?).err();
        assert_eq!(problem.map(|problem| problem.status), Some(400), "{}", path.len());
    }
    Ok(())
}

#[test]
fn method_and_headers_are_the_request_s() -> Outcome {
    let request = request(event("$default", "/v1/tenants", "")?).map_err(|problem| problem.code.clone())?;
    assert_eq!(request.method(), http::Method::POST);
    assert_eq!(request.headers().get("authorization").map(http::HeaderValue::as_bytes), Some(b"Bearer t".as_slice()));
    Ok(())
}

#[test]
fn bodies_are_text_or_base64() {
    let taken = |text: &str, is_base64| body(text.to_owned(), is_base64).map_err(|problem| problem.code.clone());
    assert_eq!(taken("{}", false), Ok(b"{}".to_vec()));
    assert_eq!(taken("e30=", true), Ok(b"{}".to_vec()));
    assert_eq!(taken("not base64", true), Err("malformed_request".to_owned()));
    assert_eq!(taken(&"A".repeat(MAX_BODY_BYTES * 2), true), Err("body_too_large".to_owned()));
    // The longest body that is taken is not refused for its encoding.
    assert!(taken(&STANDARD.encode(vec![0; MAX_BODY_BYTES]), true).is_ok());
}

#[test]
fn answers_are_text_or_base64() -> Outcome {
    let rows: [(&[u8], Value, bool); 3] =
        [(b"", Value::Null, false), (b"{\"a\":1}", json!("{\"a\":1}"), false), (&[0xff, 0], json!("/wA="), true)];
    for (bytes, expected, is_base64) in rows {
        let mut response = Response::new(bytes.to_vec());
        response.headers_mut().insert("etag", http::HeaderValue::from_static("\"7\""));
        let reply = serde_json::to_value(reply(response))?;
        assert_eq!(reply["statusCode"], json!(200));
        assert_eq!(reply["headers"]["etag"], json!("\"7\""));
        assert_eq!(reply.get("body").cloned().unwrap_or_default(), expected);
        assert_eq!(reply["isBase64Encoded"], json!(is_base64));
    }
    Ok(())
}

#[test]
fn only_what_the_lambda_authorizer_tells_is_handed_on() -> Outcome {
    let told = |authorizer: Value| -> Result<Option<Handed>, serde_json::Error> {
        let mut event = serde_json::to_value(event("$default", "/v1/tenants", "")?)?;
        event["requestContext"]["authorizer"] = authorizer;
        let request = request(serde_json::from_value(event)?);
        Ok(request.ok().and_then(|request| request.extensions().get::<Handed>().cloned()))
    };
    let texts = |pairs: &[(&str, &str)]| {
        Some(Handed::from_texts(pairs.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()))
    };
    let lambda = json!({ "lambda": { "person": "anna", "authenticatedAt": 7 } });
    assert_eq!(told(lambda)?, texts(&[("person", "anna"), ("authenticatedAt", "7")]));
    for other in
        [json!({ "lambda": {} }), json!({ "person": "anna" }), json!({ "iam": { "userId": "anna" } }), Value::Null]
    {
        assert_eq!(told(other.clone())?, None, "{other}");
    }
    Ok(())
}

#[tokio::test]
async fn what_takes_too_long_is_to_be_asked_again() -> Outcome {
    let reply = within(Duration::from_millis(1), Instant::UNIX_EPOCH, std::future::pending()).await;
    assert_eq!(reply.status_code, 503);
    assert!(reply.headers.contains_key("retry-after"), "{:?}", reply.headers);
    Ok(())
}
