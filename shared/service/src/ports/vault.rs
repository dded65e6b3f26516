//! The vault: where RSA private keys live. Wrapping needs no vault (it takes the public key); unwrapping is the vault's.

use async_trait::async_trait;
use keyward_keyfile::{KeyFileError, Limits, PrivateKey, PublicKey, byok};
use zeroize::Zeroizing;

/// Name of a private key in the vault: ASCII letters, digits and hyphens, 1 to 127 characters (Azure Key Vault's rule).
/// Never used twice for different keys.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct VaultKeyName(String);

impl VaultKeyName {
    /// Checks the form of a name.
    ///
    /// # Errors
    /// [`VaultError::BadName`] where a character or the length is not allowed.
    pub fn new(name: impl Into<String>) -> Result<Self, VaultError> {
        let name = name.into();
        let fits =
            (1..=127).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        if fits { Ok(Self(name)) } else { Err(VaultError::BadName) }
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A key of the vault itself, as others may see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VaultPublicKey {
    /// Identifier with version; what a sealed envelope names as its `kid`.
    pub kid: String,
    /// The public part.
    pub public_key: PublicKey,
}

/// Why the vault did not do what it was asked.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum VaultError {
    /// The name has characters or a length that vaults don't take.
    #[error("a vault key name is 1 to 127 ASCII letters, digits and hyphens")]
    BadName,
    /// There is no private key of this name (any more).
    #[error("the vault has no such key")]
    NotFound,
    /// The name is taken by another key; it was left as it is.
    #[error("the vault holds another key under this name")]
    NameTaken,
    /// A transfer blob, or the key in it, is not taken; the reason is for the client.
    #[error(transparent)]
    Refused(#[from] KeyFileError),
    /// What was to be unwrapped was not wrapped for this key, or was damaged.
    #[error("not wrapped for this key")]
    NotForThisKey,
    /// The vault can't be reached, throttles or answers nonsense; try again.
    #[error("the vault does not answer: {reason}")]
    Unavailable {
        /// For the log; never for a client.
        reason: String,
    },
}

/// Holds RSA private keys and uses them; never gives one out.
#[async_trait]
pub trait Vault: Send + Sync {
    /// The key to which clients seal key files and passwords (JWE, RSA-OAEP-256).
    async fn exchange_key(&self) -> Result<VaultPublicKey, VaultError>;

    /// Opens the content encryption key of an envelope that was sealed to the exchange key `kid`.
    async fn open_exchange(&self, kid: &str, encrypted_key: &[u8]) -> Result<Zeroizing<Vec<u8>>, VaultError>;

    /// The exchange key for transfer blobs (BYOK), all versions that are taken, the newest first; none where the vault
    /// takes no blobs. In Azure Key Vault its only operation is `import`; here it never opens anything but blobs.
    async fn transfer_keys(&self) -> Result<Vec<VaultPublicKey>, VaultError>;

    /// The provider's key: wraps the data keys of environments that no tenant key manages.
    async fn provider_key(&self) -> Result<VaultPublicKey, VaultError>;

    /// Unwraps with the provider's key (RSA-OAEP-256).
    async fn unwrap_provider(&self, wrapped: &[u8]) -> Result<Zeroizing<Vec<u8>>, VaultError>;

    /// Stores a private key. Storing the same key under the same name again is no error, so that it can be repeated after a crash.
    async fn import(&self, name: &VaultKeyName, key: &PrivateKey) -> Result<(), VaultError>;

    /// Stores the private key in a transfer blob, and gives its public part. Where the vault opens blobs itself it takes a key
    /// within `limits` only. Storing the same key under the same name again is no error.
    async fn import_blob(
        &self,
        name: &VaultKeyName,
        blob: &byok::Blob,
        limits: &Limits,
    ) -> Result<PublicKey, VaultError>;

    /// Unwraps with the named key (RSA-OAEP-256).
    async fn unwrap(&self, name: &VaultKeyName, wrapped: &[u8]) -> Result<Zeroizing<Vec<u8>>, VaultError>;

    /// The public part of the named key, or nothing where the vault has no such key.
    async fn describe(&self, name: &VaultKeyName) -> Result<Option<PublicKey>, VaultError>;

    /// Removes the private key so that nothing that is left decrypts. Removing what is not there is no error.
    async fn remove(&self, name: &VaultKeyName) -> Result<(), VaultError>;
}
