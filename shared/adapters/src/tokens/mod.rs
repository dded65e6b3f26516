//! Bearer tokens: who calls.

mod claims;
#[cfg(feature = "development-issuer")]
mod development;
mod verify;

pub use claims::Claims;
#[cfg(feature = "development-issuer")]
pub use development::{AUDIENCE, DevelopmentIssuer, DevelopmentIssuerError, ISSUER, Person};
pub use verify::{TOKEN_LIMIT, TokenError, Verifier, VerifyingKey};
