//! Tokens in the shapes of Entra ID's, versions 1 and 2: the claims that its tokens have, signed with a key of the test.

use keyward_adapters::tokens::{TokenError, Verifier};
use keyward_domain::Role;
use serde_json::{Value, json};

use crate::signer::{Published, keys, now, refusal, rsa_jwk, signed, verifier};
use std::sync::Arc;

const CONTOSO: &str = "aaaabbbb-0000-cccc-1111-dddd2222eeee";
const PROVIDER: &str = "bbbbcccc-1111-dddd-2222-eeee3333ffff";
const STRANGER: &str = "ccccdddd-2222-eeee-3333-ffff4444aaaa";
const OID: &str = "00aa00aa-bb11-cc22-dd33-44ee44ee44ee";
const API: &str = "11112222-bbbb-3333-cccc-4444dddd5555";
const JWKS_V1: &str = "https://login.microsoftonline.com/common/discovery/keys";
const JWKS_V2: &str = "https://login.microsoftonline.com/common/discovery/v2.0/keys";

const GLOBAL_ADMINISTRATOR: &str = "62e90394-69f5-4237-9190-012177145e10";
const POWER_PLATFORM_ADMINISTRATOR: &str = "11648597-926c-4cf3-9c36-bcebb0ba8dcc";
const ORDINARY_USER: &str = "b79fbf4d-3ef9-4689-8143-76b194e85509";

const OTHER_DIRECTORY: TokenError = TokenError::WrongIssuer("`tid` is not the directory that is in `iss`");
const OTHER_KEY: TokenError = TokenError::BadSignature("the key is for another issuer or directory");

/// An access token of version 2.
fn v2(tid: &str) -> Value {
    let now = now().timestamp();
    json!({
        "aud": API, "iss": format!("https://login.microsoftonline.com/{tid}/v2.0"),
        "iat": now - 5, "nbf": now - 5, "exp": now + 4200,
        "aio": "AXQAi/8IAAAAFm+E/QTG+gFnVxLjWdw8K+61AGrSOuMMF6ebaMj7XO3IbmD3fGmrOyD+NvZyGn2VaT/kDKXw4MIhrgGVq6Bn8wLXoT1LkIZ+FzQVkJPPLQOV4KcXqSlCVPDS/DiCDgE222TImMvWNaEMaUOTsIGvTQ==",
        "azp": "22223333-cccc-4444-dddd-5555eeee6666", "azpacr": "0", "name": "Anna Müller", "oid": OID,
        "preferred_username": "anna@contoso.example", "rh": "0.AX0AGzYSCCrJUkWz-7f", "scp": "access_as_user",
        "sub": "HKZpfaHyWadeOouYlitjrI-KffTm222X5rrV3xDqfKQ", "tid": tid, "uti": "fqiBqXLPj0eQa82S-IYFAA", "ver": "2.0",
        "wids": [GLOBAL_ADMINISTRATOR, ORDINARY_USER], "auth_time": now - 90,
    })
}

/// An access token of version 1.
fn v1(tid: &str) -> Value {
    let now = now().timestamp();
    json!({
        "aud": "api://keyward", "iss": format!("https://sts.windows.net/{tid}/"),
        "iat": now - 5, "nbf": now - 5, "exp": now + 4200, "acr": "1", "aio": "E2ZgYOBi", "amr": ["pwd", "mfa"],
        "appid": "22223333-cccc-4444-dddd-5555eeee6666", "appidacr": "0", "family_name": "Müller", "given_name": "Anna",
        "ipaddr": "192.0.2.7", "name": "Anna Müller", "oid": OID, "onprem_sid": "S-1-5-21-1", "rh": "0.AX0A", "scp": "access_as_user",
        "sub": "l3_roISQU222bULS9yi2k0XpqpOiMz5H3ZACo1GeXA", "tid": tid, "unique_name": "anna@contoso.example",
        "upn": "anna@contoso.example", "uti": "GQqqTBYL3Uq0", "ver": "1.0", "roles": ["Keyward.Auditor"],
    })
}

/// A token of a service by version 2: no person, no directory role.
fn service(tid: &str) -> Value {
    let now = now().timestamp();
    json!({
        "aud": API, "iss": format!("https://login.microsoftonline.com/{tid}/v2.0"),
        "iat": now, "nbf": now, "exp": now + 3900, "aio": "E2ZgYGBg", "azp": "33334444-dddd-5555-eeee-6666ffff7777", "azpacr": "2",
        "idtyp": "app", "oid": "44445555-eeee-6666-ffff-7777aaaa8888", "rh": "0.AX0A", "roles": ["Keyward.Operator"],
        "sub": "44445555-eeee-6666-ffff-7777aaaa8888", "tid": tid, "uti": "t", "ver": "2.0",
    })
}

/// As docs/identity.md shows them.
fn settings() -> Value {
    let issuer = |issuer: &str, jwks: &str| {
        json!({
            "issuer": issuer, "audiences": [API, "api://keyward"], "jwks_uri": jwks, "person": "oid",
            "tenant": { "mapped": { "claim": "tid", "tenants": { CONTOSO: "contoso" }, "provider": PROVIDER } },
            "roles": [
                { "claim": "wids", "values": {
                    GLOBAL_ADMINISTRATOR: "global_administrator", POWER_PLATFORM_ADMINISTRATOR: "service_administrator",
                } },
                { "claim": "roles", "values": { "Keyward.Auditor": "auditor", "Keyward.Operator": "operator" } },
            ],
        })
    };
    json!({ "issuers": [
        issuer("https://login.microsoftonline.com/{tid}/v2.0", JWKS_V2), issuer("https://sts.windows.net/{tid}/", JWKS_V1),
    ] })
}

