//! The stanza `keyward.v1`: the age file key, wrapped by a data key.

use std::cell::RefCell;
use std::collections::HashSet;

use age::{DecryptError, EncryptError, Identity, Recipient};
use age_core::format::{FILE_KEY_BYTES, FileKey, Stanza};
use age_core::primitives::{aead_decrypt, aead_encrypt, hkdf};
use age_core::secrecy::ExposeSecret;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use keyward_domain::{EnvironmentId, TenantId};
use zeroize::Zeroizing;

use super::DataKeyBytes;
use crate::failure::Failure;

const TAG: &str = "keyward.v1";
const SALT_BYTES: usize = 16;

/// The data key that a file is sealed under, by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SealedBy {
    /// The tenant.
    pub(crate) tenant: TenantId,
    /// The environment.
    pub(crate) environment: EnvironmentId,
    /// The generation, 1 or more.
    pub(crate) generation: u32,
}

impl SealedBy {
    fn wrapping_key(&self, data_key: &DataKeyBytes, salt: &[u8]) -> Zeroizing<[u8; 32]> {
        // The identifiers hold no space, so no two of these lines are the same for different keys.
        let info = format!("{TAG} {} {} {}", self.tenant, self.environment, self.generation);
        Zeroizing::new(hkdf(salt, info.as_bytes(), data_key.as_slice()))
    }
}

/// Wraps a file key by a data key.
pub(crate) struct DataKeyRecipient<'a> {
    /// The data key's name.
    pub(crate) by: SealedBy,
    /// The data key.
    pub(crate) data_key: &'a DataKeyBytes,
}

impl Recipient for DataKeyRecipient<'_> {
    fn wrap_file_key(&self, file_key: &FileKey) -> Result<(Vec<Stanza>, HashSet<String>), EncryptError> {
        let mut salt = [0; SALT_BYTES];
        aws_lc_rs::rand::fill(&mut salt)
            .map_err(|_| EncryptError::Io(std::io::Error::other("the system has no randomness to give")))?;
        let key = self.by.wrapping_key(self.data_key, &salt);
        let stanza = Stanza {
            tag: TAG.to_owned(),
            args: vec![
                self.by.tenant.to_string(),
                self.by.environment.to_string(),
                self.by.generation.to_string(),
                STANDARD_NO_PAD.encode(salt),
            ],
            body: aead_encrypt(&key, file_key.expose_secret()),
        };
        // The label keeps the file key from being wrapped for anybody else as well.
        Ok((vec![stanza], HashSet::from([TAG.to_owned()])))
    }
}

/// Where data keys come from.
type Lease<'a> = &'a dyn Fn(&SealedBy) -> Result<DataKeyBytes, Failure>;

/// Unwraps a file key: leases the data key that the stanza names.
pub(crate) struct DataKeyIdentity<'a> {
    lease: Lease<'a>,
    // age's own error has no room for a refusal, so it is kept here.
    refused: RefCell<Option<Failure>>,
}

impl<'a> DataKeyIdentity<'a> {
    /// With a source of data keys.
    pub(crate) fn new(lease: Lease<'a>) -> Self {
        Self { lease, refused: RefCell::new(None) }
    }

    /// Why no data key was leased, if that is why the file did not open.
    pub(crate) fn refusal(&self) -> Option<Failure> {
        self.refused.borrow_mut().take()
    }

    fn unwrap(&self, stanza: &Stanza) -> Result<FileKey, DecryptError> {
        let (by, salt) = parse(stanza).ok_or(DecryptError::InvalidHeader)?;
        let data_key = (self.lease)(&by).map_err(|failure| {
            *self.refused.borrow_mut() = Some(failure);
            DecryptError::KeyDecryptionFailed
        })?;
        let key = by.wrapping_key(&data_key, &salt);
        let opened = Zeroizing::new(aead_decrypt(&key, FILE_KEY_BYTES, &stanza.body)?);
        FileKey::try_init_with_mut(|file_key| {
            if opened.len() != FILE_KEY_BYTES {
                return Err(DecryptError::DecryptionFailed);
            }
            file_key.copy_from_slice(&opened);
            Ok(())
        })
    }
}

impl Identity for DataKeyIdentity<'_> {
    fn unwrap_stanza(&self, stanza: &Stanza) -> Option<Result<FileKey, DecryptError>> {
        (stanza.tag == TAG).then(|| self.unwrap(stanza))
    }
}

fn parse(stanza: &Stanza) -> Option<(SealedBy, Vec<u8>)> {
    let [tenant, environment, generation, salt] = stanza.args.as_slice() else { return None };
    let salt = STANDARD_NO_PAD.decode(salt).ok().filter(|salt| salt.len() == SALT_BYTES)?;
    let number: u32 = generation.parse().ok().filter(|number| *number > 0)?;
    // One way to write a number only, so that the header can't be varied.
    if number.to_string() != *generation {
        return None;
    }
    let by = SealedBy { tenant: tenant.parse().ok()?, environment: environment.parse().ok()?, generation: number };
    Some((by, salt))
}
