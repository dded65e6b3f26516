//! What the development issuer says about a bearer (RFC 7519, and the names that Entra uses).

use serde::{Deserialize, Serialize};

/// The claims of its tokens. Instants are whole seconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// Who issued the token.
    pub iss: String,
    /// For whom it was issued.
    pub aud: String,
    /// Whom it is about: never given to anybody else by the same issuer.
    pub sub: String,
    /// Tenant of the bearer; none for the provider's own people and services.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tid: Option<String>,
    /// Name to show; decides nothing.
    #[serde(default)]
    pub name: String,
    /// What the bearer may be.
    #[serde(default)]
    pub roles: Vec<String>,
    /// When it was issued.
    pub iat: i64,
    /// From when it holds; from `iat` where it isn't given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nbf: Option<i64>,
    /// When it ends: at this instant it holds no more.
    pub exp: i64,
    /// When the bearer last proved who they are, where the issuer says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth_time: Option<i64>,
}