fn entra() -> (Verifier, Arc<Published>) {
    let mut current = rsa_jwk("rsa", &keys().rsa);
    current["x5t"] = json!("rsa");
    current["x5c"] = json!(["MIIC/TCCAeWgAwIBAgIIUd7j/OIahkYwDQYJKoZIhvcNAQELBQAwLTErMCkGA1UEAxMi"]);
    let v1 = json!({ "keys": [current.clone()] });
    current["issuer"] = json!("https://login.microsoftonline.com/{tenantid}/v2.0");
    // The key of one directory among those of all.
    let mut single = rsa_jwk("single", &keys().rsa);
    single["issuer"] = json!(format!("https://login.microsoftonline.com/{STRANGER}/v2.0"));
    let documents = Published::of(&[(JWKS_V1, v1), (JWKS_V2, json!({ "keys": [current, single] }))]);
    (verifier(&settings(), &documents), documents)
}

/// As Entra writes it: with the key's identifier twice.
fn token(claims: &Value, kid: &str) -> String {
    let header = json!({ "typ": "JWT", "alg": "RS256", "x5t": kid, "kid": kid });
    signed(&header.to_string(), &claims.to_string(), "RS256")
}

#[tokio::test]
async fn both_versions_name_the_same_person() {
    let (verifier, documents) = entra();
    for (claims, roles, jwks) in
        [(v2(CONTOSO), vec![Role::GlobalAdministrator], JWKS_V2), (v1(CONTOSO), vec![Role::Auditor], JWKS_V1)]
    {
        let anna = verifier.verify(&token(&claims, "rsa"), now()).await.unwrap();
        assert_eq!((anna.tenant.unwrap().as_str(), anna.person.as_str()), ("contoso", OID));
        assert_eq!(anna.roles, roles);
        assert_eq!(anna.authenticated_at.map(|at| at.timestamp()), claims["auth_time"].as_i64());
        // No other address, whatever stands in the keys or the token.
        assert_eq!(documents.asked(), [jwks]);
    }
}

#[tokio::test]
async fn roles_count_on_their_own_side_only() {
    let (verifier, _) = entra();
    let told = async |claims: Value| {
        let principal = verifier.verify(&token(&claims, "rsa"), now()).await.unwrap();
        (principal.tenant.map(|tenant| tenant.to_string()), principal.roles)
    };
    let contoso = Some("contoso".to_owned());
    // Whoever administers a customer's directory can assign any role of any application there.
    assert_eq!(told(service(CONTOSO)).await, (contoso.clone(), vec![]));
    assert_eq!(told(service(PROVIDER)).await, (None, vec![Role::Operator]));
    // A global administrator of the provider's directory administers no tenant.
    assert_eq!(told(v2(PROVIDER)).await, (None, vec![]));
    let mut both = v2(CONTOSO);
    both["wids"] = json!([POWER_PLATFORM_ADMINISTRATOR, GLOBAL_ADMINISTRATOR]);
    both["roles"] = json!(["Keyward.Auditor", "keyward.operator", "Keyward.Operator"]);
    let every = vec![Role::GlobalAdministrator, Role::ServiceAdministrator, Role::Auditor];
    assert_eq!(told(both).await, (contoso, every));
}

#[tokio::test]
async fn a_directory_speaks_for_itself_only() {
    let (verifier, documents) = entra();
    let refused = async |claims: Value, kid: &str| refusal(verifier.verify(&token(&claims, kid), now()).await);
    assert_eq!(refused(v2(STRANGER), "rsa").await, Some(TokenError::UnknownTenant));
    assert_eq!(refused(v1(STRANGER), "rsa").await, Some(TokenError::UnknownTenant));
    // The issuer is one directory's, the tenant another's: signed by the keys that all directories have.
    for (mut claims, other) in
        [(v2(STRANGER), CONTOSO), (v1(STRANGER), CONTOSO), (v2(CONTOSO), STRANGER), (v2(CONTOSO), PROVIDER)]
    {
        claims["tid"] = json!(other);
        assert_eq!(refused(claims, "rsa").await, Some(OTHER_DIRECTORY));
    }
    let mut without = v2(CONTOSO);
    without.as_object_mut().unwrap().remove("tid");
    assert_eq!(refused(without, "rsa").await, Some(OTHER_DIRECTORY));
    for issuer in [
        "https://login.microsoftonline.com/common/v2.0",
        "https://login.microsoftonline.com/{tid}/v2.0",
        "https://sts.windows.net/{tid}/",
    ] {
        let mut claims = v2(CONTOSO);
        claims["iss"] = json!(issuer);
        let refused = refused(claims, "rsa").await;
        assert_eq!(refused, Some(TokenError::WrongIssuer("`iss` is no issuer of the settings")), "{issuer}");
    }
    // A key that is for one directory signs for no other.
    assert_eq!(refused(v2(CONTOSO), "single").await, Some(OTHER_KEY));
    assert_eq!(refused(v2(STRANGER), "single").await, Some(TokenError::UnknownTenant));
    assert!(documents.asked().iter().all(|address| address == JWKS_V1 || address == JWKS_V2));
}

#[tokio::test]
async fn a_token_for_another_service_is_refused() {
    let (verifier, _) = entra();
    for audience in ["00000003-0000-0000-c000-000000000000", "https://graph.microsoft.com", "https://vault.azure.net"] {
        let mut claims = v2(CONTOSO);
        claims["aud"] = json!(audience);
        assert_eq!(refusal(verifier.verify(&token(&claims, "rsa"), now()).await), Some(TokenError::WrongAudience));
    }
}
