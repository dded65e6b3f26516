//! The server keeps to what Azure documents, asked over HTTP as any client would.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use keyward_test_keyvault::{API_VERSION, Effect, Fault, KeyVault, LOGIN_HOST, Settings, VAULT_HOST, assertion};
use reqwest::{Certificate, Client, Method, Response};
use serde_json::{Value, json};

fn start() -> DateTime<Utc> {
    "2026-03-14T09:26:53Z".parse().unwrap()
}

struct Asking {
    server: KeyVault,
    client: Client,
    token: String,
    seconds: Arc<AtomicI64>,
}

impl Asking {
    async fn new() -> Self {
        let seconds = Arc::new(AtomicI64::new(0));
        let clock = Arc::clone(&seconds);
        let now = Arc::new(move || start() + TimeDelta::seconds(clock.load(Ordering::Relaxed)));
        let server = KeyVault::start(Settings::new(now)).unwrap();
        let client = Client::builder()
            .no_proxy()
            .tls_certs_only([Certificate::from_der(server.certificate()).unwrap()])
            .resolve(VAULT_HOST, server.address())
            .resolve(LOGIN_HOST, server.address())
            .build()
            .unwrap();
        let mut asking = Self { server, client, token: String::new(), seconds };
        let (status, answer) = asking.token(&assertion(start() + TimeDelta::minutes(5)), "vault.azure.test").await;
        assert_eq!((status, &answer["expires_in"]), (200, &json!(3600)));
        answer["access_token"].as_str().unwrap().clone_into(&mut asking.token);
        asking
    }

    async fn token(&self, assertion: &str, resource: &str) -> (u16, Value) {
        let form = format!(
            "client_id=keyward&grant_type=client_credentials&scope=https%3A%2F%2F{resource}%2F.default&\
             client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer&\
             client_assertion={assertion}"
        );
        let url = format!("{}/test-tenant/oauth2/v2.0/token", self.server.authority());
        parsed(self.client.post(url).body(form).send().await.unwrap()).await
    }

    async fn raw(&self, method: Method, path: &str, token: &str) -> Response {
        let url = format!("{}/{path}?api-version={API_VERSION}", self.server.url());
        self.client.request(method, url).bearer_auth(token).send().await.unwrap()
    }

    async fn ask(&self, method: Method, path: &str, body: Value) -> (u16, Value) {
        let url = format!("{}/{path}?api-version={API_VERSION}", self.server.url());
        let request = self.client.request(method, url).bearer_auth(&self.token);
        parsed(request.body(body.to_string()).send().await.unwrap()).await
    }

    /// The status, and the codes of the error.
    async fn refused(&self, method: Method, path: &str, body: Value) -> (u16, String, String) {
        let (status, answer) = self.ask(method, path, body).await;
        let code = |value: &Value| value["code"].as_str().unwrap_or_default().to_owned();
        (status, code(&answer["error"]), code(&answer["error"]["innererror"]))
    }
}

async fn parsed(response: Response) -> (u16, Value) {
    let status = response.status().as_u16();
    (status, serde_json::from_slice(&response.bytes().await.unwrap()).unwrap_or_default())
}

fn refusal(status: u16, code: &str, inner: &str) -> (u16, String, String) {
    (status, code.to_owned(), inner.to_owned())
}

#[tokio::test]
async fn a_request_without_a_good_token_is_told_where_to_get_one() {
    let asking = Asking::new().await;
    for token in ["", "another"] {
        let response = asking.raw(Method::GET, "keys/a", token).await;
        assert_eq!(response.status(), 401);
        let challenge = response.headers()["www-authenticate"].to_str().unwrap();
        assert!(challenge.contains("resource=\"https://vault.azure.test\""), "{challenge}");
        assert!(challenge.starts_with("Bearer authorization=\"https://login.azure.test/"), "{challenge}");
    }
    assert_eq!(asking.raw(Method::GET, "keys/a", &asking.token).await.status(), 404);
    asking.seconds.store(3600, Ordering::Relaxed);
    assert_eq!(asking.raw(Method::GET, "keys/a", &asking.token).await.status(), 401);
}

