//! The settings that docs/identity.md shows, and tokens in the shapes of the providers that it shows them for: the claims that theirs have,
//! signed with a key of the test.

use std::sync::Arc;

use keyward_adapters::tokens::{TokenError, Verifier};
use keyward_domain::Role;
use serde_json::{Value, json};

use crate::signer::{Published, keys, now, refusal, rsa_jwk, signed, verifier};

const DOCUMENT: &str = include_str!("../../../../docs/identity.md");

/// The settings under a heading of the document; one issuer alone is the only one.
fn shown(heading: &str) -> Vec<Value> {
    let begin = DOCUMENT.find(&format!("\n## {heading}\n")).unwrap();
    let section = &DOCUMENT[begin + 4..];
    let section = section.split("\n## ").next().unwrap();
    let blocks = section.split("```json\n").skip(1).map(|block| block.split("```").next().unwrap());
    let settings = blocks.map(|block| serde_json::from_str::<Value>(block).unwrap());
    settings.map(|shown| if shown.get("issuers").is_some() { shown } else { json!({ "issuers": [shown] }) }).collect()
}

/// A verifier by the settings under a heading, whose issuer publishes the key `rsa`.
fn provider(heading: &str) -> Verifier {
    let settings = shown(heading).remove(0);
    let issuer = settings["issuers"][0]["issuer"].as_str().unwrap();
    let document = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
    let address = format!("{}/keys", issuer.trim_end_matches('/'));
    let documents = Published::of(&[
        (&document, json!({ "issuer": issuer, "jwks_uri": address })),
        (&address, json!({ "keys": [rsa_jwk("rsa", &keys().rsa)] })),
    ]);
    verifier(&settings, &documents)
}

/// Claims with some in place of their values; one that is null is gone.
fn with(mut claims: Value, change: Value) -> Value {
    let members = claims.as_object_mut().unwrap();
    members.extend(change.as_object().unwrap().clone());
    members.retain(|_, value| !value.is_null());
    claims
}

fn token(header: Value, claims: &Value) -> String {
    signed(&header.to_string(), &claims.to_string(), "RS256")
}

/// Who it is, what they may be, and how long ago they signed in.
async fn told(verifier: &Verifier, token: &str) -> (Option<String>, String, Vec<Role>, Option<i64>) {
    let principal = verifier.verify(token, now()).await.unwrap();
    let ago = principal.authenticated_at.map(|at| (now() - at).num_seconds());
    (principal.tenant.map(|tenant| tenant.to_string()), principal.person.to_string(), principal.roles, ago)
}

fn contoso() -> Option<String> {
    Some("contoso".to_owned())
}

#[test]
fn every_example_is_taken() {
    let mut count = 0;
    for heading in ["Entra ID", "Keycloak", "Okta", "Auth0", "Two issuers for one tenant"] {
        for settings in shown(heading) {
            let taken = Verifier::from_settings(&settings.to_string(), Published::of(&[]));
            assert!(taken.is_ok(), "{heading}: {:?}", taken.err());
            count += 1;
        }
    }
    assert_eq!((count, DOCUMENT.matches("```json").count()), (5, 5), "an example that is not tried");
}

/// An access token of Keycloak 25.
#[tokio::test]
async fn keycloak() {
    let verifier = provider("Keycloak");
    let header = json!({ "alg": "RS256", "typ": "JWT", "kid": "rsa" });
    let at = now().timestamp();
    let claims = json!({
        "exp": at + 300, "iat": at, "auth_time": at - 40, "jti": "onrtac:5d9a7c0e-8f0c-4b0b-9e0e-2f6e4b5f1a77",
        "iss": "https://id.contoso.example/realms/main", "aud": ["keyward", "account"],
        "sub": "f1b2c3d4-5678-4abc-9def-0123456789ab", "typ": "Bearer", "azp": "keyward-cli",
        "sid": "0e3b1a52-6d2b-4d43-a4bb-8f9a5f9f7c11", "acr": "1", "allowed-origins": ["/*"],
        "realm_access": { "roles": ["default-roles-main", "offline_access", "key-admin", "uma_authorization"] },
        "resource_access": { "account": { "roles": ["manage-account", "manage-account-links", "view-profile"] } },
        "scope": "openid email profile", "email_verified": true, "name": "Anna Müller", "preferred_username": "anna",
        "given_name": "Anna", "family_name": "Müller", "email": "anna@contoso.example",
    });
    let anna = "f1b2c3d4-5678-4abc-9def-0123456789ab".to_owned();
    let expected = (contoso(), anna.clone(), vec![Role::GlobalAdministrator], Some(40));
    assert_eq!(told(&verifier, &token(header.clone(), &claims)).await, expected);
    // A realm without the scope `basic`, as those of version 24 are.
    let old = with(claims.clone(), json!({ "auth_time": null }));
    assert_eq!(told(&verifier, &token(header.clone(), &old)).await.3, None);
    let without = with(claims.clone(), json!({ "auth_time": null, "sub": null }));
    let refused = refusal(verifier.verify(&token(header.clone(), &without), now()).await);
    assert_eq!(refused, Some(TokenError::Malformed("the claim of the person is not there")));
    // A client's roles are none of the realm's.
    let other = with(claims, json!({ "realm_access": null, "resource_access": { "x": { "roles": ["key-admin"] } } }));
    assert_eq!(told(&verifier, &token(header, &other)).await, (contoso(), anna, vec![], Some(40)));
}

