//! An issuer for development and tests: whoever can read its file can be anybody. Not built into the functions.

use std::io;
use std::path::{Path, PathBuf};

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use zeroize::Zeroizing;

use super::claims::Claims;
use super::key::VerifyingKey;
use super::key_set::KeySet;
use super::verify::Verifier;
use crate::vault::durable;

/// The issuer that development tokens name.
pub const ISSUER: &str = "https://development.keyward.invalid";
/// The audience that development tokens name.
pub const AUDIENCE: &str = "keyward";

/// Name of the key's file.
const FILE: &str = "development-issuer.p8";
/// Longest file that is read; the PKCS#8 of a P-256 key has 138 bytes.
const FILE_LIMIT: usize = 1024;

/// Whom a token is to be about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Person {
    /// Identifier of the person or service.
    pub sub: String,
    /// Tenant, if any.
    pub tid: Option<String>,
    /// Name to show.
    pub name: String,
    /// Roles.
    pub roles: Vec<String>,
    /// When they proved who they are; the instant of issue where it isn't given.
    pub auth_time: Option<DateTime<Utc>>,
}

/// Why there is no issuer or no token.
#[derive(Debug, thiserror::Error)]
pub enum DevelopmentIssuerError {
    /// The key's file can't be read or written.
    #[error("the development issuer's key {} can't be used: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file holds no such key.
    #[error("{} is not a P-256 key in PKCS#8; remove it to get a new one", path.display())]
    NoKey {
        /// The file.
        path: PathBuf,
    },
    /// A key or a signature can't be made, or the token's end is out of range.
    #[error("the token can't be made")]
    NotMade,
}

/// Issues ES256 tokens with a key of its own.
pub struct DevelopmentIssuer {
    kid: String,
    signing_key: EncodingKey,
    point: Vec<u8>,
}

impl std::fmt::Debug for DevelopmentIssuer {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("DevelopmentIssuer").field("kid", &self.kid).finish_non_exhaustive()
    }
}

impl DevelopmentIssuer {
    /// Reads the issuer's key from a directory, or makes one there (0600). Where two processes do so at once both get
    /// the same key. Blocks: call it at start.
    ///
    /// # Errors
    /// [`DevelopmentIssuerError`]: the file can't be used.
    pub fn load_or_create(dir: &Path) -> Result<Self, DevelopmentIssuerError> {
        let path = dir.join(FILE);
        let io_error = |source| DevelopmentIssuerError::Io { path: path.clone(), source };
        if !path.try_exists().map_err(io_error)? {
            std::fs::create_dir_all(dir).map_err(io_error)?;
            let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new())
                .map_err(|_| DevelopmentIssuerError::NotMade)?;
            durable::create(&path, pkcs8.as_ref()).map_err(io_error)?;
        }
        let pkcs8 = durable::read(&path, FILE_LIMIT).map_err(io_error)?;
        let pkcs8 = pkcs8.ok_or_else(|| io_error(io::ErrorKind::NotFound.into()))?;
        Self::from_pkcs8(&pkcs8).ok_or(DevelopmentIssuerError::NoKey { path })
    }

    fn from_pkcs8(pkcs8: &Zeroizing<Vec<u8>>) -> Option<Self> {
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8).ok()?;
        let point = pair.public_key().as_ref().to_vec();
        let fingerprint = digest(&SHA256, &point);
        let short: String = fingerprint.as_ref().iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        Some(Self { kid: format!("development-{short}"), signing_key: EncodingKey::from_ec_der(pkcs8), point })
    }

    /// Identifier of the key in the tokens' headers.
    #[must_use]
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// The public key: the P-256 point, not compressed (65 bytes).
    #[must_use]
    pub fn point(&self) -> &[u8] {
        &self.point
    }

    /// A verifier that trusts this issuer and nobody else.
    #[must_use]
    pub fn verifier(&self) -> Verifier {
        let mut keys = KeySet::default();
        if let Some(key) = VerifyingKey::from_point(&self.point) {
            keys.insert(self.kid.clone(), key);
        }
        Verifier::of_everybody(ISSUER.to_owned(), AUDIENCE.to_owned(), keys)
    }

    /// Issues a token that holds from `now` for `lifetime`.
    ///
    /// # Errors
    /// [`DevelopmentIssuerError::NotMade`].
    pub fn issue(
        &self,
        person: &Person,
        now: DateTime<Utc>,
        lifetime: TimeDelta,
    ) -> Result<String, DevelopmentIssuerError> {
        let ends = now.checked_add_signed(lifetime).ok_or(DevelopmentIssuerError::NotMade)?;
        let claims = Claims {
            iss: ISSUER.to_owned(),
            aud: AUDIENCE.to_owned(),
            sub: person.sub.clone(),
            tid: person.tid.clone(),
            name: person.name.clone(),
            roles: person.roles.clone(),
            iat: now.timestamp(),
            nbf: Some(now.timestamp()),
            exp: ends.timestamp(),
            auth_time: Some(person.auth_time.unwrap_or(now).timestamp()),
        };
        self.sign(&claims)
    }

    /// Signs any claims; for tests of what a verifier refuses.
    ///
    /// # Errors
    /// [`DevelopmentIssuerError::NotMade`].
    pub fn sign(&self, claims: &Claims) -> Result<String, DevelopmentIssuerError> {
        let mut header = Header::new(Algorithm::ES256);
        header.kid = Some(self.kid.clone());
        jsonwebtoken::encode(&header, claims, &self.signing_key).map_err(|_| DevelopmentIssuerError::NotMade)
    }
}
