//! Settings that could trust somebody else than they say are refused.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use keyward_adapters::tokens::Verifier;
use serde_json::{Value, json};

use crate::signer::Published;

const CONTOSO: &str = "aaaabbbb-0000-cccc-1111-dddd2222eeee";

fn issuer(change: Value) -> Value {
    let mut issuer =
        json!({ "issuer": "https://issuer.example", "audiences": ["keyward"], "tenant": { "always": "contoso" } });
    let members = issuer.as_object_mut().unwrap();
    for (name, value) in change.as_object().unwrap() {
        members.insert(name.clone(), value.clone());
    }
    members.retain(|_, value| !value.is_null());
    issuer
}

fn entra(change: Value) -> Value {
    let mut entra = json!({
        "issuer": "https://login.microsoftonline.com/{tid}/v2.0", "jwks_uri": "https://login.microsoftonline.com/common/discovery/v2.0/keys",
        "person": "oid", "tenant": { "mapped": { "claim": "tid", "tenants": { CONTOSO: "contoso" } } },
    });
    entra.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
    issuer(entra)
}

fn refusal(settings: &str) -> String {
    Verifier::from_settings(settings, Published::of(&[])).err().map(|error| error.to_string()).unwrap_or_default()
}

fn refusal_of(issuers: Value) -> String {
    refusal(&json!({ "issuers": issuers }).to_string())
}

/// As many bytes, the first of which says that a point is not compressed.
fn point(length: usize) -> String {
    STANDARD.encode([4].into_iter().chain(std::iter::repeat(7)).take(length).collect::<Vec<u8>>())
}

fn roles(role: &str) -> Value {
    json!([{ "claim": "roles", "values": { "r": role } }])
}

#[test]
fn issuers_can_be_of_several_kinds() {
    let key = json!({ "kid": "1", "point": point(65) });
    let all = json!([
        entra(json!({})),
        entra(json!({ "issuer": "https://sts.windows.net/{tid}/" })),
        issuer(json!({ "tenant": { "always": "fabrikam" }, "roles": roles("auditor") })),
        issuer(json!({ "issuer": "https://provider.example", "tenant": "provider", "roles": roles("operator") })),
        issuer(json!({ "issuer": "https://fixed.example", "keys": [key], "tenant": { "always": "adatum" } })),
    ]);
    assert_eq!(refusal_of(all), "");
    let claimed = json!({ "claimed": { "claim": ["org", "id"], "provider_if_absent": true } });
    assert_eq!(refusal_of(json!([issuer(json!({ "tenant": claimed, "roles": roles("operator") }))])), "");
    assert_eq!(
        refusal_of(json!([issuer(
            json!({ "issuer": "https://issuer.example/", "jwks_uri": "https://keys.example/k" })
        )])),
        ""
    );
}

