//! Sealing of the tokens' file: AES-256-GCM with a random nonce, in base64.

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::keyring::Key;

/// What is sealed is bound to this.
const PURPOSE: &[u8] = b"keyward tokens 1";

/// Seals a text.
pub(super) fn seal(key: &Key, text: &str) -> Option<String> {
    let cipher = RandomizedNonceKey::new(&AES_256_GCM, key.as_slice()).ok()?;
    // Room for the tag, so that no copy of the text is left behind by growth.
    let mut content = Zeroizing::new(Vec::with_capacity(text.len() + 64));
    content.extend_from_slice(text.as_bytes());
    let nonce = cipher.seal_in_place_append_tag(Aad::from(PURPOSE), &mut *content).ok()?;
    Some(STANDARD.encode([nonce.as_ref().as_slice(), content.as_slice()].concat()))
}

/// Opens what [`seal`] made; nothing where it is another key or something was changed.
pub(super) fn open(key: &Key, sealed: &str) -> Option<Zeroizing<String>> {
    let cipher = RandomizedNonceKey::new(&AES_256_GCM, key.as_slice()).ok()?;
    let mut content = Zeroizing::new(STANDARD.decode(sealed.trim()).ok()?);
    let nonce = Nonce::try_assume_unique_for_key(content.get(..NONCE_LEN)?).ok()?;
    let opened = cipher.open_in_place(nonce, Aad::from(PURPOSE), content.get_mut(NONCE_LEN..)?).ok()?;
    Some(Zeroizing::new(std::str::from_utf8(opened).ok()?.to_owned()))
}
