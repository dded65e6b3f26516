//! PFX files put together by hand, under a MAC that fits.

use p12::{
    AlgorithmIdentifier, ContentInfo, EncryptedPrivateKeyInfo, MacData, OtherAlgorithmIdentifier, OtherBag, PFX,
    PKCS12Attribute, Pkcs12PbeParams, SafeBag, SafeBagKind,
};
use yasna::models::ObjectIdentifier;

/// The tests' password in PKCS#12's form.
fn bmp_password() -> Vec<u8> {
    crate::PASSWORD.encode_utf16().chain([0]).flat_map(u16::to_be_bytes).collect()
}

/// A file around an AuthenticatedSafe, with a MAC by `p12`.
pub(crate) fn pfx(content: &[u8]) -> Vec<u8> {
    let mac = MacData::new(content, &bmp_password());
    pfx_with_mac(content, Some(mac))
}

pub(crate) fn pfx_with_mac(content: &[u8], mac_data: Option<MacData>) -> Vec<u8> {
    let auth_safe = ContentInfo::Data(content.to_vec());
    PFX { version: 3, auth_safe, mac_data }.to_der()
}

pub(crate) fn mac(content: &[u8]) -> MacData {
    MacData::new(content, &bmp_password())
}

/// The AuthenticatedSafe of a file.
pub(crate) fn content(file: &[u8]) -> Vec<u8> {
    match PFX::parse(file).unwrap().auth_safe {
        ContentInfo::Data(content) => content,
        _ => panic!("not a plain AuthenticatedSafe"),
    }
}

/// An AuthenticatedSafe with one unencrypted group of bags.
pub(crate) fn safe(bags: &[SafeBag]) -> Vec<u8> {
    let group = yasna::construct_der(|w| {
        w.write_sequence_of(|w| bags.iter().for_each(|bag| bag.write(w.next())));
    });
    safe_of_groups(&[ContentInfo::Data(group)])
}

pub(crate) fn safe_of_groups(groups: &[ContentInfo]) -> Vec<u8> {
    yasna::construct_der(|w| {
        w.write_sequence_of(|w| groups.iter().for_each(|group| group.write(w.next())));
    })
}

pub(crate) fn bag(bag: SafeBagKind, name: Option<&str>) -> SafeBag {
    let attributes = name.map(|name| PKCS12Attribute::FriendlyName(name.to_owned()));
    SafeBag { bag, attributes: attributes.into_iter().collect() }
}

/// A bag of any kind: the last number of its identifier, and its value.
pub(crate) fn other_bag(kind: u64, bag_value: Vec<u8>) -> SafeBag {
    let bag_id = ObjectIdentifier::from_slice(&[1, 2, 840, 113_549, 1, 12, 10, 1, kind]);
    bag(SafeBagKind::OtherBagKind(OtherBag { bag_id, bag_value }), None)
}

/// A bag with what says it is a key under 3DES, so many iterations away.
pub(crate) fn key_bag(iterations: u64, name: Option<&str>) -> SafeBag {
    let params = Pkcs12PbeParams { salt: vec![7; 8], iterations };
    let encryption_algorithm = AlgorithmIdentifier::PbeWithSHAAnd3KeyTripleDESCBC(params);
    encrypted_key_bag(encryption_algorithm, name)
}

/// A bag with what says it is a key under an algorithm with that identifier and parameters.
pub(crate) fn key_bag_under(algorithm: &[u64], params: Option<Vec<u8>>) -> SafeBag {
    let other = OtherAlgorithmIdentifier { algorithm_type: ObjectIdentifier::from_slice(algorithm), params };
    encrypted_key_bag(AlgorithmIdentifier::OtherAlg(other), None)
}

/// A bag with what says it is a key under AES-128 with this derivation.
pub(crate) fn key_bag_under_pbes2(derivation: &[u8]) -> SafeBag {
    let aes = algorithm(&[2, 16, 840, 1, 101, 3, 4, 1, 2], Some(&octets(&[0; 16])));
    key_bag_under(&[1, 2, 840, 113_549, 1, 5, 13], Some(sequence(&[derivation, &aes])))
}

fn encrypted_key_bag(encryption_algorithm: AlgorithmIdentifier, name: Option<&str>) -> SafeBag {
    let info = EncryptedPrivateKeyInfo { encryption_algorithm, encrypted_data: vec![0; 64] };
    bag(SafeBagKind::Pkcs8ShroudedKeyBag(info), name)
}

/// A SEQUENCE of what is encoded already.
pub(crate) fn sequence(parts: &[&[u8]]) -> Vec<u8> {
    yasna::construct_der(|w| w.write_sequence(|w| parts.iter().for_each(|part| w.next().write_der(part))))
}

pub(crate) fn octets(bytes: &[u8]) -> Vec<u8> {
    yasna::construct_der(|w| w.write_bytes(bytes))
}

pub(crate) fn number(number: u64) -> Vec<u8> {
    yasna::construct_der(|w| w.write_u64(number))
}

/// An AlgorithmIdentifier.
pub(crate) fn algorithm(oid: &[u64], params: Option<&[u8]>) -> Vec<u8> {
    let oid = yasna::construct_der(|w| w.write_oid(&ObjectIdentifier::from_slice(oid)));
    match params {
        Some(params) => sequence(&[&oid, params]),
        None => sequence(&[&oid]),
    }
}

/// PBKDF2 as an AlgorithmIdentifier.
pub(crate) fn pbkdf2(salt: &[u8], iterations: u64, key_bytes: Option<u64>, prf: &[u8]) -> Vec<u8> {
    let (salt, iterations) = (octets(salt), number(iterations));
    let length = key_bytes.map(number).unwrap_or_default();
    algorithm(&[1, 2, 840, 113_549, 1, 5, 12], Some(&sequence_of(&[&salt, &iterations, &length, prf])))
}

/// scrypt as an AlgorithmIdentifier.
pub(crate) fn scrypt(cost: u64, block: u64, parallel: u64) -> Vec<u8> {
    let params = sequence(&[&octets(&[7; 8]), &number(cost), &number(block), &number(parallel)]);
    algorithm(&[1, 3, 6, 1, 4, 1, 11_591, 4, 11], Some(&params))
}

/// PBMAC1 with HMAC-SHA256 over PBKDF2 with one iteration: a MAC that costs next to nothing. Also the
/// MacData of which it is a part.
pub(crate) fn cheap_mac(content: &[u8]) -> MacData {
    use aws_lc_rs::{hmac, pbkdf2};
    let sha256 = algorithm(&[1, 2, 840, 113_549, 2, 9], None);
    let params = sequence(&[&self::pbkdf2(&[9; 8], 1, Some(32), &sha256), &sha256]);
    let mut key = [0; 32];
    let password = crate::PASSWORD.as_bytes();
    pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA256, std::num::NonZeroU32::MIN, &[9; 8], password, &mut key);
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &key), content);
    let digest_algorithm = AlgorithmIdentifier::OtherAlg(OtherAlgorithmIdentifier {
        algorithm_type: ObjectIdentifier::from_slice(&[1, 2, 840, 113_549, 1, 5, 14]),
        params: Some(params),
    });
    let mac = p12::DigestInfo { digest_algorithm, digest: tag.as_ref().to_vec() };
    MacData { mac, salt: b"not used".to_vec(), iterations: 1 }
}

/// Like [`sequence`], with parts that may be missing.
fn sequence_of(parts: &[&[u8]]) -> Vec<u8> {
    let there: Vec<&[u8]> = parts.iter().copied().filter(|part| !part.is_empty()).collect();
    sequence(&there)
}
