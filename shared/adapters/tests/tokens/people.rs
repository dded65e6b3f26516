//! Whom an issuer may name: persons by any claim, prefixes, and how several issuers speak for the people of one tenant.

use keyward_adapters::tokens::{TokenError, Verifier};
use serde_json::{Value, json};

use crate::signer::{JWKS, Published, now, published, refusal, token, verifier, with};

const ANOTHERS: TokenError = TokenError::Malformed("the person begins with the prefix of another issuer");
const NO_NAME: TokenError =
    TokenError::Malformed("the person is empty, too long, or has signs that no person's name has");

/// An issuer of the test's key.
fn issuer(name: &str, tenant: Value, change: Value) -> Value {
    let mut issuer = json!({
        "issuer": format!("https://{name}.example"), "audiences": ["keyward"], "jwks_uri": JWKS, "tenant": tenant,
    });
    issuer.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
    issuer
}

fn of(issuers: Value) -> Verifier {
    verifier(&json!({ "issuers": issuers }), &published())
}

/// The person of a token, or why there is none.
async fn person(verifier: &Verifier, name: &str, change: Value) -> Result<String, TokenError> {
    let mut claims = with(change);
    claims["iss"] = json!(format!("https://{name}.example"));
    verifier.verify(&token(&claims), now()).await.map(|principal| principal.person.to_string())
}

fn refusal_of(issuers: &[&Value]) -> String {
    let settings = json!({ "issuers": issuers }).to_string();
    Verifier::from_settings(&settings, Published::of(&[])).err().map(|error| error.to_string()).unwrap_or_default()
}

#[tokio::test]
async fn any_claim_can_name_the_person() {
    const NAMESPACED: &str = "https://keyward.contoso.example/person";
    let people = of(json!([
        issuer("uid", json!({ "always": "a" }), json!({ "person": "uid" })),
        issuer("inside", json!({ "always": "b" }), json!({ "person": ["user", "id"] })),
        issuer("namespaced", json!({ "always": "c" }), json!({ "person": NAMESPACED })),
    ]));
    let claims =
        json!({ "uid": "00u1", "user": { "id": "arn:aws:iam::123456789012:role/orders" }, NAMESPACED: "c/1=" });
    assert_eq!(person(&people, "uid", claims.clone()).await.as_deref(), Ok("00u1"));
    let inside = person(&people, "inside", claims.clone()).await;
    assert_eq!(inside.as_deref(), Ok("arn:aws:iam::123456789012:role/orders"));
    assert_eq!(person(&people, "namespaced", claims.clone()).await.as_deref(), Ok("c/1="));
    // `sub` does not stand in for it.
    let gone = TokenError::Malformed("the claim of the person is not there");
    assert_eq!(person(&people, "uid", json!({})).await, Err(gone));
    assert_eq!(person(&people, "inside", json!({ "user": "id" })).await, Err(gone));
    let no_text = TokenError::Malformed("the claim of the person is no text");
    assert_eq!(person(&people, "uid", json!({ "uid": ["00u1"] })).await, Err(no_text));
}

#[tokio::test]
async fn nobody_is_given_a_name_that_another_issuer_gives() {
    let people = of(json!([
        issuer("contoso", json!({ "always": "contoso" }), json!({})),
        issuer("fabrikam", json!({ "always": "fabrikam" }), json!({})),
        issuer("own", json!("provider"), json!({})),
        issuer("every", json!({ "claimed": { "claim": "tenant" } }), json!({ "prefix": "svc:" })),
        issuer("partner", json!({ "always": "contoso" }), json!({ "prefix": "partner.1:" })),
        issuer("ops", json!("provider"), json!({ "prefix": "ops:" })),
    ]));
    let sub = async |name: &str, sub: &str| person(&people, name, json!({ "sub": sub, "tenant": "contoso" })).await;
    assert_eq!(sub("every", "orders").await.as_deref(), Ok("svc:orders"));
    assert_eq!(sub("partner", "orders").await.as_deref(), Ok("partner.1:orders"));
    assert_eq!(sub("ops", "orders").await.as_deref(), Ok("ops:orders"));
    // Under a prefix everybody can have any name, even that of the sweeps or one with another prefix.
    assert_eq!(sub("every", "keyward").await.as_deref(), Ok("svc:keyward"));
    assert_eq!(sub("partner", "svc:orders").await.as_deref(), Ok("partner.1:svc:orders"));
    assert_eq!(sub("every", "").await, Err(NO_NAME));
    assert_eq!(sub("every", &"a".repeat(125)).await, Err(NO_NAME));
    // Without one they can't have a name of those who have it, where both speak for the tenant.
    for name in ["svc:orders", "svc:", "svc:svc:orders", "partner.1:orders"] {
        assert_eq!(sub("contoso", name).await, Err(ANOTHERS), "{name}");
    }
    for name in ["orders", "svc", "Svc:orders", "ops:orders", "urn:svc:orders", ":svc:orders", "xsvc:orders"] {
        assert_eq!(sub("contoso", name).await.as_deref(), Ok(name));
    }
    assert_eq!(sub("fabrikam", "svc:orders").await, Err(ANOTHERS));
    assert_eq!(sub("fabrikam", "partner.1:orders").await.as_deref(), Ok("partner.1:orders"));
    // The provider's own people are others than those of the tenants.
    assert_eq!(sub("own", "svc:orders").await.as_deref(), Ok("svc:orders"));
    assert_eq!(sub("own", "ops:orders").await, Err(ANOTHERS));
}

