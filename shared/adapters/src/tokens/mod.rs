//! Bearer tokens: who calls.

#[cfg(feature = "development-issuer")]
mod claims;
#[cfg(feature = "development-issuer")]
mod development;
mod documents;
mod https;
mod instants;
mod issuer;
mod issuers;
mod json;
mod key;
mod key_set;
mod keys;
mod location;
mod meaning;
mod settings;
mod verify;

#[cfg(feature = "development-issuer")]
pub use claims::Claims;
#[cfg(feature = "development-issuer")]
pub use development::{AUDIENCE, DevelopmentIssuer, DevelopmentIssuerError, ISSUER, Person};
pub use documents::{DocumentError, Documents};
pub use https::HttpsDocuments;
pub use settings::{SETTINGS_LIMIT, TokenSettingsError};
pub use verify::{TOKEN_LIMIT, TokenError, Verifier};
