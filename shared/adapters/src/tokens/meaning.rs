//! What the claims of an issuer mean: the person, the tenant and the roles (A1, A2).
//!
//! Each issuer speaks only for the tenants and the roles that the settings give it. The provider's own people are of no tenant: a token of a
//! tenant makes nobody an operator, and a token of the provider nobody an administrator, whatever roles stand in it.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use keyward_domain::{PersonId, Role, TenantId};
use keyward_service::Principal;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::verify::TokenError;

/// Roles that a token can carry; those in an environment are in the environment's own lists.
pub(super) const ROLES: [Role; 4] =
    [Role::GlobalAdministrator, Role::ServiceAdministrator, Role::Auditor, Role::Operator];

/// The claims of a token.
pub(super) type Claims = Map<String, Value>;

/// A claim by its name, or one inside others by their names.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged, expecting = "a claim is a name, or a list of names for one inside others")]
pub(super) enum ClaimPath {
    /// A claim of the token.
    Name(String),
    /// Inside others, outermost first, as in `["realm_access", "roles"]`.
    Names(Vec<String>),
}

impl ClaimPath {
    /// A claim of the token.
    pub(super) fn named(name: &str) -> Self {
        Self::Name(name.to_owned())
    }

    /// The names, outermost first.
    pub(super) fn names(&self) -> &[String] {
        match self {
            Self::Name(name) => std::slice::from_ref(name),
            Self::Names(names) => names,
        }
    }

    pub(super) fn is_usable(&self) -> bool {
        (1..=4).contains(&self.names().len()) && self.names().iter().all(|name| !name.is_empty())
    }

    pub(super) fn of<'a>(&self, claims: &'a Claims) -> Option<&'a Value> {
        let (first, rest) = self.names().split_first()?;
        rest.iter().try_fold(claims.get(first)?, |value, name| value.get(name))
    }
}

/// Of which tenant the bearers of an issuer's tokens are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum TenantRule {
    /// Of none: all are the provider's own people.
    Provider,
    /// All of this one: the issuer is the tenant's own.
    Always(TenantId),
    /// Of the one that this claim stands for.
    Mapped {
        /// Where it stands.
        claim: ClaimPath,
        /// Tenants by the claim's value.
        tenants: BTreeMap<String, TenantId>,
        /// The value with which the bearer is one of the provider's own people.
        provider: Option<String>,
    },
    /// Of the one that this claim names: the issuer speaks for every tenant.
    Claimed {
        /// Where it stands.
        claim: ClaimPath,
        /// Whether a token without it is of one of the provider's own people.
        provider_if_absent: bool,
    },
}

impl TenantRule {
    /// Whether somebody can be of no tenant by this rule.
    pub(super) fn gives_provider(&self) -> bool {
        match self {
            Self::Provider => true,
            Self::Always(_) => false,
            Self::Mapped { provider, .. } => provider.is_some(),
            Self::Claimed { provider_if_absent, .. } => *provider_if_absent,
        }
    }

    /// Whether somebody can be of a tenant by this rule.
    pub(super) fn gives_tenant(&self) -> bool {
        match self {
            Self::Provider => false,
            Self::Mapped { tenants, .. } => !tenants.is_empty(),
            Self::Always(_) | Self::Claimed { .. } => true,
        }
    }

    /// The tenants that are named, where not every tenant can be.
    pub(super) fn named(&self) -> Option<Vec<&TenantId>> {
        match self {
            Self::Provider => Some(Vec::new()),
            Self::Always(tenant) => Some(vec![tenant]),
            Self::Mapped { tenants, .. } => Some(tenants.values().collect()),
            Self::Claimed { .. } => None,
        }
    }