/// An access token of one of Okta's custom authorization servers.
#[tokio::test]
async fn okta() {
    let verifier = provider("Okta");
    // Okta says no `typ`.
    let header = json!({ "kid": "rsa", "alg": "RS256" });
    let at = now().timestamp();
    let claims = json!({
        "ver": 1, "jti": "AT.0mP4JKAZX1iACIT4vbEDF7LpvDVjxypPMf0D7uX39RE",
        "iss": "https://contoso.okta.com/oauth2/default", "aud": "keyward", "iat": at, "exp": at + 3600,
        "cid": "0oabygpxgk9lXaMgF0h7", "uid": "00ujmkLgagxeRrAg20g3", "scp": ["openid", "keyward"],
        "auth_time": at - 70, "sub": "anna@contoso.example", "groups": ["Everyone", "Key Auditors"],
    });
    let expected = (contoso(), "00ujmkLgagxeRrAg20g3".to_owned(), vec![Role::Auditor], Some(70));
    assert_eq!(told(&verifier, &token(header.clone(), &claims)).await, expected);
    // A service by its own credentials is none of the people.
    let change = json!({ "uid": null, "auth_time": null, "groups": null, "sub": "0oabygpxgk9lXaMgF0h7" });
    let service = token(header, &with(claims, change));
    let refused = refusal(verifier.verify(&service, now()).await);
    assert_eq!(refused, Some(TokenError::Malformed("the claim of the person is not there")));
}

/// An access token of Auth0, in its own form and in that of RFC 9068.
#[tokio::test]
async fn auth0() {
    const SIGNED_IN: &str = "https://keyward.contoso.example/auth_time";
    let verifier = provider("Auth0");
    let at = now().timestamp();
    let claims = json!({
        SIGNED_IN: at - 20, "iss": "https://contoso.eu.auth0.com/", "sub": "auth0|5f7c8ec7c33c6c004bbafe82",
        "aud": ["keyward", "https://contoso.eu.auth0.com/userinfo"], "iat": at, "exp": at + 86_400,
        "scope": "openid profile offline_access", "azp": "my_client_id_0123456789", "permissions": ["keys:administer"],
    });
    let expected = |roles, ago| (contoso(), "auth0|5f7c8ec7c33c6c004bbafe82".to_owned(), roles, ago);
    let all = || vec![Role::GlobalAdministrator];
    for kind in ["JWT", "at+jwt"] {
        let header = json!({ "alg": "RS256", "typ": kind, "kid": "rsa" });
        assert_eq!(told(&verifier, &token(header.clone(), &claims)).await, expected(all(), Some(20)));
        // No other claim is the instant, not even that of the usual name.
        let usual = with(claims.clone(), json!({ SIGNED_IN: null, "auth_time": at }));
        assert_eq!(told(&verifier, &token(header.clone(), &usual)).await, expected(all(), None));
        let text = with(claims.clone(), json!({ SIGNED_IN: "2026-03-14T09:26:33.000Z" }));
        assert_eq!(told(&verifier, &token(header.clone(), &text)).await, expected(all(), None));
        let to_come = with(claims.clone(), json!({ SIGNED_IN: at + 61 }));
        let refused = refusal(verifier.verify(&token(header.clone(), &to_come), now()).await);
        assert_eq!(refused, Some(TokenError::NotYetValid("the sign-in is yet to come")));
        // Without RBAC there are no permissions.
        let bare = with(claims.clone(), json!({ "permissions": null }));
        assert_eq!(told(&verifier, &token(header, &bare)).await, expected(vec![], Some(20)));
    }
    // An opaque token, as Auth0 and others give without an audience.
    let opaque = refusal(verifier.verify("eyJhbGciOiJkaXIi", now()).await);
    assert_eq!(opaque, Some(TokenError::Malformed("it has not three parts, as an opaque token has not")));
}

/// One directory of Entra ID, whose keys are those that all directories have.
#[tokio::test]
async fn one_directory() {
    const OWN: &str = "aaaabbbb-0000-cccc-1111-dddd2222eeee";
    const OTHER: &str = "ccccdddd-2222-eeee-3333-ffff4444aaaa";
    const JWKS: &str = "https://login.microsoftonline.com/common/discovery/v2.0/keys";
    let issuer = |directory: &str| format!("https://login.microsoftonline.com/{directory}/v2.0");
    let mut all = rsa_jwk("all", &keys().rsa);
    all["issuer"] = json!(issuer("{tenantid}"));
    let [mut own, mut other] = ["own", "other"].map(|kid| rsa_jwk(kid, &keys().rsa));
    own["issuer"] = json!(issuer(OWN));
    other["issuer"] = json!(issuer(OTHER));
    let documents: Arc<Published> = Published::of(&[(JWKS, json!({ "keys": [all, own, other] }))]);
    let settings = json!({ "issuers": [{
        "issuer": issuer(OWN), "jwks_uri": JWKS, "audiences": ["keyward"], "person": "oid", "tenant": "provider",
    }] });
    let verifier = verifier(&settings, &documents);
    let at = now().timestamp();
    let claims = |directory: &str| {
        json!({
            "iss": issuer(directory), "tid": directory, "aud": "keyward", "iat": at, "exp": at + 3600,
            "oid": "00aa00aa-bb11-cc22-dd33-44ee44ee44ee", "sub": "HKZpfaHyWadeOouYlitjrI-KffTm222X5rrV3xDqfKQ",
        })
    };
    let verify = async |directory: &str, kid: &str| {
        let token = token(json!({ "alg": "RS256", "kid": kid }), &claims(directory));
        refusal(verifier.verify(&token, now()).await)
    };
    assert_eq!(verify(OWN, "all").await, None);
    assert_eq!(verify(OWN, "own").await, None);
    let other_key = TokenError::BadSignature("the key is for another issuer or directory");
    assert_eq!(verify(OWN, "other").await, Some(other_key));
    let stranger = TokenError::WrongIssuer("`iss` is no issuer of the settings");
    assert_eq!(verify(OTHER, "all").await, Some(stranger));
}
