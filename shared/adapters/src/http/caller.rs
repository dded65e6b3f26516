//! From a bearer token to a caller.

use http::{HeaderMap, header};
use keyward_api::Problem;
use keyward_domain::{Instant, PersonId, Role, TenantId};
use keyward_service::Principal;

use crate::tokens::{Claims, TokenError, Verifier};

/// Roles that a token can carry; those in an environment are in the environment's own lists.
const IN_TOKENS: [Role; 4] = [Role::GlobalAdministrator, Role::ServiceAdministrator, Role::Auditor, Role::Operator];

pub(super) fn principal(verifier: &Verifier, headers: &HeaderMap, now: Instant) -> Result<Principal, Problem> {
    let authorization = headers.get(header::AUTHORIZATION).map(|value| value.to_str().unwrap_or_default());
    let claims = verifier.verify_authorization(authorization, now).map_err(refusal)?;
    of_claims(&claims).ok_or_else(|| refusal(TokenError::Malformed))
}

fn refusal(error: TokenError) -> Problem {
    let code = match error {
        TokenError::Expired => "token_expired",
        TokenError::NotYetValid => "token_not_yet_valid",
        _ => "unauthenticated",
    };
    Problem::new(code, error.to_string())
}

fn of_claims(claims: &Claims) -> Option<Principal> {
    let person = PersonId::new(claims.sub.clone()).ok().filter(|person| *person != PersonId::sweep())?;
    let tenant = match &claims.tid {
        Some(tid) => Some(TenantId::new(tid.clone()).ok()?),
        None => None,
    };
    let roles = IN_TOKENS.into_iter().filter(|role| claims.roles.iter().any(|r| r == role.as_str())).collect();
    Some(Principal { tenant, person, roles })
}
