//! The keys of one issuer, by their identifiers.

use std::collections::BTreeMap;

use serde_json::Value;

use super::json;
use super::key::VerifyingKey;

/// Longest document of keys, or of discovery, in bytes. Entra's has some 20 kB, most of it certificates.
pub(super) const DOCUMENT_LIMIT: usize = 256 * 1024;
/// Most values in one.
const VALUES: usize = 4096;
/// Most keys of an issuer.
pub(super) const MOST_KEYS: usize = 64;
/// Longest identifier of a key, in bytes.
pub(super) const LONGEST_KID: usize = 256;

/// Keys by identifier.
#[derive(Clone, Debug, Default)]
pub(super) struct KeySet {
    keys: BTreeMap<String, VerifyingKey>,
}

impl KeySet {
    /// Reads a JSON Web Key Set (RFC 7517). Keys of other kinds, and those without an identifier, are left out; of two with the same
    /// identifier the first counts.
    pub(super) fn read(document: &[u8]) -> Result<Self, &'static str> {
        let document = json::object(document, VALUES).ok_or("it is no JSON object, or too large a one")?;
        let listed = document.get("keys").and_then(Value::as_array).ok_or("it has no list `keys`")?;
        let mut set = Self::default();
        for jwk in listed.iter().filter_map(Value::as_object) {
            let kid = jwk.get("kid").and_then(Value::as_str).filter(|kid| (1..=LONGEST_KID).contains(&kid.len()));
            if let (Some(kid), Some(key)) = (kid, VerifyingKey::from_jwk(jwk)) {
                set.keys.entry(kid.to_owned()).or_insert(key);
            }
        }
        match set.keys.len() {
            0 => Err("no key in it can be used; keys are RSA of 2048 to 4096 bits or P-256, each with a `kid`"),
            1..=MOST_KEYS => Ok(set),
            _ => Err("it has too many keys"),
        }
    }

    /// Adds a key. One of the same identifier is replaced.
    pub(super) fn insert(&mut self, kid: String, key: VerifyingKey) {
        self.keys.insert(kid, key);
    }

    pub(super) fn find(&self, kid: &str) -> Option<&VerifyingKey> {
        self.keys.get(kid)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn jwk(kid: &Value) -> Value {
        json!({ "kty": "EC", "crv": "P-256", "kid": kid, "x": "A".repeat(43), "y": "A".repeat(43) })
    }

    fn kids(keys: &Value) -> Result<Vec<String>, &'static str> {
        KeySet::read(json!({ "keys": keys }).to_string().as_bytes()).map(|set| set.keys.into_keys().collect())
    }

    #[test]
    fn what_is_no_key_of_a_known_kind_is_left_out() {
        let secret = json!({ "kty": "oct", "kid": "s", "k": "AAAA" });
        let listed = json!([jwk(&json!("a")), 1, secret, jwk(&json!(7)), jwk(&json!("")), jwk(&json!("b"))]);
        assert_eq!(kids(&listed), Ok(vec!["a".to_owned(), "b".to_owned()]));
        assert!(kids(&json!([secret])).is_err());
    }

    #[test]
    fn the_number_of_keys_is_bounded() {
        let keys = |count: usize| (0..count).map(|kid| jwk(&json!(kid.to_string()))).collect::<Value>();
        assert_eq!(kids(&keys(MOST_KEYS)).map(|kids| kids.len()), Ok(MOST_KEYS));
        assert!(kids(&keys(MOST_KEYS + 1)).is_err());
        assert!(kids(&json!([])).is_err());
        assert!(KeySet::read(b"{\"keys\":[],\"keys\":[]}").is_err());
    }
}