#[tokio::test]
async fn a_token_is_given_for_this_vault_and_a_good_assertion_only() {
    let asking = Asking::new().await;
    let good = assertion(start() + TimeDelta::minutes(5));
    assert_eq!(asking.token(&good, "graph.azure.test").await.0, 400);
    let (header, _) = good.split_once('.').unwrap();
    let claims = URL_SAFE_NO_PAD.encode(json!({ "aud": "api://another", "exp": i64::MAX }).to_string());
    for bad in ["a.b.c", &assertion(start()), &format!("{header}.{claims}.c"), good.rsplit_once('.').unwrap().0] {
        let (status, answer) = asking.token(bad, "vault.azure.test").await;
        assert_eq!((status, &answer["error_codes"]), (400, &json!([700_213])), "{bad}");
    }
}

#[tokio::test]
async fn a_key_does_what_it_may_and_nothing_when_it_is_disabled() {
    let asking = Asking::new().await;
    let body = json!({ "kty": "RSA", "key_size": 2048, "key_ops": ["wrapKey", "unwrapKey"] });
    let (status, made) = asking.ask(Method::POST, "keys/a/create", body).await;
    assert_eq!((status, &made["attributes"]["recoveryLevel"]), (200, &json!("Recoverable+Purgeable")));
    let secret = URL_SAFE_NO_PAD.encode([7; 32]);
    let value = |value: &Value| json!({ "alg": "RSA-OAEP-256", "value": value });
    let (_, wrapped) = asking.ask(Method::POST, "keys/a//wrapkey", value(&json!(secret))).await;
    let (_, unwrapped) = asking.ask(Method::POST, "keys/a//unwrapkey", value(&wrapped["value"])).await;
    assert_eq!(unwrapped["value"], secret);
    let forbidden = refusal(403, "Forbidden", "KeyOperationForbidden");
    assert_eq!(asking.refused(Method::POST, "keys/a//decrypt", value(&wrapped["value"])).await, forbidden);
    let bad = refusal(400, "BadParameter", "");
    assert_eq!(asking.refused(Method::POST, "keys/a//unwrapkey", value(&json!("AAAA"))).await, bad);

    // Outside its dates a key unwraps and does not wrap.
    for (dates, code) in [
        (json!({ "exp": start().timestamp() }), "KeyExpired"),
        (json!({ "nbf": start().timestamp() + 9, "exp": start().timestamp() + 99 }), "KeyNotYetValid"),
    ] {
        asking.ask(Method::PATCH, "keys/a", json!({ "attributes": dates })).await;
        assert_eq!(asking.ask(Method::POST, "keys/a//unwrapkey", value(&wrapped["value"])).await.0, 200);
        let refused = asking.refused(Method::POST, "keys/a//wrapkey", value(&json!(secret))).await;
        assert_eq!(refused, refusal(403, "Forbidden", code));
    }
    let (_, changed) = asking.ask(Method::PATCH, "keys/a", json!({ "attributes": { "enabled": false } })).await;
    assert_eq!(changed["attributes"]["enabled"], false);
    let refused = asking.refused(Method::POST, "keys/a//unwrapkey", value(&wrapped["value"])).await;
    assert_eq!(refused, refusal(403, "Forbidden", "KeyDisabled"));
    assert_eq!(asking.ask(Method::GET, "keys/a", Value::Null).await.0, 200);
}

