//! Identifiers and names. Each is made only by the parser that checked it, so that a rule never sees a malformed one.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What is wrong with an identifier or a name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}: {expected}")]
pub struct IdError {
    /// Which kind of identifier, for example `tenant`.
    pub what: &'static str,
    /// What its form is, in words.
    pub expected: &'static str,
}

fn is_slug(text: &str, longest: usize) -> bool {
    let mut bytes = text.bytes();
    let starts_well = bytes.next().is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    starts_well && text.len() <= longest && bytes.all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

fn is_person(text: &str) -> bool {
    (1..=128).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._@+-|:/=".contains(&b))
}

fn is_name(text: &str) -> bool {
    let length = text.chars().count();
    (1..=100).contains(&length) && text.trim() == text && !text.chars().any(|c| c.is_control() || is_invisible(c))
}

/// Characters that make two different names look the same on a screen (zero width, direction overrides).
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

fn is_fingerprint(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

macro_rules! identifier {
    ($(#[$doc:meta])* $type:ident, $what:literal, $fits:expr, $expected:literal) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $type(String);

        impl $type {
            /// Takes a text that has the form.
            ///
            /// # Errors
            /// [`IdError`] says what the form is.
            pub fn new(text: impl Into<String>) -> Result<Self, IdError> {
                let text = text.into();
                let fits: fn(&str) -> bool = $fits;
                if fits(&text) { Ok(Self(text)) } else { Err(IdError { what: $what, expected: $expected }) }
            }

            /// The identifier as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $type {
            type Error = IdError;
            fn try_from(text: String) -> Result<Self, IdError> {
                Self::new(text)
            }
        }

        impl std::str::FromStr for $type {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> {
                Self::new(text)
            }
        }

        impl From<$type> for String {
            fn from(id: $type) -> Self {
                id.0
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", stringify!($type), self.0)
            }
        }
    };
}

identifier!(
    /// A customer organisation.
    TenantId, "tenant", |t| is_slug(t, 40), "1 to 40 lowercase letters, digits and hyphens, not starting with a hyphen"
);
identifier!(
    /// One isolated instance of a tenant; unique within the tenant.
    EnvironmentId, "environment", |t| is_slug(t, 60), "1 to 60 lowercase letters, digits and hyphens, not starting with a hyphen"
);
identifier!(
    /// A protection key of a tenant; unique within the tenant and never used again.
    KeyId, "key", |t| is_slug(t, 60), "1 to 60 lowercase letters, digits and hyphens, not starting with a hyphen"
);
identifier!(
    /// A backup of an environment; unique within the environment.
    BackupId, "backup", |t| is_slug(t, 60), "1 to 60 lowercase letters, digits and hyphens, not starting with a hyphen"
);
identifier!(
    /// The record of a change that takes time.
    OperationId, "operation", |t| is_slug(t, 60), "1 to 60 lowercase letters, digits and hyphens, not starting with a hyphen"
);
identifier!(
    /// A request for a second administrator's approval; made here.
    ApprovalId, "approval", |t| is_slug(t, 60), "1 to 60 lowercase letters, digits and hyphens, not starting with a hyphen"
);
identifier!(
    /// A place where environments and keys live, for example `europe`.
    Region, "region", |t| is_slug(t, 40), "1 to 40 lowercase letters, digits and hyphens, not starting with a hyphen"
);
identifier!(
    /// A person or a workload, as the token names it.
    PersonId, "person", is_person, "1 to 128 letters, digits and . _ @ + - | : / ="
);
identifier!(
    /// What people call a thing. It is typed to confirm what destroys, so nothing invisible is allowed in it.
    Name, "name", is_name, "1 to 100 visible characters without leading or trailing space"
);
identifier!(
    /// SHA-256 of a public key's SubjectPublicKeyInfo (RFC 5280) in lowercase hex: the identity of a protection key.
    Fingerprint, "fingerprint", is_fingerprint, "64 lowercase hexadecimal digits"
);

impl PersonId {
    /// Who realises what time has brought: the sweeps act under this name. Tokens can't carry it, for their names are checked.
    #[must_use]
    pub fn sweep() -> Self {
        Self("keyward".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slugs_have_bounds() {
        assert!(TenantId::new("contoso-1").is_ok());
        for bad in ["", "-a", "A", "a b", "a/b", "ä", &"a".repeat(41)] {
            assert!(TenantId::new(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn people_are_what_providers_call_them() {
        for good in [
            "ada",
            "ada@contoso.example",
            "auth0|5f7c8ec7",
            "google-oauth2|103547991597142817347",
            "urn:id:7",
            "spiffe://contoso.example/ns/erp/sa/orders",
            "arn:aws:iam::123456789012:role/orders",
            "repo:contoso/orders:ref:refs/heads/main",
            "+Yx1kq0=",
        ] {
            assert!(PersonId::new(good).is_ok(), "{good}");
        }
        for bad in ["", "a b", "a#b", "a\\b", "a?b", "a,b", "a\nb", "ä", "<ada>", &"a".repeat(129)] {
            assert!(PersonId::new(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn names_show_all_they_hold() {
        assert!(Name::new("Zürich Süd").is_ok());
        for bad in ["", " a", "a ", "a\u{200b}b", "a\u{202e}b", "a\nb", &"a".repeat(101)] {
            assert!(Name::new(bad).is_err(), "{bad:?}");
        }
    }
}
