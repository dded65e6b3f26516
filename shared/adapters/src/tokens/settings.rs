//! Who is believed, as a deployment's settings say it: JSON.
//!
//! `docs/identity.md` says what each member means.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::TimeDelta;
use keyward_domain::{Role, TenantId};
use serde::Deserialize;
use serde_json::Value;

use super::documents::Documents;
use super::issuer::{IssuerName, TrustedIssuer, is_directory};
use super::issuers::Issuers;
use super::json;
use super::key::VerifyingKey;
use super::key_set::{KeySet, LONGEST_KID, MOST_KEYS};
use super::keys::{Keys, Periods, Published};
use super::location::KeyLocation;
use super::meaning::{ClaimPath, Meaning, ROLES, RoleRule, TenantRule};
use super::verify::Verifier;

/// Longest settings, in bytes.
pub const SETTINGS_LIMIT: usize = 1024 * 1024;
/// Most values in them.
const VALUES: usize = 50_000;
/// Most issuers.
const MOST_ISSUERS: usize = 1000;
/// Most audiences of an issuer, claims with roles, and values of one claim.
const MOST: usize = 64;
/// Longest prefix of people, in bytes, without the `:` at its end.
const LONGEST_PREFIX: usize = 16;
/// The largest skew, in seconds.
const LARGEST_SKEW: u32 = 300;

/// Settings that can't be used: what is wrong and what to do. The text holds no secret; the settings hold none either.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct TokenSettingsError(String);

impl From<String> for TokenSettingsError {
    fn from(reason: String) -> Self {
        Self(reason)
    }
}

impl From<serde_json::Error> for TokenSettingsError {
    fn from(error: serde_json::Error) -> Self {
        Self(error.to_string())
    }
}

type Read<T> = Result<T, TokenSettingsError>;

fn refused<T>(reason: impl Into<String>) -> Read<T> {
    Err(TokenSettingsError(reason.into()))
}

/// One issuer with its keys, which speaks for every tenant and every role: the short form.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OneIssuer {
    issuer: String,
    audience: String,
    keys: Vec<KeySettings>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    #[serde(default = "skew")]
    skew_seconds: u32,
    #[serde(default)]
    key_cache: CacheSettings,
    #[serde(default)]
    allow_http_on_loopback: bool,
    issuers: Vec<IssuerSettings>,
}

fn skew() -> u32 {
    60
}

/// How long fetched keys are kept, in seconds.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct CacheSettings {
    fresh: u32,
    usable: u32,
    refetch: u32,
    wait: u32,
}

impl Default for CacheSettings {
    fn default() -> Self {
        Self { fresh: 3600, usable: 24 * 3600, refetch: 30, wait: 3 }
    }
}

/// How long nothing is asked after a failure, in seconds, where it isn't less in any case.
const RETRY: u32 = 5;

