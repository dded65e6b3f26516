//! Public keys, each good for the algorithms of its own kind and no other.

use std::fmt;

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, RSA_PKCS1_2048_8192_SHA256, RSA_PSS_2048_8192_SHA256, RsaPublicKeyComponents,
    UnparsedPublicKey,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

/// The algorithms by which a token may be signed (RFC 7518). `none` and those with a shared secret are not among them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Algorithm {
    /// RSA PKCS #1 v1.5 with SHA-256.
    Rs256,
    /// RSA-PSS with SHA-256.
    Ps256,
    /// ECDSA on P-256 with SHA-256.
    Es256,
}

impl Algorithm {
    pub(super) fn named(name: &str) -> Option<Self> {
        match name {
            "RS256" => Some(Self::Rs256),
            "PS256" => Some(Self::Ps256),
            "ES256" => Some(Self::Es256),
            _ => None,
        }
    }
}

/// Shortest and longest RSA modulus, in bytes: 2048 to 4096 bits. The shortest is counted in bits where it is used.
const RSA_BYTES: std::ops::RangeInclusive<usize> = 256..=512;
/// Longest RSA exponent, in bytes.
const EXPONENT_BYTES: usize = 4;

#[derive(Clone)]
enum Material {
    Rsa { modulus: Vec<u8>, exponent: Vec<u8> },
    P256 { point: Vec<u8> },
}

/// A public key with which an issuer's tokens are verified: RSA of 2048 to 4096 bits (`RS256`, `PS256`) or P-256 (`ES256`).
#[derive(Clone)]
pub(super) struct VerifyingKey {
    material: Material,
    algorithms: &'static [Algorithm],
    /// For whose tokens alone the key is, where its set says so; `{tenantid}` in it stands for any directory.
    issuer: Option<String>,
}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("VerifyingKey").field("algorithms", &self.algorithms).finish_non_exhaustive()
    }
}

impl VerifyingKey {
    /// From a point of P-256, not compressed: 4, x, y (65 bytes). Nothing where it has another form.
    /// A point beside the curve verifies no signature.
    pub(super) fn from_point(point: &[u8]) -> Option<Self> {
        let has_form = point.len() == 65 && point.first() == Some(&4);
        has_form.then(|| Self {
            material: Material::P256 { point: point.to_vec() },
            algorithms: &[Algorithm::Es256],
            issuer: None,
        })
    }

    /// From a JSON Web Key (RFC 7517). Nothing where it is no public key that signs by an algorithm known here; `x5u` and `x5c` are not
    /// looked at.
    pub(super) fn from_jwk(jwk: &Map<String, Value>) -> Option<Self> {
        let text = |name: &str| jwk.get(name).and_then(Value::as_str);
        let is_for_signatures = jwk.get("use").is_none_or(|usage| usage == "sig");
        let verifies = jwk
            .get("key_ops")
            .is_none_or(|usages| usages.as_array().is_some_and(|usages| usages.iter().any(|usage| usage == "verify")));
        if !is_for_signatures || !verifies {
            return None;
        }
        let bytes = |name: &str| URL_SAFE_NO_PAD.decode(text(name)?).ok();
        let key = match text("kty")? {
            "RSA" => Self::from_rsa(&bytes("n")?, &bytes("e")?)?,
            "EC" if text("crv") == Some("P-256") => {
                Self::from_point(&[&[4], bytes("x")?.as_slice(), bytes("y")?.as_slice()].concat())?
            }
            _ => return None,
        };
        // A key that says its algorithm is good for that one only.
        let algorithms = match jwk.get("alg") {
            None => key.algorithms,
            Some(named) => match (Algorithm::named(named.as_str()?)?, &key.material) {
                (Algorithm::Rs256, Material::Rsa { .. }) => &[Algorithm::Rs256],
                (Algorithm::Ps256, Material::Rsa { .. }) => &[Algorithm::Ps256],
                (Algorithm::Es256, Material::P256 { .. }) => &[Algorithm::Es256],
                _ => return None,
            },
        };
        Some(Self { algorithms, issuer: text("issuer").map(str::to_owned), ..key })
    }

    fn from_rsa(modulus: &[u8], exponent: &[u8]) -> Option<Self> {
        let stripped = |number: &[u8]| number.iter().copied().skip_while(|byte| *byte == 0).collect::<Vec<u8>>();
        let (modulus, exponent) = (stripped(modulus), stripped(exponent));
        let has_form = RSA_BYTES.contains(&modulus.len()) && (1..=EXPONENT_BYTES).contains(&exponent.len());
        has_form.then_some(Self {
            material: Material::Rsa { modulus, exponent },
            algorithms: &[Algorithm::Rs256, Algorithm::Ps256],
            issuer: None,
        })
    }

