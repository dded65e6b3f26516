//! Which issuers' tokens are looked at, and what each may say.

use super::keys::Keys;
use super::meaning::Meaning;

/// Stands in an issuer for the directory that the token is of.
const DIRECTORY: &str = "{tid}";

/// The name of an issuer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum IssuerName {
    /// This one.
    One(String),
    /// One that serves many directories: each directory's name stands between these two.
    Many {
        /// What is before it.
        before: String,
        /// What is after it.
        after: String,
    },
}

impl IssuerName {
    /// Reads it from the settings.
    pub(super) fn read(text: &str) -> Result<Self, String> {
        let (before, after) = match text.split_once(DIRECTORY) {
            _ if text.is_empty() => return Err("an issuer has no name".to_owned()),
            None => return Ok(Self::One(text.to_owned())),
            Some(parts) => parts,
        };
        // With the slashes no other host and no other path can be in its place.
        if after.contains(DIRECTORY)
            || !before.ends_with('/')
            || !after.starts_with('/')
            || !before.starts_with("https://")
        {
            return Err(format!("in {text} {DIRECTORY} has to be one whole segment of the path"));
        }
        Ok(Self::Many { before: before.to_owned(), after: after.to_owned() })
    }

    /// Whether a token's issuer has this name; with the directory that stands in it.
    pub(super) fn matches<'a>(&self, issuer: &'a str) -> Option<Option<&'a str>> {
        match self {
            Self::One(name) => (name == issuer).then_some(None),
            Self::Many { before, after } => {
                let directory = issuer.strip_prefix(before.as_str())?.strip_suffix(after.as_str())?;
                is_directory(directory).then_some(Some(directory))
            }
        }
    }

    /// Whether a token could be of both.
    pub(super) fn overlaps(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::One(name), pattern) | (pattern, Self::One(name)) => pattern.matches(name).is_some(),
            _ => self == other,
        }
    }
}

/// A directory's identifier: a GUID as Entra writes it, in lowercase.
pub(super) fn is_directory(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte),
        })
}

/// An issuer whose tokens are believed.
#[derive(Clone)]
pub(super) struct TrustedIssuer {
    pub(super) name: IssuerName,
    pub(super) audiences: Vec<String>,
    pub(super) keys: Keys,
    pub(super) meaning: Meaning,
}

#[cfg(test)]
mod tests {
    use super::*;

    const TID: &str = "72f988bf-86f1-41af-91ab-2d7cd011db47";

    #[test]
    fn the_directory_is_a_guid_and_nothing_else() -> Result<(), String> {
        let many = IssuerName::read("https://login.example/{tid}/v2.0")?;
        let whole = format!("https://login.example/{TID}/v2.0");
        assert_eq!(many.matches(&whole), Some(Some(TID)));
        for other in [
            "https://login.example/common/v2.0".to_owned(),
            "https://login.example//v2.0".to_owned(),
            format!("https://login.example/{}/v2.0", TID.to_uppercase()),
            format!("https://login.example/{TID}/v2.0/"),
            format!("https://login.example/x/../{TID}/v2.0"),
            format!("https://evil.example/{TID}/v2.0"),
            format!("https://login.example/{}/v2.0", "a".repeat(36)),
            "https://login.example/{tid}/v2.0".to_owned(),
        ] {
            assert_eq!(many.matches(&other), None, "{other}");
        }
        Ok(())
    }

    #[test]
    fn a_directory_is_a_whole_segment() {
        for bad in [
            "",
            "{tid}",
            "https://{tid}.example/",
            "https://login.example/a{tid}/",
            "https://a/{tid}/{tid}/",
            "http://a/{tid}/",
        ] {
            assert!(IssuerName::read(bad).is_err(), "{bad}");
        }
        assert!(IssuerName::read("https://sts.windows.net/{tid}/").is_ok());
    }

    #[test]
    fn names_overlap_where_one_token_could_be_of_both() -> Result<(), String> {
        let many = IssuerName::read("https://login.example/{tid}/v2.0")?;
        let one = IssuerName::read(&format!("https://login.example/{TID}/v2.0"))?;
        let other = IssuerName::read("https://login.example/common/v2.0")?;
        assert!(many.overlaps(&one) && one.overlaps(&many) && many.overlaps(&many) && one.overlaps(&one));
        assert!(!many.overlaps(&other) && !one.overlaps(&other));
        Ok(())
    }
}