impl CacheSettings {
    fn periods(&self) -> Read<Periods> {
        let &Self { fresh, usable, refetch, wait } = self;
        for (name, value, range) in [
            ("fresh", fresh, 60..=86_400),
            ("usable", usable, fresh..=604_800),
            ("refetch", refetch, 5..=3600),
            ("wait", wait, 1..=5),
        ] {
            if !range.contains(&value) {
                return refused(format!("key_cache.{name} is {} to {} seconds", range.start(), range.end()));
            }
        }
        let seconds = |seconds: u32| TimeDelta::seconds(i64::from(seconds));
        Ok(Periods {
            fresh: seconds(fresh),
            usable: seconds(usable),
            refetch: seconds(refetch),
            retry: seconds(refetch.min(RETRY)),
            wait: Duration::from_secs(u64::from(wait)),
        })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct IssuerSettings {
    issuer: String,
    audiences: Vec<String>,
    jwks_uri: Option<String>,
    keys: Option<Vec<KeySettings>>,
    #[serde(default = "person")]
    person: ClaimPath,
    #[serde(default)]
    prefix: Option<String>,
    #[serde(default = "signed_in_at")]
    signed_in_at: ClaimPath,
    tenant: TenantSettings,
    #[serde(default)]
    roles: Vec<RoleRule>,
}

fn person() -> ClaimPath {
    ClaimPath::named("sub")
}

fn signed_in_at() -> ClaimPath {
    ClaimPath::named("auth_time")
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct KeySettings {
    kid: String,
    /// Base64 of 4, x, y on P-256.
    point: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum TenantSettings {
    Provider,
    Always(TenantId),
    Mapped {
        claim: ClaimPath,
        tenants: BTreeMap<String, TenantId>,
        provider: Option<String>,
    },
    Claimed {
        claim: ClaimPath,
        #[serde(default)]
        provider_if_absent: bool,
    },
}

impl Verifier {
    /// The verifier of a deployment's settings. Nothing is fetched yet.
    ///
    /// # Errors
    /// [`TokenSettingsError`] where they do not read, or could be meant to trust somebody else than they say.
    pub fn from_settings(settings: &str, documents: Arc<dyn Documents>) -> Read<Self> {
        if settings.len() > SETTINGS_LIMIT {
            return refused(format!("they have more than {SETTINGS_LIMIT} bytes"));
        }
        // Read for its precise message first; then again without members that are there twice.
        serde_json::from_str::<serde::de::IgnoredAny>(settings)?;
        let Some(object) = json::object(settings.as_bytes(), VALUES) else {
            return refused("they are no JSON object, have a member twice or too many values");
        };
        if object.contains_key("issuers") {
            let settings: Settings = serde_json::from_value(Value::Object(object))?;
            return settings.verifier(&documents);
        }
        let OneIssuer { issuer, audience, keys } = serde_json::from_value(Value::Object(object))?;
        if issuer.is_empty() || audience.is_empty() {
            return refused("issuer and audience may not be empty");
        }
        Ok(Self::of_everybody(issuer, audience, fixed(keys)?))
    }

    /// One that believes one issuer with these keys, whatever tenant or role it says.
    pub(super) fn of_everybody(issuer: String, audience: String, keys: KeySet) -> Self {
        let meaning = Meaning {
            person: person(),
            prefix: String::new(),
            signed_in_at: signed_in_at(),
            tenant: TenantRule::Claimed { claim: ClaimPath::named("tid"), provider_if_absent: true },
            roles: vec![RoleRule {
                claim: ClaimPath::named("roles"),
                values: ROLES.into_iter().map(|role| (role.as_str().to_owned(), role)).collect(),
            }],
        };
        let (name, keys) = (IssuerName::One(issuer), Keys::Fixed(Arc::new(keys)));
        let issuer = TrustedIssuer { name, audiences: vec![audience], keys, meaning };
        Self { issuers: Issuers::only(issuer), skew: TimeDelta::seconds(i64::from(skew())) }
    }
}

/// Keys that stand in the settings.
fn fixed(keys: Vec<KeySettings>) -> Read<KeySet> {
    if !(1..=MOST_KEYS).contains(&keys.len()) {
        return refused(format!("it takes 1 to {MOST_KEYS} keys"));
    }
    let (mut seen, mut set) = (BTreeSet::new(), KeySet::default());
    for KeySettings { kid, point } in keys {
        if !(1..=LONGEST_KID).contains(&kid.len()) || !seen.insert(kid.clone()) {
            return refused(format!("each key needs a kid of its own, not `{kid}`"));
        }
        let point = STANDARD.decode(&point).map_err(|error| format!("the point of key `{kid}`: {error}"))?;
        let Some(key) = VerifyingKey::from_point(&point) else {
            return refused(format!("the point of key `{kid}` is not 4, x, y of P-256 in 65 bytes"));
        };
        set.insert(kid, key);
    }
    Ok(set)
}

impl Settings {
    fn verifier(self, documents: &Arc<dyn Documents>) -> Read<Verifier> {
        let Self { skew_seconds, key_cache, allow_http_on_loopback, issuers } = self;
        if skew_seconds > LARGEST_SKEW {
            return refused(format!("skew_seconds is at most {LARGEST_SKEW}"));
        }
        if !(1..=MOST_ISSUERS).contains(&issuers.len()) {
            return refused(format!("it takes 1 to {MOST_ISSUERS} issuers"));
        }
        let periods = key_cache.periods()?;
        let mut trusted = Issuers::default();
        for settings in issuers {
            let name = settings.issuer.clone();
            let about = |TokenSettingsError(reason)| TokenSettingsError(format!("issuer `{name}`: {reason}"));
            let issuer = settings.trusted(documents, periods, allow_http_on_loopback).map_err(about)?;
            if let Some(reason) = trusted.conflict(&issuer) {
                return refused(reason).map_err(about);
            }
            trusted.insert(issuer);
        }
        Ok(Verifier { issuers: trusted, skew: TimeDelta::seconds(i64::from(skew_seconds)) })
    }
}

impl IssuerSettings {
    fn trusted(self, documents: &Arc<dyn Documents>, periods: Periods, loopback: bool) -> Read<TrustedIssuer> {
        let name = IssuerName::read(&self.issuer)?;
        if !(1..=MOST).contains(&self.audiences.len()) || self.audiences.iter().any(String::is_empty) {
            return refused(format!("it takes 1 to {MOST} audiences"));
        }
        let location = match (&name, &self.jwks_uri, &self.keys) {
            (_, Some(_), Some(_)) => return refused("it has `keys` or `jwks_uri`, not both"),
            (_, None, Some(_)) => None,
            (_, Some(address), None) => Some(KeyLocation::jwks(address, loopback)?),
            (IssuerName::One(issuer), None, None) => Some(KeyLocation::discovery(issuer, loopback)?),
            (IssuerName::Many { .. }, None, None) => {
                return refused("one that serves many directories needs `jwks_uri`");
            }
        };
        let keys = match location {
            Some(location) => Keys::Published(Arc::new(Published::new(location, Arc::clone(documents), periods))),
            None => Keys::Fixed(Arc::new(fixed(self.keys.unwrap_or_default())?)),
        };
        let tenant = rule(self.tenant)?;
        check_directories(&name, &tenant)?;
        check_roles(&self.roles, &tenant)?;
        check_claim(&self.person)?;
        check_claim(&self.signed_in_at)?;
        if ["iat", "nbf", "exp"].iter().any(|issued| self.signed_in_at.names() == [*issued]) {
            return refused(
                "`signed_in_at` names a claim that says when the token was issued: each new token would be a new sign-in",
            );
        }
        let (person, prefix, signed_in_at) = (self.person, prefix(self.prefix)?, self.signed_in_at);
        let meaning = Meaning { person, prefix, signed_in_at, tenant, roles: self.roles };
        Ok(TrustedIssuer { name, audiences: self.audiences, keys, meaning })
    }
}

fn check_claim(claim: &ClaimPath) -> Read<()> {
    if claim.is_usable() { Ok(()) } else { refused("a claim has one to four names, none of them empty") }
}

/// What is put before an issuer's people; empty where nothing is.
fn prefix(settings: Option<String>) -> Read<String> {
    let Some(prefix) = settings else { return Ok(String::new()) };
    let is_good = prefix.strip_suffix(':').is_some_and(|name| {
        (1..=LONGEST_PREFIX).contains(&name.len())
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-".contains(&byte))
    });
    if is_good {
        return Ok(prefix);
    }
    refused(format!("`prefix` is 1 to {LONGEST_PREFIX} letters, digits, `.` and `-`, and then a `:`"))
}

fn rule(settings: TenantSettings) -> Read<TenantRule> {
    Ok(match settings {
        TenantSettings::Provider => TenantRule::Provider,
        TenantSettings::Always(tenant) => TenantRule::Always(tenant),
        TenantSettings::Mapped { claim, tenants, provider } => {
            check_claim(&claim)?;
            if provider.as_ref().is_some_and(|provider| tenants.contains_key(provider)) {
                return refused("the provider's own people are of no tenant: take them out of `tenants`");
            }
            if tenants.is_empty() && provider.is_none() {
                return refused("`tenants` is empty: its tokens could be of nobody");
            }
            TenantRule::Mapped { claim, tenants, provider }
        }
        TenantSettings::Claimed { claim, provider_if_absent } => {
            check_claim(&claim)?;
            TenantRule::Claimed { claim, provider_if_absent }
        }
    })
}

/// Anybody can have a directory at an issuer that serves many: each one that is trusted has to be named.
fn check_directories(name: &IssuerName, tenant: &TenantRule) -> Read<()> {
    let IssuerName::Many { .. } = name else { return Ok(()) };
    match tenant {
        TenantRule::Mapped { claim: ClaimPath::Name(claim), tenants, provider } if claim == "tid" => {
            match tenants.keys().chain(provider).find(|directory| !is_directory(directory)) {
                Some(directory) => refused(format!("`{directory}` is no directory: they are GUIDs in lowercase")),
                None => Ok(()),
            }
        }
        _ => refused("one that serves many directories needs `tenant` to be `mapped` by the claim `tid`"),
    }
}

/// Roles that the issuer could never give are a mistake.
fn check_roles(roles: &[RoleRule], tenant: &TenantRule) -> Read<()> {
    if roles.len() > MOST || roles.iter().any(|rule| rule.values.len() > MOST || !rule.claim.is_usable()) {
        return refused(format!("it takes at most {MOST} claims with roles, each with at most {MOST} values"));
    }
    for role in roles.iter().flat_map(|rule| rule.values.values()) {
        if !ROLES.contains(role) {
            return refused(format!("`{}` is not in tokens: it stands in the environment's own list", role.as_str()));
        }
        let is_possible = if *role == Role::Operator { tenant.gives_provider() } else { tenant.gives_tenant() };
        if !is_possible {
            return refused(format!("nobody could be `{}` by its tokens: see `tenant`", role.as_str()));
        }
    }
    Ok(())
}