#[test]
fn one_issuer_s_settings_are_checked() {
    let mapped = |tenants: Value, provider: Value| json!({ "mapped": { "claim": "tid", "tenants": tenants, "provider": provider } });
    for (change, reason) in [
        (json!({ "issuer": "" }), "no name"),
        (json!({ "issuer": "http://issuer.example" }), "not https"),
        (json!({ "issuer": "http://127.0.0.1:8080" }), "not https"),
        (json!({ "issuer": "issuer.example" }), "no address"),
        (json!({ "issuer": "https://issuer.example?p=1" }), "set `jwks_uri`"),
        (json!({ "issuer": "https://{tid}.issuer.example" }), "one whole segment"),
        (json!({ "jwks_uri": "http://issuer.example/keys" }), "not https"),
        (json!({ "jwks_uri": "https://issuer.example/keys", "keys": [] }), "not both"),
        (json!({ "keys": [] }), "1 to 64 keys"),
        (json!({ "audiences": [] }), "audiences"),
        (json!({ "audiences": [""] }), "audiences"),
        (json!({ "audiences": "keyward" }), "invalid type"),
        (json!({ "person": 7 }), "a claim is a name"),
        (json!({ "person": { "claim": "sub" } }), "a claim is a name"),
        (json!({ "person": "" }), "one to four names"),
        (json!({ "person": [] }), "one to four names"),
        (json!({ "signed_in_at": ["a", ""] }), "one to four names"),
        (json!({ "signed_in_at": "iat" }), "each new token would be a new sign-in"),
        (json!({ "signed_in_at": ["exp"] }), "each new token would be a new sign-in"),
        (json!({ "signed_in_at": ["a", "b", "c", "d", "e"] }), "one to four names"),
        (json!({ "prefix": "" }), "`prefix` is"),
        (json!({ "prefix": ":" }), "`prefix` is"),
        (json!({ "prefix": "a" }), "`prefix` is"),
        (json!({ "prefix": "a:b:" }), "`prefix` is"),
        (json!({ "prefix": "a|:" }), "`prefix` is"),
        (json!({ "prefix": "ä:" }), "`prefix` is"),
        (json!({ "prefix": "12345678901234567:" }), "`prefix` is"),
        (json!({ "tenant": null }), "missing field `tenant`"),
        (json!({ "tenant": "any" }), "unknown variant"),
        (json!({ "tenant": { "always": "CONTOSO" } }), "tenant"),
        (json!({ "tenant": { "claimed": { "claim": [] } } }), "one to four names"),
        (json!({ "tenant": { "claimed": { "claim": "" } } }), "one to four names"),
        (json!({ "tenant": mapped(json!({}), Value::Null) }), "could be of nobody"),
        (json!({ "tenant": mapped(json!({ "1": "contoso" }), json!("1")) }), "of no tenant"),
        (json!({ "roles": roles("workload") }), "environment's own list"),
        (json!({ "roles": roles("system_administrator") }), "environment's own list"),
        (json!({ "roles": roles("root") }), "unknown variant"),
        (json!({ "roles": roles("operator") }), "nobody could be `operator`"),
        (
            json!({ "roles": roles("operator"), "tenant": mapped(json!({ "1": "contoso" }), Value::Null) }),
            "nobody could be `operator`",
        ),
        (json!({ "roles": roles("auditor"), "tenant": "provider" }), "nobody could be `auditor`"),
        (json!({ "role": [] }), "unknown field `role`"),
    ] {
        let refusal = refusal_of(json!([issuer(change.clone())]));
        assert!(refusal.contains(reason), "{change}: {refusal}");
    }
}

#[test]
fn an_issuer_of_many_directories_names_each_that_is_trusted() {
    for (change, reason) in [
        (json!({ "jwks_uri": null }), "needs `jwks_uri`"),
        (json!({ "tenant": { "claimed": { "claim": "tid" } } }), "needs `tenant` to be `mapped`"),
        (json!({ "tenant": { "always": "contoso" } }), "needs `tenant` to be `mapped`"),
        (json!({ "tenant": "provider" }), "needs `tenant` to be `mapped`"),
        (
            json!({ "tenant": { "mapped": { "claim": "org", "tenants": { CONTOSO: "contoso" } } } }),
            "needs `tenant` to be `mapped`",
        ),
        (
            json!({ "tenant": { "mapped": { "claim": "tid", "tenants": { "common": "contoso" } } } }),
            "GUIDs in lowercase",
        ),
        (
            json!({ "tenant": { "mapped": { "claim": "tid", "tenants": { (CONTOSO.to_uppercase()): "contoso" } } } }),
            "GUIDs in lowercase",
        ),
        (
            json!({ "tenant": { "mapped": { "claim": "tid", "tenants": {}, "provider": "organizations" } } }),
            "GUIDs in lowercase",
        ),
    ] {
        let refusal = refusal_of(json!([entra(change.clone())]));
        assert!(refusal.contains(reason), "{change}: {refusal}");
    }
}

