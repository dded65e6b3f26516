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

fn encrypted_key_bag(encryption_algorithm: AlgorithmIdentifier, name: Option<&str>) -> SafeBag {
    let info = EncryptedPrivateKeyInfo { encryption_algorithm, encrypted_data: vec![0; 64] };
    bag(SafeBagKind::Pkcs8ShroudedKeyBag(info), name)
}
