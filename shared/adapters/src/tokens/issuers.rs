//! The issuers that are trusted together. No token is of two of them, and no two of them name the same people.

use std::collections::{BTreeMap, BTreeSet};

use keyward_domain::TenantId;
use keyward_service::Principal;

use super::issuer::{IssuerName, TrustedIssuer, directory_in, template_of};
use super::meaning::{ClaimPath, TenantRule};

/// Issuers of Entra ID, by version 2 and version 1, that name a directory's people alike: in the public cloud, the one of the US government,
/// and the one in China.
const ALIKE: [(&str, &str); 3] = [
    ("https://login.microsoftonline.com/{tid}/v2.0", "https://sts.windows.net/{tid}/"),
    ("https://login.microsoftonline.us/{tid}/v2.0", "https://sts.windows.net/{tid}/"),
    ("https://login.partner.microsoftonline.cn/{tid}/v2.0", "https://sts.chinacloudapi.cn/{tid}/"),
];

/// Whose people an issuer names.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Whose {
    /// The provider's own.
    Provider,
    /// Those of this tenant.
    Tenant(TenantId),
    /// Those of some tenant, whichever.
    SomeTenant,
    /// Those of every tenant.
    EveryTenant,
}

impl Whose {
    /// The people that an issuer with this rule names, each kind once.
    fn of(rule: &TenantRule) -> BTreeSet<Self> {
        let provider = rule.gives_provider().then_some(Self::Provider);
        let tenants: Vec<Self> = match rule.named() {
            Some(tenants) => tenants.into_iter().cloned().map(Self::Tenant).collect(),
            None => vec![Self::EveryTenant],
        };
        provider.into_iter().chain(tenants).collect()
    }

    /// Under what an issuer of these people is found.
    fn found_as(self) -> Vec<Self> {
        match self {
            Self::Tenant(_) => vec![Self::SomeTenant, self],
            whose => vec![whose],
        }
    }

    /// Under what those issuers are found that name some of these people too.
    fn shared_with(self) -> Vec<Self> {
        match self {
            Self::Tenant(_) => vec![Self::EveryTenant, self],
            Self::EveryTenant => vec![Self::EveryTenant, Self::SomeTenant],
            whose => vec![whose],
        }
    }
}

/// People, and the prefix that an issuer puts before their names; an empty one where it puts none.
type Names = (Whose, String);

/// Issuers by name, and who of them names whom.
#[derive(Clone, Default)]
pub(super) struct Issuers {
    listed: Vec<TrustedIssuer>,
    /// By their whole name.
    one: BTreeMap<String, usize>,
    /// By the name with `{tid}` in it.
    many: BTreeMap<String, usize>,
    /// The names in `one` with `{tid}` in place of their directory.
    templates: BTreeSet<String>,
    /// Prefixes have one `:`, at their end, so that of two different ones neither begins with the other.
    names: BTreeMap<Names, Vec<usize>>,
}

impl Issuers {
    /// This one alone.
    pub(super) fn only(issuer: TrustedIssuer) -> Self {
        let mut issuers = Self::default();
        issuers.insert(issuer);
        issuers
    }

    /// All of them, in the order in which they are listed.
    pub(super) fn iter(&self) -> impl Iterator<Item = &TrustedIssuer> {
        self.listed.iter()
    }

    /// The issuer that a token says to be of; with the directory, where the issuer serves many.
    pub(super) fn find<'a>(&self, named: &'a str) -> Option<(&TrustedIssuer, Option<&'a str>)> {
        if let Some(at) = self.one.get(named) {
            return Some((self.listed.get(*at)?, None));
        }
        let at = self.many.get(&template_of(named)?)?;
        Some((self.listed.get(*at)?, directory_in(named)))
    }

    /// Whether the name of this person is one that another issuer gives, which puts a prefix before its people of the same tenant. Asked for
    /// people of an issuer that puts none.
    pub(super) fn is_anothers(&self, principal: &Principal) -> bool {
        let Some((prefix, _)) = principal.person.as_str().split_once(':') else { return false };
        let given = |whose: Whose| self.names.contains_key(&(whose, format!("{prefix}:")));
        match &principal.tenant {
            None => given(Whose::Provider),
            Some(tenant) => given(Whose::EveryTenant) || given(Whose::Tenant(tenant.clone())),
        }
    }

    /// Why an issuer can't be trusted together with these.
    pub(super) fn conflict(&self, new: &TrustedIssuer) -> Option<String> {
        let is_listed = match &new.name {
            IssuerName::One(name) => {
                self.one.contains_key(name) || template_of(name).is_some_and(|name| self.many.contains_key(&name))
            }
            IssuerName::Many(template) => self.many.contains_key(template) || self.templates.contains(template),
        };
        if is_listed {
            return Some("a token could be of this one and of another one that is listed".to_owned());
        }
        let same = |whose: Whose| self.names.get(&(whose, new.meaning.prefix.clone())).into_iter().flatten();
        let shared = Whose::of(&new.meaning.tenant).into_iter().flat_map(Whose::shared_with);
        let mut others = shared.flat_map(same).filter_map(|at| self.listed.get(*at));
        let other = others.find(|other| !name_alike(other, new))?;
        Some(format!(
            "another one that is listed, `{}`, speaks for the same people, and could give one the name of another: \
             give one of the two a `prefix`",
            other.name
        ))
    }

    /// Trusts one more, in which there is no conflict.
    pub(super) fn insert(&mut self, issuer: TrustedIssuer) {
        let at = self.listed.len();
        match &issuer.name {
            IssuerName::One(name) => {
                self.templates.extend(template_of(name));
                self.one.insert(name.clone(), at);
            }
            IssuerName::Many(template) => {
                self.many.insert(template.clone(), at);
            }
        }
        for whose in Whose::of(&issuer.meaning.tenant).into_iter().flat_map(Whose::found_as) {
            self.names.entry((whose, issuer.meaning.prefix.clone())).or_default().push(at);
        }
        self.listed.push(issuer);
    }
}

/// Whether two issuers name the same people by the same names: the two kinds of token of Entra's directories, read alike.
fn name_alike(one: &TrustedIssuer, other: &TrustedIssuer) -> bool {
    let oid = ClaimPath::named("oid");
    let are_read_alike = one.meaning.person == oid
        && other.meaning.person == oid
        && one.meaning.tenant == other.meaning.tenant
        && one.name.directory() == other.name.directory();
    let (Some(one), Some(other)) = (one.name.template(), other.name.template()) else { return false };
    let is_pair = |(v2, v1): &(&str, &str)| (one == *v2 && other == *v1) || (one == *v1 && other == *v2);
    are_read_alike && ALIKE.iter().any(is_pair)
}
