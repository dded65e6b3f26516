//! The message that proves possession of a private key.

/// First line: says what the signature is for, so that it can't be used for anything else.
const HEADING: &str = "keyward-possession-v1\n";

/// The bytes to sign with RSA-PSS to answer a challenge.
///
/// After the heading comes one line for each of tenant, purpose and nonce: its name, its length in
/// bytes, its value. The lengths make two different triples differ in the message, line feeds in
/// a value included.
#[must_use]
pub fn message(tenant: &str, purpose: &str, nonce: &str) -> Vec<u8> {
    let mut message = String::from(HEADING);
    for (name, value) in [("tenant", tenant), ("purpose", purpose), ("nonce", nonce)] {
        message.push_str(&format!("{name} {} {value}\n", value.len()));
    }
    message.into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_is_fixed() {
        assert_eq!(
            message("contoso", "lock-tenant", "abc"),
            b"keyward-possession-v1\ntenant 7 contoso\npurpose 11 lock-tenant\nnonce 3 abc\n"
        );
    }

    #[test]
    fn line_feeds_do_not_confuse() {
        assert_ne!(message("a\npurpose 1 b", "c", "d"), message("a", "b\npurpose 1 c", "d"));
    }
}
