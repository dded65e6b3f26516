//! Reading a request's body.

use serde::de::DeserializeOwned;

use crate::Problem;

/// Longest request body in bytes. A sealed key file, the largest thing that is sent, stays well below.
pub const MAX_BODY_BYTES: usize = 256 * 1024;

/// Longest explanation of a malformed body, in characters.
const LONGEST_EXPLANATION: usize = 300;

/// Reads a JSON body. An empty one means `{}`, which suffices where every member is optional.
///
/// # Errors
/// `body_too_large`, or `malformed_request` saying where and what was expected. What was sent is not repeated: it may be a
/// secret in the wrong place.
pub fn parse_body<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    if body.len() > MAX_BODY_BYTES {
        return Err(Problem::body_too_large(MAX_BODY_BYTES));
    }
    let body = if body.trim_ascii().is_empty() { b"{}" } else { body };
    // serde would fill a type from a list by position too, where its members' names are not checked.
    if !body.trim_ascii_start().starts_with(b"{") {
        return Err(Problem::malformed_request("the body is not what this operation takes: it is no JSON object"));
    }
    serde_json::from_slice(body).map_err(|error| Problem::malformed_request(explanation(&error)))
}

/// What is wrong, without the value that was found: serde quotes it before `, expected`.
pub(crate) fn explanation(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let quotes_a_value =
        ["invalid type", "invalid value", "unknown variant"].iter().any(|start| text.starts_with(start));
    let text = match text.rfind(", expected ") {
        Some(at) if quotes_a_value => text.get(at + 2..).unwrap_or_default(),
        _ if quotes_a_value => "a member has a value of another type than expected",
        _ => text.as_str(),
    };
    let shown: String = text.chars().take(LONGEST_EXPLANATION).collect();
    format!("the body is not what this operation takes: {shown}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::requests::{LeaseDataKeyRequest, RollBackKeyRequest};

    #[test]
    fn nothing_is_an_empty_object() {
        for body in [&b""[..], b" \n", b"{}"] {
            assert_eq!(parse_body::<RollBackKeyRequest>(body), Ok(RollBackKeyRequest { plan: None }));
        }
    }

    #[test]
    fn only_an_object_is_read() {
        for body in ["[]", " [1]", "null", "7", "\"x\""] {
            let code = parse_body::<LeaseDataKeyRequest>(body.as_bytes()).err().map(|p| p.code.clone());
            assert_eq!(code.as_deref(), Some("malformed_request"), "{body}");
        }
    }

    #[test]
    fn what_was_sent_is_not_repeated() {
        for body in [r#"{"generation":"hunter2"}"#, r#"{"generation":"a, expected hunter2"}"#] {
            let problem = parse_body::<LeaseDataKeyRequest>(body.as_bytes()).err();
            let detail = problem.map(|p| p.detail.clone()).unwrap_or_default();
            assert!(detail.contains("expected") && !detail.contains("hunter2"), "{detail}");
        }
    }

    #[test]
    fn unknown_members_and_long_bodies_are_refused() {
        let code = |body: &[u8]| parse_body::<RollBackKeyRequest>(body).err().map(|p| p.code.clone());
        assert_eq!(code(br#"{"plam":"x"}"#).as_deref(), Some("malformed_request"));
        assert_eq!(code(&vec![b' '; MAX_BODY_BYTES + 1]).as_deref(), Some("body_too_large"));
    }
}
