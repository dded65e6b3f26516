//! Issuers of every kind that settings can name, their keys, and what a token of each may say at most.
//!
//! The last is said here a second time, by the issuers' names and not by the settings, so that a token that is taken for more is seen.

use std::sync::{Arc, LazyLock};

use async_trait::async_trait;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use keyward_adapters::tokens::{DocumentError, Documents, Verifier};
use keyward_domain::{Role, TenantId};
use serde_json::{Value, json};

/// The instant of every input: 2026-03-14T09:26:53Z.
pub(crate) const NOW: i64 = 1_773_480_413;
/// The audience of every issuer.
pub(crate) const AUDIENCE: &str = "keyward";

const CONTOSO: &str = "aaaabbbb-0000-cccc-1111-dddd2222eeee";
const PROVIDER: &str = "bbbbcccc-1111-dddd-2222-eeee3333ffff";
/// The template of Global Administrator in Entra ID.
const GLOBAL: &str = "62e90394-69f5-4237-9190-012177145e10";

/// Roles by the path of a claim and a value in it.
type Roles = &'static [(&'static [&'static str], &'static str, Role)];

const DIRECTORY_ROLES: Roles = &[
    (&["wids"], GLOBAL, Role::GlobalAdministrator),
    (&["roles"], "Keyward.Auditor", Role::Auditor),
    (&["roles"], "Keyward.Operator", Role::Operator),
];
const REALM_ROLES: Roles = &[
    (&["realm_access", "roles"], "key-admin", Role::ServiceAdministrator),
    (&["realm_access", "roles"], "key-auditor", Role::Auditor),
];
const GROUPS: Roles = &[(&["groups"], "admins", Role::GlobalAdministrator)];
const OPERATORS: Roles = &[(&["groups"], "operators", Role::Operator)];
const OWN_NAMES: Roles = &[
    (&["roles"], "global_administrator", Role::GlobalAdministrator),
    (&["roles"], "service_administrator", Role::ServiceAdministrator),
    (&["roles"], "auditor", Role::Auditor),
    (&["roles"], "operator", Role::Operator),
];

/// The settings of two deployments. The short form of the second speaks for everybody, and can't stand beside others.
pub(crate) static VERIFIERS: LazyLock<[Verifier; 2]> = LazyLock::new(|| {
    let entra = |issuer: &str| {
        json!({
            "issuer": issuer, "audiences": [AUDIENCE], "keys": key("entra"), "person": "oid",
            "tenant": { "mapped": { "claim": "tid", "tenants": { CONTOSO: "contoso" }, "provider": PROVIDER } },
            "roles": [
                { "claim": "wids", "values": { GLOBAL: "global_administrator" } },
                { "claim": "roles", "values": { "Keyward.Auditor": "auditor", "Keyward.Operator": "operator" } },
            ],
        })
    };
    let mapped = json!({
        "issuer": "https://mapped.example", "audiences": ["other", AUDIENCE], "keys": key("mapped"),
        "signed_in_at": ["signed_in", "at"],
        "tenant": { "mapped": { "claim": ["org", "id"], "tenants": { "7": "fabrikam", "8": "northwind" } } },
        "roles": [{
            "claim": ["realm_access", "roles"],
            "values": { "key-admin": "service_administrator", "key-auditor": "auditor" },
        }],
    });
    let groups = |name: &str, tenant: Value, value: &str, role: &str| {
        json!({
            "issuer": format!("https://{name}.example"), "audiences": [AUDIENCE], "keys": key(name), "tenant": tenant,
            "roles": [{ "claim": "groups", "values": { value: role } }],
        })
    };
    let prefixed = |mut issuer: Value, prefix: &str| {
        issuer["prefix"] = json!(prefix);
        issuer
    };
    let always = groups("always", json!({ "always": "adatum" }), "admins", "global_administrator");
    let claimed = groups("claimed", json!({ "claimed": { "claim": "org" } }), "admins", "global_administrator");
    let provider = groups("provider", json!("provider"), "operators", "operator");
    [
        json!({ "issuers": [
            entra("https://login.microsoftonline.com/{tid}/v2.0"), entra("https://sts.windows.net/{tid}/"), mapped, always,
            prefixed(claimed, "services:"), prefixed(provider, "staff:"),
        ] }),
        json!({ "issuer": "everybody", "audience": AUDIENCE, "keys": key("everybody") }),
    ]
    .map(|settings| Verifier::from_settings(&settings.to_string(), Arc::new(Nowhere)).unwrap())
});

