//! The caller as the function before the gateway tells it to the one behind (docs/decisions/0013).

use std::collections::BTreeMap;

use keyward_api::Problem;
use keyward_service::Principal;

use crate::tokens::TokenError;

/// Under this name stands why nobody is told.
const REFUSED: &str = "refused";

/// Whom the authorizer found the caller to be, as texts by name. It adds no right: whoever gets it verifies the token too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handed(BTreeMap<String, String>);

impl Handed {
    /// What the authorizer tells of a token; nothing where the request goes no further.
    ///
    /// A token that was good, or will be, goes on: the function behind answers with a problem that says what to do, which the gateway can't.
    /// So does one whose issuer does not answer: the function may know the keys.
    #[must_use]
    pub fn of(verified: &Result<Principal, TokenError>) -> Option<Self> {
        let refused = match verified {
            Ok(principal) => return Some(Self::of_principal(principal)),
            Err(TokenError::Expired) => "expired",
            Err(TokenError::NotYetValid(_)) => "not_yet_valid",
            Err(TokenError::Unavailable) => "issuer_unavailable",
            Err(_) => return None,
        };
        Some(Self(BTreeMap::from([(REFUSED.to_owned(), refused.to_owned())])))
    }

    fn of_principal(principal: &Principal) -> Self {
        let Principal { tenant, person, roles, authenticated_at } = principal;
        let roles: Vec<&str> = roles.iter().map(|role| role.as_str()).collect();
        let told = [
            ("tenant", tenant.as_ref().map(ToString::to_string)),
            ("person", Some(person.to_string())),
            ("roles", Some(roles.join(" "))),
            ("authenticatedAt", authenticated_at.map(|at| at.timestamp().to_string())),
        ];
        Self(told.into_iter().filter_map(|(name, text)| Some((name.to_owned(), text?))).collect())
    }

    /// What a request brings from the gateway.
    #[must_use]
    pub fn from_texts(texts: BTreeMap<String, String>) -> Self {
        Self(texts)
    }

    /// The texts.
    #[must_use]
    pub fn texts(&self) -> &BTreeMap<String, String> {
        &self.0
    }

    /// Holds what is told against who the caller really is.
    pub(super) fn check(&self, principal: &Principal) -> Result<(), Problem> {
        if self.0.contains_key(REFUSED) || *self == Self::of_principal(principal) {
            return Ok(());
        }
        // Two settings, or somebody who calls the function and not the gateway.
        tracing::error!(person = %principal.person, "the authorizer told another caller than the token; nothing was done");
        Err(Problem::unavailable("the service's parts do not agree who calls"))
    }
}

#[cfg(test)]
mod tests {
    use keyward_domain::{IdError, PersonId, Role, TenantId};

    use super::*;

    fn principal(tenant: Option<&str>, roles: Vec<Role>) -> Result<Principal, IdError> {
        let tenant = tenant.map(TenantId::new).transpose()?;
        let authenticated_at = chrono::DateTime::from_timestamp(1_700_000_000, 0);
        Ok(Principal { tenant, person: PersonId::new("anna")?, roles, authenticated_at })
    }

    #[test]
    fn what_is_told_is_held_against_the_token() -> Result<(), IdError> {
        let anna = principal(Some("contoso"), vec![Role::GlobalAdministrator, Role::Auditor])?;
        let Some(handed) = Handed::of(&Ok(anna.clone())) else { return Ok(()) };
        let texts: Vec<_> = handed.texts().iter().map(|(name, text)| format!("{name}={text}")).collect();
        assert_eq!(
            texts,
            ["authenticatedAt=1700000000", "person=anna", "roles=global_administrator auditor", "tenant=contoso"]
        );
        assert_eq!(handed.check(&anna), Ok(()));
        for other in [
            principal(Some("contoso"), vec![Role::GlobalAdministrator])?,
            principal(Some("fabrikam"), anna.roles.clone())?,
            principal(None, vec![Role::Operator])?,
            Principal { authenticated_at: None, ..anna.clone() },
        ] {
            assert_eq!(handed.check(&other).err().map(|problem| problem.status), Some(503), "{other:?}");
        }
        assert!(Handed::from_texts(BTreeMap::new()).check(&anna).is_err());
        Ok(())
    }

    #[test]
    fn only_what_the_function_can_answer_better_goes_on() -> Result<(), IdError> {
        let anna = principal(None, vec![])?;
        for (error, goes_on) in [
            (TokenError::Missing, false),
            (TokenError::Malformed(""), false),
            (TokenError::BadSignature(""), false),
            (TokenError::WrongIssuer(""), false),
            (TokenError::WrongAudience, false),
            (TokenError::UnknownTenant, false),
            (TokenError::Expired, true),
            (TokenError::NotYetValid(""), true),
            (TokenError::Unavailable, true),
        ] {
            let handed = Handed::of(&Err(error));
            assert_eq!(handed.is_some(), goes_on, "{error}");
            // Nobody is told, and so nothing is compared: the function decides by the token alone.
            assert!(handed.is_none_or(|handed| handed.check(&anna).is_ok() && !handed.texts().contains_key("person")));
        }
        Ok(())
    }
}