    /// Whether the key is good for tokens of this issuer and directory. Of an issuer that serves many directories a key may be for one of
    /// them only.
    pub(super) fn is_for(&self, issuer: &str, directory: Option<&str>) -> bool {
        let Some(own) = &self.issuer else { return true };
        let own = own.replace("{tenantid}", directory.unwrap_or_default());
        own == issuer || directory.is_some_and(|directory| own.split('/').any(|segment| segment == directory))
    }

    /// Whether this is the signature of the message by this key and this algorithm.
    pub(super) fn verifies(&self, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> bool {
        if !self.algorithms.contains(&algorithm) {
            return false;
        }
        let verified = match (&self.material, algorithm) {
            (Material::P256 { point }, Algorithm::Es256) => {
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(message, signature)
            }
            (Material::Rsa { modulus, exponent }, Algorithm::Rs256) => {
                RsaPublicKeyComponents { n: modulus, e: exponent }.verify(
                    &RSA_PKCS1_2048_8192_SHA256,
                    message,
                    signature,
                )
            }
            (Material::Rsa { modulus, exponent }, Algorithm::Ps256) => {
                RsaPublicKeyComponents { n: modulus, e: exponent }.verify(&RSA_PSS_2048_8192_SHA256, message, signature)
            }
            _ => return false,
        };
        verified.is_ok()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn encoded(length: usize) -> String {
        URL_SAFE_NO_PAD.encode(vec![0xc1; length])
    }

    fn algorithms(change: impl FnOnce(&mut Map<String, Value>)) -> Option<Vec<Algorithm>> {
        let Value::Object(mut jwk) = json!({ "kty": "RSA", "kid": "a", "n": encoded(256), "e": "AQAB" }) else {
            return None;
        };
        change(&mut jwk);
        VerifyingKey::from_jwk(&jwk).map(|key| key.algorithms.to_vec())
    }

    fn with(members: Value) -> Option<Vec<Algorithm>> {
        algorithms(|jwk| {
            if let Value::Object(members) = members {
                jwk.extend(members);
            }
        })
    }

    #[test]
    fn a_key_is_good_for_the_algorithms_of_its_kind() {
        use Algorithm::{Es256, Ps256, Rs256};
        let point = json!({ "kty": "EC", "crv": "P-256", "x": encoded(32), "y": encoded(32) });
        let rows = [
            (json!({}), Some(vec![Rs256, Ps256])),
            (json!({ "alg": "RS256", "use": "sig", "key_ops": ["verify"] }), Some(vec![Rs256])),
            (json!({ "alg": "PS256" }), Some(vec![Ps256])),
            (json!({ "n": encoded(512) }), Some(vec![Rs256, Ps256])),
            (point, Some(vec![Es256])),
            (json!({ "alg": "ES256" }), None),
            (json!({ "alg": "HS256" }), None),
            (json!({ "alg": "RS512" }), None),
            (json!({ "alg": "none" }), None),
            (json!({ "alg": 1 }), None),
            (json!({ "use": "enc" }), None),
            (json!({ "key_ops": ["encrypt"] }), None),
            (json!({ "kty": "oct", "k": encoded(32) }), None),
            (json!({ "kty": "EC", "crv": "P-384", "x": encoded(48), "y": encoded(48) }), None),
            (json!({ "kty": "EC", "crv": "P-256", "x": encoded(31), "y": encoded(32) }), None),
            (json!({ "kty": "OKP", "crv": "Ed25519", "x": encoded(32) }), None),
            (json!({ "n": encoded(128) }), None),
            (json!({ "n": encoded(513) }), None),
            (json!({ "n": "+/" }), None),
            (json!({ "e": "" }), None),
            (json!({ "e": encoded(5) }), None),
        ];
        for (members, expected) in rows {
            assert_eq!(with(members.clone()), expected, "{members}");
        }
    }

    #[test]
    fn a_key_can_be_for_one_directory_only() {
        let is_for = |own: Option<&str>, issuer: &str, directory: Option<&str>| {
            let key =
                VerifyingKey::from_point(&[4; 65]).map(|key| VerifyingKey { issuer: own.map(str::to_owned), ..key });
            key.is_some_and(|key| key.is_for(issuer, directory))
        };
        let (any, own) = ("https://login.example/{tenantid}/v2.0", "https://login.example/d1/v2.0");
        assert!(is_for(None, own, Some("d1")));
        assert!(is_for(Some(any), own, Some("d1")));
        assert!(is_for(Some(any), "https://sts.example/d1/", Some("d1")));
        assert!(is_for(Some(own), "https://sts.example/d1/", Some("d1")));
        assert!(!is_for(Some(own), "https://login.example/d2/v2.0", Some("d2")));
        assert!(is_for(Some("https://issuer.example"), "https://issuer.example", None));
        assert!(!is_for(Some("https://issuer.example"), "https://other.example", None));
        assert!(!is_for(Some(any), own, None));
    }
}