/// Every key stands in the settings: nothing is to be fetched.
struct Nowhere;

#[async_trait]
impl Documents for Nowhere {
    async fn get(&self, address: &http::Uri, _: usize) -> Result<Vec<u8>, DocumentError> {
        panic!("{address} was asked for");
    }
}

fn key(name: &str) -> Value {
    let issuer = ISSUERS.iter().find(|issuer| issuer.name == name).unwrap();
    json!([{ "kid": name, "point": STANDARD.encode(issuer.key.public_key().as_ref()) }])
}

/// Who signs tokens.
pub(crate) struct Issuer {
    /// Also the identifier of its key.
    pub(crate) name: &'static str,
    pub(crate) key: EcdsaKeyPair,
}

pub(crate) static ISSUERS: LazyLock<Vec<Issuer>> = LazyLock::new(|| {
    let names = ["entra", "mapped", "always", "claimed", "provider", "everybody"];
    (1..).zip(names).map(|(scalar, name)| Issuer { name, key: private_key(scalar) }).collect()
});

/// The key whose number is this byte 32 times (RFC 5915, without the public key). It protects nothing.
fn private_key(byte: u8) -> EcdsaKeyPair {
    let begin = [0x30, 0x31, 0x02, 0x01, 0x01, 0x04, 0x20];
    let curve = [0xA0, 0x0A, 0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07];
    let encoded = [&begin[..], &[byte; 32], &curve].concat();
    EcdsaKeyPair::from_private_key_der(&ECDSA_P256_SHA256_FIXED_SIGNING, &encoded).unwrap()
}

impl Issuer {
    /// The header of its tokens.
    pub(crate) fn header(&self) -> String {
        json!({ "alg": "ES256", "typ": "JWT", "kid": self.name }).to_string()
    }

    /// A token of these very bytes.
    pub(crate) fn sign(&self, header: &[u8], claims: &[u8]) -> String {
        self.sign_message(&format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims)))
    }

    pub(crate) fn sign_message(&self, message: &str) -> String {
        let signature = self.key.sign(&SystemRandom::new(), message.as_bytes()).unwrap();
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    /// Claims that are taken.
    pub(crate) fn claims(&self) -> String {
        let mut claims = json!({
            "aud": AUDIENCE, "sub": "anna", "oid": "00aa00aa-bb11-cc22-dd33-44ee44ee44ee", "name": "Anna Müller",
            "iat": NOW - 5, "nbf": NOW - 5, "exp": NOW + 3600, "auth_time": NOW - 60,
        });
        let own = match self.name {
            "entra" => json!({
                "iss": format!("https://login.microsoftonline.com/{CONTOSO}/v2.0"), "tid": CONTOSO, "wids": [GLOBAL],
                "roles": ["Keyward.Auditor", "Keyward.Operator"],
            }),
            "mapped" => json!({
                "iss": "https://mapped.example", "org": { "id": "7" }, "aud": ["else", AUDIENCE],
                "realm_access": { "roles": ["key-admin", "key-auditor"] }, "signed_in": { "at": NOW - 60 },
            }),
            "always" => json!({ "iss": "https://always.example", "groups": "admins" }),
            "claimed" => json!({ "iss": "https://claimed.example", "org": "contoso", "groups": ["admins"] }),
            "provider" => json!({ "iss": "https://provider.example", "groups": ["operators", "admins"] }),
            _ => json!({ "iss": "everybody", "tid": "contoso", "roles": ["auditor", "operator"] }),
        };
        claims.as_object_mut().unwrap().extend(own.as_object().unwrap().clone());
        claims.to_string()
    }
}