#[tokio::test]
async fn a_deleted_key_keeps_its_name_until_it_is_purged() {
    let asking = Asking::new().await;
    let make = json!({ "kty": "RSA" });
    asking.ask(Method::POST, "keys/a/create", make.clone()).await;
    asking.server.change(|settings| settings.looks_until_deleted = 1);
    assert_eq!(asking.ask(Method::DELETE, "keys/a", Value::Null).await.0, 200);
    let conflict = |inner| refusal(409, "Conflict", inner);
    assert_eq!(asking.refused(Method::POST, "keys/a/create", make.clone()).await, conflict("ObjectIsBeingDeleted"));
    assert_eq!(asking.ask(Method::GET, "deletedkeys/a", Value::Null).await.0, 404);
    let (status, deleted) = asking.ask(Method::GET, "deletedkeys/a", Value::Null).await;
    assert_eq!(status, 200);
    assert_eq!(deleted["recoveryId"], format!("{}/deletedkeys/a", asking.server.url()));
    let taken = asking.refused(Method::POST, "keys/a/create", make.clone()).await;
    assert_eq!(taken, conflict("ObjectIsDeletedButRecoverable"));

    assert_eq!(asking.ask(Method::POST, "deletedkeys/a/recover", Value::Null).await.0, 200);
    assert_eq!(asking.ask(Method::GET, "keys/a", Value::Null).await.0, 200);
    asking.server.change(|settings| {
        settings.looks_until_deleted = 0;
        settings.purge_protection = true;
    });
    let (_, deleted) = asking.ask(Method::DELETE, "keys/a", Value::Null).await;
    assert_eq!(deleted["attributes"]["recoveryLevel"], "Recoverable");
    assert_eq!(asking.ask(Method::DELETE, "deletedkeys/a", Value::Null).await.0, 403);
    asking.server.change(|settings| settings.purge_protection = false);
    assert_eq!(asking.ask(Method::DELETE, "deletedkeys/a", Value::Null).await.0, 204);
    assert_eq!(asking.ask(Method::GET, "deletedkeys/a", Value::Null).await.0, 404);
    assert_eq!(asking.ask(Method::POST, "keys/a/create", make).await.0, 200);
}

#[tokio::test]
async fn what_goes_wrong_does_so_as_often_as_it_was_asked_for() {
    let asking = Asking::new().await;
    asking.server.fail(Fault { method: "GET", path: "/keys/", times: 1, effect: Effect::Throttled { retry_after: 7 } });
    let response = asking.raw(Method::GET, "keys/a", &asking.token).await;
    assert_eq!((response.status().as_u16(), &response.headers()["retry-after"]), (429, &"7".parse().unwrap()));
    assert_eq!(asking.raw(Method::GET, "keys/a", &asking.token).await.status(), 404);

    asking.server.fail(Fault { method: "POST", path: "/create", times: 1, effect: Effect::AnswerLost });
    let url = format!("{}/keys/a/create?api-version={API_VERSION}", asking.server.url());
    let request = asking.client.post(url).bearer_auth(&asking.token).body(json!({ "kty": "RSA" }).to_string());
    let lost = match request.send().await {
        Ok(response) => response.bytes().await.is_err(),
        Err(_) => true,
    };
    assert!(lost && asking.server.versions("a") == 1);
}

#[tokio::test]
async fn versions_come_in_pages() {
    let asking = Asking::new().await;
    let key = Arc::new(keyward_keyfile::PrivateKey::generate(keyward_keyfile::KeyBits::Rsa2048).unwrap());
    for _ in 0..30 {
        asking.server.add_key(keyward_test_keyvault::NewKey {
            name: "a",
            key: key.clone(),
            hsm: false,
            operations: &[],
        });
    }
    let (_, first) = asking.ask(Method::GET, "keys/a/versions", Value::Null).await;
    let next = first["nextLink"].as_str().unwrap();
    let response = asking.client.get(next).bearer_auth(&asking.token).send().await.unwrap();
    let (_, second) = parsed(response).await;
    let count = |page: &Value| page["value"].as_array().map_or(0, Vec::len);
    assert_eq!((count(&first), count(&second), &second["nextLink"]), (25, 5, &Value::Null));
}
