//! A token that was not got by signing in: from a file or the environment, for automation.

use std::path::Path;

use keyward_api::SecretText;

use crate::failure::Failure;
use crate::tokens::{Openness, read};

/// The variable.
pub(crate) const VARIABLE: &str = "KEYWARD_TOKEN";

/// A token and where it comes from.
pub(crate) struct GivenToken {
    /// The token.
    pub(crate) token: SecretText,
    /// The variable's name, or the file's.
    pub(crate) from: String,
}

impl GivenToken {
    /// From the file, if one is named, else from the variable.
    pub(crate) fn of(file: Option<&Path>) -> Result<Option<Self>, Failure> {
        if let Some(path) = file {
            let from = path.display().to_string();
            // Who puts a token there for others to use decides who reads it.
            let text = read(path, Openness::Told)?.ok_or_else(|| {
                Failure::usage(format!("there is no token file {from}"))
                    .next("Check --token-file and KEYWARD_TOKEN_FILE, or sign in: keyward login")
            })?;
            return Self::checked(text.trim(), from).map(Some);
        }
        match std::env::var(VARIABLE).map(zeroize::Zeroizing::new) {
            Ok(text) if !text.is_empty() => Self::checked(text.trim(), VARIABLE.to_owned()).map(Some),
            Err(std::env::VarError::NotUnicode(_)) => Err(not_a_token(VARIABLE)),
            _ => Ok(None),
        }
    }

    fn checked(text: &str, from: String) -> Result<Self, Failure> {
        if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(not_a_token(&from));
        }
        Ok(Self { token: SecretText::new(text.to_owned()), from })
    }
}

fn not_a_token(from: &str) -> Failure {
    Failure::usage(format!("{from} holds no token: a token is one word without spaces"))
        .next("Put the token there and nothing else.")
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    #[test]
    fn a_token_is_one_word() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        let read = |content: &str| {
            std::fs::write(&path, content).unwrap();
            GivenToken::of(Some(&path))
        };
        assert_eq!(read("a.b.c\n").unwrap().unwrap().token.expose(), "a.b.c");
        for bad in ["", "\n", "a b", "a\nb", "é"] {
            let failure = read(bad).err().unwrap();
            assert_eq!(failure.exit.code(), 2, "{bad}");
        }
        assert_eq!(GivenToken::of(Some(&folder.path().join("none"))).err().unwrap().exit.code(), 2);
    }
}
