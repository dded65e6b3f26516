//! Writing a PFX file.

use std::num::NonZeroU32;

use aws_lc_rs::cipher::{AES_256, DecryptionContext, EncryptionContext, PaddedBlockEncryptingKey, UnboundCipherKey};
use aws_lc_rs::{digest, hmac, iv, pbkdf2};
use chrono::{DateTime, Utc};
use p12::{
    AlgorithmIdentifier, CertBag, ContentInfo, DigestInfo, EncryptedContentInfo, EncryptedData,
    EncryptedPrivateKeyInfo, MacData, OtherAlgorithmIdentifier, PFX, PKCS12Attribute, SafeBag, SafeBagKind,
};
use zeroize::Zeroizing;

use super::certificate::self_signed;
use super::derivation::{Purpose, derive};
use super::oids::{self, oid};
use crate::{KeyFileError, Password, PrivateKey};

/// Iterations of each key derivation in a written file: PBKDF2-HMAC-SHA256 for key and certificate,
/// PKCS#12's own for the MAC.
pub const ITERATIONS: NonZeroU32 = NonZeroU32::MIN.saturating_add(599_999);

/// Longest friendly name, in characters.
const MAX_NAME: usize = 256;

const SALT_BYTES: usize = 16;
const AES_BLOCK: usize = 16;

/// Writes a key as a PFX file under `password`, with a self-signed certificate.
///
/// `friendly_name` is what programs show for the key, and the certificate's common name.
/// `not_before` is where the certificate's validity begins; pass the present.
///
/// # Errors
/// `name_not_allowed` unless the name has 1 to 256 characters and no control characters;
/// `instant_not_allowed`; `cryptography_failed`.
pub fn write(
    key: &PrivateKey,
    password: &Password,
    friendly_name: &str,
    not_before: DateTime<Utc>,
) -> Result<Vec<u8>, KeyFileError> {
    write_with_iterations(key, password, friendly_name, not_before, ITERATIONS)
}

/// Like [`write()`], with another count of iterations. For tests, in which time counts and secrecy
/// does not.
///
/// # Errors
/// Those of [`write()`].
pub fn write_with_iterations(
    key: &PrivateKey,
    password: &Password,
    friendly_name: &str,
    not_before: DateTime<Utc>,
    iterations: NonZeroU32,
) -> Result<Vec<u8>, KeyFileError> {
    let characters = friendly_name.chars().count();
    if characters == 0 || characters > MAX_NAME || friendly_name.chars().any(char::is_control) {
        return Err(KeyFileError::NameNotAllowed { limit: MAX_NAME });
    }
    let certificate = self_signed(key, friendly_name, not_before)?;
    // The same identifier on both ties the certificate to the key; openssl takes SHA-1 of the
    // certificate too.
    let fingerprint = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, &certificate);
    let attributes = vec![
        PKCS12Attribute::FriendlyName(friendly_name.to_owned()),
        PKCS12Attribute::LocalKeyId(fingerprint.as_ref().to_vec()),
    ];
    let (encryption_algorithm, encrypted_data) = encrypt(key.pkcs8_der(), password, iterations)?;
    let key_bag = safe_contents(SafeBag {
        bag: SafeBagKind::Pkcs8ShroudedKeyBag(EncryptedPrivateKeyInfo { encryption_algorithm, encrypted_data }),
        attributes: attributes.clone(),
    });
    let certificate_bag = safe_contents(SafeBag { bag: SafeBagKind::CertBag(CertBag::X509(certificate)), attributes });
    let (content_encryption_algorithm, encrypted_content) = encrypt(&certificate_bag, password, iterations)?;
    let certificate_group = ContentInfo::EncryptedData(EncryptedData {
        encrypted_content_info: EncryptedContentInfo { content_encryption_algorithm, encrypted_content },
    });
    let content = yasna::construct_der(|w| {
        w.write_sequence_of(|w| {
            certificate_group.write(w.next());
            ContentInfo::Data(key_bag).write(w.next());
        });
    });
    let mac_data = mac(&content, password, iterations)?;
    let pfx = PFX { version: 3, auth_safe: ContentInfo::Data(content), mac_data: Some(mac_data) };
    Ok(pfx.to_der())
}

fn safe_contents(bag: SafeBag) -> Vec<u8> {
    yasna::construct_der(|w| w.write_sequence_of(|w| bag.write(w.next())))
}

fn random<const N: usize>() -> Result<[u8; N], KeyFileError> {
    let mut bytes = [0; N];
    aws_lc_rs::rand::fill(&mut bytes).map_err(|_| KeyFileError::CryptographyFailed)?;
    Ok(bytes)
}

fn algorithm(components: &[u64], params: Vec<u8>) -> AlgorithmIdentifier {
    AlgorithmIdentifier::OtherAlg(OtherAlgorithmIdentifier { algorithm_type: oid(components), params: Some(params) })
}

fn null() -> Vec<u8> {
    yasna::construct_der(|w| w.write_null())
}

/// Encrypts with PBES2: AES-256-CBC under PBKDF2-HMAC-SHA256.
fn encrypt(
    plaintext: &[u8],
    password: &Password,
    iterations: NonZeroU32,
) -> Result<(AlgorithmIdentifier, Vec<u8>), KeyFileError> {
    let failed = |_| KeyFileError::CryptographyFailed;
    let salt: [u8; SALT_BYTES] = random()?;
    let iv: [u8; AES_BLOCK] = random()?;
    let mut key = Zeroizing::new([0; 32]);
    pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA256, iterations, &salt, password.utf8(), key.as_mut_slice());
    let cipher = UnboundCipherKey::new(&AES_256, key.as_slice())
        .and_then(PaddedBlockEncryptingKey::cbc_pkcs7)
        .map_err(failed)?;
    // Room for the padding at once, so that growth leaves no copy of the plaintext behind.
    let mut content = Vec::with_capacity(plaintext.len() + AES_BLOCK);
    content.extend_from_slice(plaintext);
    let context = EncryptionContext::Iv128(iv::FixedLength::from(iv));
    let _: DecryptionContext = cipher.less_safe_encrypt(&mut content, context).map_err(failed)?;
    Ok((pbes2(&salt, &iv, iterations), content))
}

fn pbes2(salt: &[u8], iv: &[u8], iterations: NonZeroU32) -> AlgorithmIdentifier {
    let kdf = yasna::construct_der(|w| {
        w.write_sequence(|w| {
            w.next().write_bytes(salt);
            w.next().write_u32(iterations.get());
            algorithm(oids::HMAC_SHA256, null()).write(w.next());
        });
    });
    let iv = yasna::construct_der(|w| w.write_bytes(iv));
    let params = yasna::construct_der(|w| {
        w.write_sequence(|w| {
            algorithm(oids::PBKDF2, kdf).write(w.next());
            algorithm(oids::AES_256_CBC, iv).write(w.next());
        });
    });
    algorithm(oids::PBES2, params)
}

fn mac(content: &[u8], password: &Password, iterations: NonZeroU32) -> Result<MacData, KeyFileError> {
    let salt: [u8; SALT_BYTES] = random()?;
    let key = derive(&digest::SHA256, &password.bmp(), &salt, Purpose::Mac, iterations, 32);
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &key), content);
    Ok(MacData {
        mac: DigestInfo { digest_algorithm: algorithm(oids::SHA256, null()), digest: tag.as_ref().to_vec() },
        salt: salt.to_vec(),
        iterations: iterations.get(),
    })
}
