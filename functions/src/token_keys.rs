//! Who is believed: `KEYWARD_TOKENS`.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use keyward_adapters::tokens::{Verifier, VerifyingKey};
use serde::Deserialize;

use crate::configuration::{ConfigurationError, Variables, needed, unusable};

const NAME: &str = "KEYWARD_TOKENS";
const MEANING: &str =
    "JSON, {\"issuer\": …, \"audience\": …, \"keys\": [{\"kid\": …, \"point\": \"<base64 of 65 bytes>\"}]}";

/// Most keys of an issuer.
const MOST_KEYS: usize = 16;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Tokens {
    issuer: String,
    audience: String,
    keys: Vec<TokenKey>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TokenKey {
    kid: String,
    point: String,
}

/// The verifier of the deployment's tokens.
///
/// # Errors
/// [`ConfigurationError`] where the variable is missing, or could be meant to trust somebody else than it says.
pub(crate) fn read(variables: Variables<'_>) -> Result<Verifier, ConfigurationError> {
    let text = needed(variables, NAME, MEANING)?;
    let tokens: Tokens = serde_json::from_str(&text).map_err(unusable(NAME))?;
    verifier(tokens).map_err(unusable(NAME))
}

fn verifier(tokens: Tokens) -> Result<Verifier, String> {
    if tokens.issuer.is_empty() || tokens.audience.is_empty() {
        return Err("issuer and audience may not be empty".to_owned());
    }
    if !(1..=MOST_KEYS).contains(&tokens.keys.len()) {
        return Err(format!("it takes 1 to {MOST_KEYS} keys"));
    }
    let mut seen = BTreeSet::new();
    let mut verifier = Verifier::new(tokens.issuer, tokens.audience);
    for TokenKey { kid, point } in tokens.keys {
        if kid.is_empty() || !seen.insert(kid.clone()) {
            return Err(format!("each key needs a kid of its own, not `{kid}`"));
        }
        let point = STANDARD.decode(&point).map_err(|error| format!("the point of key `{kid}`: {error}"))?;
        let key = VerifyingKey::from_point(&point)
            .ok_or_else(|| format!("the point of key `{kid}` is not 4, x, y of P-256 in 65 bytes"))?;
        verifier = verifier.trusting(kid, key);
    }
    Ok(verifier)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(value: &str) -> String {
        read(&|_| Some(value.to_owned())).err().map(|error| error.to_string()).unwrap_or_default()
    }

    fn point(length: usize) -> String {
        STANDARD.encode([4].into_iter().chain(std::iter::repeat(7)).take(length).collect::<Vec<u8>>())
    }

    fn tokens(issuer: &str, kids: &[&str], length: usize) -> String {
        let point = point(length);
        let keys: Vec<_> = kids.iter().map(|kid| format!(r#"{{"kid":"{kid}","point":"{point}"}}"#)).collect();
        format!(r#"{{"issuer":"{issuer}","audience":"keyward","keys":[{}]}}"#, keys.join(","))
    }

    #[test]
    fn keys_of_an_issuer_are_taken() {
        assert_eq!(refusal(&tokens("https://issuer", &["a", "b"], 65)), "");
    }

    #[test]
    fn anything_else_is_refused_by_the_variable_s_name() {
        let many: Vec<String> = (0..=MOST_KEYS).map(|number| number.to_string()).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        let wrong = [
            (String::new(), "not set"),
            ("{}".to_owned(), "missing field"),
            (r#"{"issuer":"i","audience":"a","keys":[],"key":1}"#.to_owned(), "unknown field"),
            (tokens("", &["a"], 65), "issuer and audience"),
            (tokens("i", &[], 65), "1 to 16 keys"),
            (tokens("i", &many, 65), "1 to 16 keys"),
            (tokens("i", &["a", "a"], 65), "a kid of its own"),
            (tokens("i", &[""], 65), "a kid of its own"),
            (tokens("i", &["a"], 64), "65 bytes"),
        ];
        for (value, reason) in wrong {
            let text = refusal(&value);
            assert!(text.contains(NAME) && text.contains(reason), "{value}: {text}");
        }
    }
}