/// What may be told by a token with these claims.
pub(crate) struct Said {
    /// Whose signature it has to bear.
    pub(crate) issuer: &'static Issuer,
    pub(crate) tenant: Option<TenantId>,
    /// Names the person; absent where nobody may be told.
    pub(crate) person: Option<String>,
    pub(crate) roles: Vec<Role>,
    /// When the person signed in, as it stands in the claims.
    pub(crate) signed_in_at: Option<Value>,
}

impl Said {
    /// Nothing where no issuer says so.
    pub(crate) fn by(claims: &Value) -> Option<Self> {
        let text = |claim: &str| claims.get(claim).and_then(Value::as_str);
        let issuer = text("iss")?;
        let directory = text("tid").filter(|tid| {
            [format!("https://login.microsoftonline.com/{tid}/v2.0"), format!("https://sts.windows.net/{tid}/")]
                .iter()
                .any(|own| own == issuer)
        });
        let (name, tenant, roles) = match (directory, issuer) {
            (Some(CONTOSO), _) => ("entra", Some("contoso"), DIRECTORY_ROLES),
            (Some(PROVIDER), _) => ("entra", None, DIRECTORY_ROLES),
            (Some(_), _) => return None,
            (_, "https://mapped.example") => match claims["org"]["id"].as_str()? {
                "7" => ("mapped", Some("fabrikam"), REALM_ROLES),
                "8" => ("mapped", Some("northwind"), REALM_ROLES),
                _ => return None,
            },
            (_, "https://always.example") => ("always", Some("adatum"), GROUPS),
            (_, "https://claimed.example") => ("claimed", Some(text("org")?), GROUPS),
            (_, "https://provider.example") => ("provider", None, OPERATORS),
            (_, "everybody") if claims.get("tid").is_none() => ("everybody", None, OWN_NAMES),
            (_, "everybody") => ("everybody", Some(text("tid")?), OWN_NAMES),
            _ => return None,
        };
        let signed_in_at = if name == "mapped" { claims["signed_in"].get("at") } else { claims.get("auth_time") };
        Some(Self {
            issuer: ISSUERS.iter().find(|issuer| issuer.name == name)?,
            tenant: tenant.map(TenantId::new).transpose().ok()?,
            person: person(name, claims, tenant.is_none()),
            roles: given(roles, claims, tenant.is_none()),
            signed_in_at: signed_in_at.cloned(),
        })
    }
}

/// The person as this issuer names it. What begins as the names of another issuer do, which speaks for the same people, is nobody's.
fn person(issuer: &str, claims: &Value, is_provider: bool) -> Option<String> {
    let (claim, prefix) = match issuer {
        "entra" => ("oid", ""),
        "claimed" => ("sub", "services:"),
        "provider" => ("sub", "staff:"),
        _ => ("sub", ""),
    };
    let named = claims.get(claim)?.as_str()?;
    let others = if is_provider { "staff:" } else { "services:" };
    let is_others = issuer != "everybody" && prefix.is_empty() && named.starts_with(others);
    (!is_others).then(|| format!("{prefix}{named}"))
}

/// The roles of a table that the claims hold: the operator's for the provider's own people, the others for a tenant's.
fn given(table: Roles, claims: &Value, is_provider: bool) -> Vec<Role> {
    let holds = |path: &[&str], value: &str| {
        let found = path.iter().try_fold(claims, |inner, name| inner.get(name));
        found
            .is_some_and(|found| found == value || found.as_array().is_some_and(|list| list.iter().any(|v| v == value)))
    };
    let roles = [Role::GlobalAdministrator, Role::ServiceAdministrator, Role::Auditor, Role::Operator];
    let is_given = |wanted: &Role| {
        (*wanted == Role::Operator) == is_provider
            && table.iter().any(|(path, value, role)| role == wanted && holds(path, value))
    };
    roles.into_iter().filter(is_given).collect()
}