#[tokio::test]
async fn whoever_speaks_for_every_tenant_is_held_to_the_prefixes_too() {
    let people = of(json!([
        issuer("every", json!({ "claimed": { "claim": "tenant", "provider_if_absent": true } }), json!({})),
        issuer("contoso", json!({ "always": "contoso" }), json!({ "prefix": "own:" })),
    ]));
    let named = async |tenant: Value| person(&people, "every", json!({ "sub": "own:anna", "tenant": tenant })).await;
    assert_eq!(named(json!("contoso")).await, Err(ANOTHERS));
    assert_eq!(named(json!("fabrikam")).await.as_deref(), Ok("own:anna"));
    assert_eq!(named(Value::Null).await.as_deref(), Ok("own:anna"));
}

#[test]
fn the_same_people_have_one_issuer_of_each_prefix() {
    let tenant = |tenant: &str, prefix: Option<&str>| {
        let change = prefix.map_or_else(|| json!({}), |prefix| json!({ "prefix": prefix }));
        issuer(&format!("i{tenant}"), json!({ "always": tenant }), change)
    };
    let every = |prefix: &str| issuer("every", json!({ "claimed": { "claim": "org" } }), json!({ "prefix": prefix }));
    let mut second = tenant("contoso", Some("a:"));
    second["issuer"] = json!("https://second.example");
    let same = "speaks for the same people";
    for (one, other, reason) in [
        (tenant("contoso", None), second.clone(), ""),
        (tenant("contoso", Some("b:")), second.clone(), ""),
        (tenant("contoso", Some("A:")), second.clone(), ""),
        (tenant("contoso", Some("a:")), second.clone(), same),
        (tenant("fabrikam", Some("a:")), second.clone(), ""),
        (every("a:"), second.clone(), same),
        (second.clone(), every("a:"), same),
        (every("b:"), second, ""),
        (every("a:"), tenant("contoso", None), ""),
    ] {
        let refusal = refusal_of(&[&one, &other]);
        assert!(refusal.contains(reason) && refusal.is_empty() == reason.is_empty(), "{one} {other}: {refusal}");
    }
}

/// Entra's two versions name people alike, and nobody else's.
#[test]
fn only_the_two_versions_of_one_directory_name_people_alike() {
    const OWN: &str = "aaaabbbb-0000-cccc-1111-dddd2222eeee";
    const OTHER: &str = "bbbbcccc-1111-dddd-2222-eeee3333ffff";
    const V1: &str = "https://sts.windows.net/{tid}/";
    const V2: &str = "https://login.microsoftonline.com/{tid}/v2.0";
    let mapped = |issuer: &str, change: Value| {
        let tenant = json!({ "mapped": { "claim": "tid", "tenants": { OWN: "contoso" }, "provider": OTHER } });
        let mut entra =
            json!({ "issuer": issuer, "audiences": ["a"], "jwks_uri": JWKS, "person": "oid", "tenant": tenant });
        entra.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        entra
    };
    let whole = |issuer: &str, directory: &str| {
        mapped(&issuer.replace("{tid}", directory), json!({ "tenant": { "always": "contoso" } }))
    };
    let plain = |issuer: &str| mapped(issuer, json!({}));
    let more = json!({ "mapped": { "claim": "tid", "tenants": { OWN: "contoso", OTHER: "fabrikam" } } });
    let swapped = json!({ "mapped": { "claim": "tid", "tenants": { OTHER: "contoso" }, "provider": OWN } });
    let same = "speaks for the same people";
    for (one, other, reason) in [
        (plain(V2), plain(V1), ""),
        (plain(V1), plain(V2), ""),
        (plain("https://login.microsoftonline.us/{tid}/v2.0"), plain(V1), ""),
        (
            plain("https://login.partner.microsoftonline.cn/{tid}/v2.0"),
            plain("https://sts.chinacloudapi.cn/{tid}/"),
            "",
        ),
        (whole(V2, OWN), whole(V1, OWN), ""),
        (plain(V2), plain("https://login.microsoftonline.us/{tid}/v2.0"), same),
        (plain(V2), plain("https://sts.chinacloudapi.cn/{tid}/"), same),
        (plain(V2), plain("https://sts.windows.net.evil.example/{tid}/"), same),
        (plain(V2), plain("https://evil.example/{tid}/"), same),
        (plain("https://a.example/{tid}/"), plain("https://b.example/{tid}/"), same),
        (plain(V2), mapped(V1, json!({ "person": "sub" })), same),
        (plain(V2), mapped(V1, json!({ "person": ["oid", "oid"] })), same),
        (plain(V2), mapped(V1, json!({ "tenant": more })), same),
        (plain(V2), mapped(V1, json!({ "tenant": swapped })), same),
        (plain(V2), mapped(V1, json!({ "prefix": "v1:" })), ""),
        (whole(V2, OWN), whole(V1, OTHER), same),
        (plain(V2), whole(V1, OWN), same),
    ] {
        let refusal = refusal_of(&[&one, &other]);
        assert!(refusal.contains(reason) && refusal.is_empty() == reason.is_empty(), "{one} {other}: {refusal}");
    }
}

#[tokio::test]
async fn a_thousand_issuers_are_told_apart() {
    let people = of((0..1000)
        .map(|number| issuer(&format!("i{number}"), json!({ "always": format!("t{number}") }), json!({})))
        .collect());
    for number in [0, 1, 500, 999] {
        let claims = with(json!({ "iss": format!("https://i{number}.example") }));
        let principal = people.verify(&token(&claims), now()).await.unwrap();
        assert_eq!(principal.tenant.map(|tenant| tenant.to_string()), Some(format!("t{number}")));
    }
    let stranger = with(json!({ "iss": "https://i1000.example" }));
    let refused = refusal(people.verify(&token(&stranger), now()).await);
    assert_eq!(refused, Some(TokenError::WrongIssuer("`iss` is no issuer of the settings")));
}
