//! The headers of a request that say who calls and on which conditions, at the gate that the functions and the local process have.

use std::sync::{Arc, LazyLock};

use http::{HeaderMap, HeaderName, HeaderValue, Request, header};
use keyward_adapters::http::Gate;
use keyward_service::Keyward;

use super::empty_house::EmptyHouse;
use super::issuers::{ISSUERS, VERIFIERS};
use super::tokens::{finished, now};

static GATE: LazyLock<Gate> = LazyLock::new(|| {
    let house = Arc::new(EmptyHouse);
    Gate::new(Keyward::new(house.clone(), house.clone(), house, Default::default()), VERIFIERS[0].clone())
});

/// A token that the gate takes.
static TOKEN: LazyLock<String> = LazyLock::new(|| {
    let entra = &ISSUERS[0];
    format!("Bearer {}", entra.sign(entra.header().as_bytes(), entra.claims().as_bytes()))
});

/// Takes the input as the value of each header that is looked at.
pub(crate) fn run(input: &[u8]) {
    let Ok(value) = HeaderValue::from_bytes(input) else { return };
    caller(&value);
    for name in [header::IF_MATCH, HeaderName::from_static("idempotency-key"), header::AUTHORIZATION] {
        for (method, path) in
            [("GET", "/v1/tenants/contoso"), ("POST", "/v1/tenants/contoso/environments/prod/protect")]
        {
            answered(method, path, &name, &value);
        }
    }
}

/// Who calls is decided by the one header that there is, as the verifier decides it.
fn caller(value: &HeaderValue) {
    let mut headers = HeaderMap::from_iter([(header::AUTHORIZATION, value.clone())]);
    let verified = finished(VERIFIERS[0].verify_authorization(Some(value.to_str().unwrap_or_default()), now()));
    let caller = finished(GATE.caller(&headers, now()));
    assert_eq!(caller.as_ref().ok(), verified.as_ref().ok());
    headers.append(header::AUTHORIZATION, HeaderValue::from_static(&TOKEN));
    assert_eq!(finished(GATE.caller(&headers, now())).map_err(|problem| problem.status), Err(401));
}

/// Nothing is there, and so the answer is a problem of the kind that the caller causes.
fn answered(method: &str, path: &str, name: &HeaderName, value: &HeaderValue) {
    let mut request = Request::builder().method(method).uri(path).body(b"{}".to_vec()).unwrap();
    request.headers_mut().insert(header::AUTHORIZATION, HeaderValue::from_static(&TOKEN));
    request.headers_mut().insert(name, value.clone());
    let response = finished(GATE.answer(request, now()));
    assert!((400..500).contains(&response.status().as_u16()), "{name}: {response:?}");
    assert_eq!(response.headers()[header::CONTENT_TYPE], "application/problem+json");
    let problem: serde_json::Value = serde_json::from_slice(response.body()).unwrap();
    assert_eq!(problem["status"], response.status().as_u16());
}