#[test]
fn no_two_issuers_speak_for_the_same_people() {
    let second = |change: Value| {
        let mut second = json!({ "issuer": "https://second.example" });
        second.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        issuer(second)
    };
    let claimed = json!({ "claimed": { "claim": "org" } });
    for (one, other, reason) in [
        (
            issuer(json!({})),
            issuer(json!({ "tenant": { "always": "fabrikam" } })),
            "could be of this one and of another",
        ),
        (
            entra(json!({})),
            issuer(
                json!({ "issuer": format!("https://login.microsoftonline.com/{CONTOSO}/v2.0"), "tenant": "provider" }),
            ),
            "could be of this one and of another",
        ),
        (issuer(json!({})), second(json!({})), "speaks for the same people"),
        (issuer(json!({})), second(json!({ "tenant": claimed })), "speaks for the same people"),
        (second(json!({ "tenant": claimed })), issuer(json!({})), "speaks for the same people"),
        (entra(json!({})), second(json!({})), "speaks for the same people"),
        (entra(json!({})), second(json!({ "person": "oid" })), "speaks for the same people"),
        (
            issuer(json!({ "tenant": "provider" })),
            second(json!({ "tenant": "provider" })),
            "speaks for the same people",
        ),
    ] {
        let refusal = refusal_of(json!([one, other]));
        assert!(refusal.contains(reason), "{one} {other}: {refusal}");
    }
    assert_eq!(refusal_of(json!([issuer(json!({ "tenant": "provider" })), second(json!({ "tenant": claimed }))])), "");
}

#[test]
fn the_whole_is_checked() {
    let with = |name: &str, value: Value| json!({ "issuers": [issuer(json!({}))], name: value }).to_string();
    let many: Vec<Value> = (0..1001)
        .map(|number| {
            issuer(
                json!({ "issuer": format!("https://{number}.example"), "tenant": { "always": format!("t{number}") } }),
            )
        })
        .collect();
    let twice = with("skew_seconds", json!(60)).replacen('{', r#"{"skew_seconds":1,"#, 1);
    for (settings, reason) in [
        (String::new(), "EOF"),
        ("[]".to_owned(), "no JSON object"),
        ("{}".to_owned(), "missing field"),
        (with("issuers", json!([])), "1 to 1000 issuers"),
        (with("issuers", json!(many)), "1 to 1000 issuers"),
        (with("skew_seconds", json!(301)), "at most 300"),
        (with("skew_seconds", json!(-1)), "invalid value"),
        (with("key_cache", json!({ "fresh": 0 })), "key_cache.fresh"),
        (with("key_cache", json!({ "fresh": 7200, "usable": 3600 })), "key_cache.usable"),
        (with("key_cache", json!({ "refetch": 0 })), "key_cache.refetch"),
        (with("key_cache", json!({ "wait": 60 })), "key_cache.wait"),
        (with("more", json!(1)), "unknown field"),
        (twice, "a member twice"),
        (" ".repeat(1024 * 1024 + 1), "more than"),
    ] {
        let refusal = refusal(&settings);
        assert!(refusal.contains(reason), "{settings:.200}: {refusal}");
    }
}

#[test]
fn the_short_form_is_one_issuer_with_keys() {
    let short = |issuer: &str, kids: &[&str], length: usize| {
        let keys: Vec<Value> = kids.iter().map(|kid| json!({ "kid": kid, "point": point(length) })).collect();
        json!({ "issuer": issuer, "audience": "keyward", "keys": keys }).to_string()
    };
    let many: Vec<String> = (0..65).map(|number| number.to_string()).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    for (settings, reason) in [
        (short("https://issuer", &["a", "b"], 65), ""),
        (r#"{"issuer":"i","audience":"a","keys":[],"key":1}"#.to_owned(), "unknown field"),
        (short("", &["a"], 65), "issuer and audience"),
        (short("i", &[], 65), "1 to 64 keys"),
        (short("i", &many, 65), "1 to 64 keys"),
        (short("i", &["a", "a"], 65), "a kid of its own"),
        (short("i", &[""], 65), "a kid of its own"),
        (short("i", &["a"], 64), "65 bytes"),
    ] {
        let refusal = refusal(&settings);
        assert!(refusal.contains(reason) && refusal.is_empty() == reason.is_empty(), "{settings:.200}: {refusal}");
    }
}
