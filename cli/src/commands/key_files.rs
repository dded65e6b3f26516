//! What is done with key files: read, checked, sealed.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use keyward_api::SecretText;
use keyward_api::requests::SealedKeyFile;
use keyward_api::views::ExchangeKeyView;
use keyward_keyfile::{KeyFileError, Limits, PrivateKey, PublicKey, jwe, pem, pfx};
use zeroize::Zeroizing;

use super::exchange_key;
use crate::client::Session;
use crate::failure::{Exit, Failure};
use crate::grammar::PasswordSource;
use crate::key_files::{self, Form};
use crate::passwords::{self, Typed};

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
        match key_files::form(&content) {
            Form::Json => return Err(closed(path)),
            Form::Pem => return Err(not_as_pem(path)),
            Form::Pfx => {}
        }
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

/// A transfer blob in the place of a PFX: nothing can be signed with it, and it needs no sealing.
fn closed(path: &Path) -> Failure {
    let detail = format!("{} is a transfer blob (BYOK), which only the vault opens", path.display());
    Failure::new(Exit::Refused, "not_pfx", detail).next(
        "Bring it by keyward key import. To prove possession, sign with the key where it is: keyward lock challenge.",
    )
}

/// A PEM file in the place of a PFX.
pub(super) fn not_as_pem(path: &Path) -> Failure {
    let file = path.display();
    Failure::new(Exit::Refused, "not_pfx", format!("{file} is a PEM file, which is not taken as it is")).next(format!(
        "Make a transfer blob: keyward key wrap {file} --out key.byok; \
         or a PFX: openssl pkcs12 -export -nocerts -inkey {file} -out key.pfx"
    ))
}

/// A private key that was read on this machine.
pub(crate) struct ReadKey {
    /// The key.
    pub(crate) key: PrivateKey,
    /// Whether it lay there in the clear.
    pub(crate) clear: bool,
}

/// Reads and checks the key of a PEM file; a password is asked for where it is under one.
pub(crate) fn read_pem(path: &Path, content: &[u8], password: &PasswordSource) -> Result<ReadKey, Failure> {
    let limits = Limits::any_key_size();
    match pem::read_private_key(content, &limits).map_err(of_pem)? {
        pem::Found::Clear(key) => Ok(ReadKey { key, clear: true }),
        pem::Found::Encrypted(encrypted) => {
            let typed = passwords::existing(password, &path.display().to_string())?;
            let key = encrypted.open(&typed.password, &limits).map_err(of_pem)?;
            Ok(ReadKey { key, clear: false })
        }
    }
}

/// What mends a PFX does not mend a PEM file.
fn of_pem(error: KeyFileError) -> Failure {
    match error {
        KeyFileError::TooManyIterations { .. } | KeyFileError::TooMuchMemory { .. } => {
            Failure::from(error).next("Write it anew: openssl pkcs8 -topk8 -in old.pem -out key.pem")
        }
        KeyFileError::NoKey => {
            Failure::from(error).next("Give the file with the private key, not its certificate or public key.")
        }
        other => other.into(),
    }
}

/// Reads and checks the key of a PFX or PEM file.
pub(crate) fn read_private_key(path: &Path, password: &PasswordSource) -> Result<ReadKey, Failure> {
    let content = key_files::read(path)?;
    match key_files::form(&content) {
        Form::Pem => read_pem(path, &content, password),
        Form::Json => Err(closed(path)),
        Form::Pfx => {
            let typed = passwords::existing(password, &path.display().to_string())?;
            Ok(ReadKey { key: key_files::open(&content, &typed.password)?, clear: false })
        }
    }
}

/// Seals a secret to the vault's exchange key.
pub(crate) fn seal_to_vault(session: &Session, secret: &[u8]) -> Result<String, Failure> {
    let exchange: ExchangeKeyView = exchange_key::read(session)?.view()?;
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