    fn tenant(&self, claims: &Claims) -> Result<Option<TenantId>, TokenError> {
        match self {
            Self::Provider => Ok(None),
            Self::Always(tenant) => Ok(Some(tenant.clone())),
            Self::Mapped { claim, tenants, provider } => {
                let value = claim.of(claims).and_then(Value::as_str).ok_or(NO_TENANT)?;
                if provider.as_deref() == Some(value) {
                    return Ok(None);
                }
                tenants.get(value).cloned().map(Some).ok_or(TokenError::UnknownTenant)
            }
            Self::Claimed { claim, provider_if_absent } => match claim.of(claims) {
                None if *provider_if_absent => Ok(None),
                value => {
                    let id = value.and_then(Value::as_str).and_then(|id| TenantId::new(id).ok());
                    id.map(Some).ok_or(NO_TENANT)
                }
            },
        }
    }
}

/// Which values of a claim are which roles. A value that is not listed is none.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RoleRule {
    /// Where they stand: one string, or a list of strings.
    pub(super) claim: ClaimPath,
    /// Roles by value.
    pub(super) values: BTreeMap<String, Role>,
}

impl RoleRule {
    fn gives(&self, role: Role, claims: &Claims) -> bool {
        let is_it = |value: &Value| value.as_str().and_then(|value| self.values.get(value)) == Some(&role);
        match self.claim.of(claims) {
            Some(Value::Array(values)) => values.iter().any(is_it),
            Some(value) => is_it(value),
            None => false,
        }
    }
}

/// The claim of the tenant says none.
const NO_TENANT: TokenError =
    TokenError::Malformed("the claim of the tenant is not there, is no text, or is no tenant's identifier");

/// What the claims of one issuer mean.
#[derive(Clone, Debug)]
pub(super) struct Meaning {
    /// Where the person stands, who is never given to anybody else.
    pub(super) person: ClaimPath,
    /// What is put before the person. Empty, or 1 to 16 letters, digits, `.` and `-` with a `:` at the end.
    pub(super) prefix: String,
    /// Where it stands when the bearer last proved who they are.
    pub(super) signed_in_at: ClaimPath,
    pub(super) tenant: TenantRule,
    pub(super) roles: Vec<RoleRule>,
}

impl Meaning {
    /// Who the bearer of a token with these claims is.
    pub(super) fn principal(
        &self,
        claims: &Claims,
        authenticated_at: Option<DateTime<Utc>>,
    ) -> Result<Principal, TokenError> {
        let person = self.person(claims).map_err(TokenError::Malformed)?;
        let tenant = self.tenant.tenant(claims)?;
        let is_possible = |role: &Role| (*role == Role::Operator) == tenant.is_none();
        let roles = ROLES
            .into_iter()
            .filter(is_possible)
            .filter(|role| self.roles.iter().any(|rule| rule.gives(*role, claims)))
            .collect();
        Ok(Principal { tenant, person, roles, authenticated_at })
    }

    fn person(&self, claims: &Claims) -> Result<PersonId, &'static str> {
        let named = self.person.of(claims).ok_or("the claim of the person is not there")?;
        let named = named.as_str().ok_or("the claim of the person is no text")?;
        // With a prefix, too: what has no name has none with it either.
        let person = PersonId::new(named).and_then(|_| PersonId::new(format!("{}{named}", self.prefix)));
        let person = person.map_err(|_| "the person is empty, too long, or has signs that no person's name has")?;
        // Nobody acts under the sweeps' name.
        if person == PersonId::sweep() { Err("the person has the name of the sweeps") } else { Ok(person) }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    type Told = Result<(Option<String>, Vec<Role>), TokenError>;

    fn told(tenant: &TenantRule, roles: Value, claims: Value) -> Told {
        let roles = serde_json::from_value(roles).map_err(|_| TokenError::Missing)?;
        let (person, signed_in_at) = (ClaimPath::named("sub"), ClaimPath::named("auth_time"));
        let meaning = Meaning { person, prefix: String::new(), signed_in_at, tenant: tenant.clone(), roles };
        let Value::Object(mut claims) = claims else { return Err(TokenError::Missing) };
        claims.insert("sub".to_owned(), json!("p"));
        let principal = meaning.principal(&claims, None)?;
        Ok((principal.tenant.map(|tenant| tenant.to_string()), principal.roles))
    }

