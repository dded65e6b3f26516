//! What is done with key files: read, checked, sealed.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use keyward_api::SecretText;
use keyward_api::requests::SealedKeyFile;
use keyward_api::views::ExchangeKeyView;
use keyward_domain::OperationName;
use keyward_keyfile::{Limits, PrivateKey, PublicKey, jwe, pfx};
use zeroize::Zeroizing;

use crate::client::{Call, Session};
use crate::failure::Failure;
use crate::grammar::PasswordSource;
use crate::passwords::{self, Typed};
use crate::{failure::Exit, key_files};

/// A key file that was read here, with what sealing it needs.
pub(crate) struct OpenedKeyFile {
    content: Zeroizing<Vec<u8>>,
    typed: Typed,
    /// The key in it.
    pub(crate) key: PrivateKey,
}

impl OpenedKeyFile {
    /// Reads and checks a PFX file.
    pub(crate) fn open(path: &Path, password: &PasswordSource) -> Result<Self, Failure> {
        let content = key_files::read(path)?;
        let typed = passwords::existing(password, &path.display().to_string())?;
        let key = key_files::open(&content, &typed.password)?;
        Ok(Self { content, typed, key })
    }

    /// The file and its password, sealed to the vault.
    pub(crate) fn sealed(&self, session: &Session) -> Result<String, Failure> {
        let parts = SealedKeyFile {
            file: SecretText::new(STANDARD.encode(&*self.content)),
            password: SecretText::new(self.typed.text.to_string()),
        };
        let plain = Zeroizing::new(serde_json::to_vec(&parts).map_err(|e| Failure::unexpected(e.to_string()))?);
        seal_to_vault(session, &plain)
    }
}

/// Seals a secret to the vault's exchange key.
pub(crate) fn seal_to_vault(session: &Session, secret: &[u8]) -> Result<String, Failure> {
    let call = Call::of(session.tenant()?, OperationName::ReadExchangeKey);
    let exchange: ExchangeKeyView = session.call(&call)?.view()?;
    let spki = STANDARD.decode(&exchange.spki).map_err(|_| Failure::unexpected("the exchange key is not base64"))?;
    Ok(jwe::seal(secret, &PublicKey::from_spki_der(&spki)?, &exchange.kid)?)
}

/// Whether a PFX that was just handed out opens with its password, and holds the key that it should.
pub(crate) fn verify_handed_out(file: &[u8], typed: &Typed, fingerprint: &str) -> Result<(), Failure> {
    let key = pfx::read(file, &typed.password, &Limits::any_key_size())?;
    if key.public_key().fingerprint().to_string() == fingerprint {
        return Ok(());
    }
    Err(Failure::new(Exit::Unexpected, "another_key", "the file that the server handed out holds another key")
        .next("Do not activate this key. Destroy it and generate another."))
}