    fn contoso() -> Result<TenantId, TokenError> {
        TenantId::new("contoso").map_err(|_| TokenError::Missing)
    }

    fn every_role() -> Value {
        let values =
            json!({ "g": "global_administrator", "s": "service_administrator", "a": "auditor", "o": "operator" });
        json!([{ "claim": "roles", "values": values }])
    }

    #[test]
    fn a_tenants_token_makes_no_operator_and_the_providers_no_administrator() -> Result<(), TokenError> {
        let claims = json!({ "roles": ["g", "s", "a", "o", "x", 1, null], "t": "fabrikam" });
        let of_tenant = vec![Role::GlobalAdministrator, Role::ServiceAdministrator, Role::Auditor];
        // What the token says of a tenant is not asked where the issuer is one tenant's own.
        let own = TenantRule::Always(contoso()?);
        assert_eq!(told(&own, every_role(), claims.clone()), Ok((Some("contoso".to_owned()), of_tenant)));
        assert_eq!(told(&TenantRule::Provider, every_role(), claims), Ok((None, vec![Role::Operator])));
        Ok(())
    }

    #[test]
    fn a_mapped_claim_names_known_tenants_only() -> Result<(), TokenError> {
        let rule = TenantRule::Mapped {
            claim: ClaimPath::named("t"),
            tenants: BTreeMap::from([("1".to_owned(), contoso()?)]),
            provider: Some("0".to_owned()),
        };
        let told = |claims| told(&rule, every_role(), claims);
        assert_eq!(told(json!({ "t": "1", "roles": "o" })), Ok((Some("contoso".to_owned()), vec![])));
        assert_eq!(told(json!({ "t": "0", "roles": "o" })), Ok((None, vec![Role::Operator])));
        assert_eq!(told(json!({ "t": "contoso" })), Err(TokenError::UnknownTenant));
        for claims in [json!({}), json!({ "t": null }), json!({ "t": ["1"] }), json!({ "t": 1 })] {
            assert_eq!(told(claims.clone()), Err(NO_TENANT), "{claims}");
        }
        Ok(())
    }

    #[test]
    fn a_claimed_tenant_is_one_identifier() {
        let rule = |provider_if_absent| TenantRule::Claimed { claim: ClaimPath::named("t"), provider_if_absent };
        let named = told(&rule(false), every_role(), json!({ "t": "contoso", "roles": ["a"] }));
        assert_eq!(named, Ok((Some("contoso".to_owned()), vec![Role::Auditor])));
        for claims in [json!({ "t": null }), json!({ "t": "" }), json!({ "t": "CONTOSO" }), json!({ "t": {} })] {
            assert_eq!(told(&rule(true), every_role(), claims.clone()), Err(NO_TENANT), "{claims}");
        }
        assert_eq!(told(&rule(true), every_role(), json!({ "roles": "o" })), Ok((None, vec![Role::Operator])));
        assert_eq!(told(&rule(false), every_role(), json!({ "roles": "o" })), Err(NO_TENANT));
    }

    #[test]
    fn roles_are_found_inside_other_claims() -> Result<(), TokenError> {
        let rule = TenantRule::Always(contoso()?);
        let roles = json!([{ "claim": ["realm_access", "roles"], "values": { "keys": "global_administrator" } }]);
        for (claims, expected) in [
            (json!({ "realm_access": { "roles": ["keys", "other"] } }), vec![Role::GlobalAdministrator]),
            (json!({ "realm_access": { "roles": "keys" } }), vec![Role::GlobalAdministrator]),
            (json!({ "realm_access": { "roles": [["keys"]] } }), vec![]),
            (json!({ "realm_access": { "roles": "keys other" } }), vec![]),
            (json!({ "realm_access": ["keys"] }), vec![]),
            (json!({ "roles": ["keys"] }), vec![]),
        ] {
            assert_eq!(told(&rule, roles.clone(), claims.clone()).map(|(_, roles)| roles), Ok(expected), "{claims}");
        }
        Ok(())
    }
}
