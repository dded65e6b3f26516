//! The name of an issuer, and what is believed of it.

use std::fmt;

use super::keys::Keys;
use super::meaning::Meaning;

/// Stands in an issuer for the directory that the token is of.
const DIRECTORY: &str = "{tid}";

/// The name of an issuer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum IssuerName {
    /// This one.
    One(String),
    /// One that serves many directories: `{tid}` stands in it for a directory's name.
    Many(String),
}

impl fmt::Display for IssuerName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::One(name) | Self::Many(name) => formatter.write_str(name),
        }
    }
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
        // With another directory in it one token could be of two such issuers.
        if text.split('/').any(is_directory) {
            return Err(format!("{text} has a directory beside {DIRECTORY}"));
        }
        Ok(Self::Many(text.to_owned()))
    }

    /// The name with `{tid}` in place of its directory, where it has one.
    pub(super) fn template(&self) -> Option<String> {
        match self {
            Self::One(name) => template_of(name),
            Self::Many(template) => Some(template.clone()),
        }
    }

    /// The directory that stands in it.
    pub(super) fn directory(&self) -> Option<&str> {
        match self {
            Self::One(name) => directory_in(name),
            Self::Many(_) => None,
        }
    }
}

/// The one directory that is a segment of this issuer. Nothing where there is none, or more than one.
pub(super) fn directory_in(issuer: &str) -> Option<&str> {
    let mut directories = issuer.split('/').filter(|segment| is_directory(segment));
    directories.next().filter(|_| directories.next().is_none())
}

/// The issuer with `{tid}` in place of its one directory.
pub(super) fn template_of(issuer: &str) -> Option<String> {
    let directory = directory_in(issuer)?;
    let segments = issuer.split('/').map(|segment| if segment == directory { DIRECTORY } else { segment });
    Some(segments.collect::<Vec<_>>().join("/"))
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
    fn the_directory_is_a_guid_and_nothing_else() {
        let template = "https://login.example/{tid}/v2.0";
        let whole = format!("https://login.example/{TID}/v2.0");
        assert_eq!((directory_in(&whole), template_of(&whole).as_deref()), (Some(TID), Some(template)));
        for other in [
            "https://login.example/common/v2.0".to_owned(),
            "https://login.example//v2.0".to_owned(),
            format!("https://login.example/{}/v2.0", TID.to_uppercase()),
            format!("https://login.example/{TID}/v2.0/"),
            format!("https://login.example/x/../{TID}/v2.0"),
            format!("https://evil.example/{TID}/v2.0"),
            format!("https://login.example/{TID}/{TID}/v2.0"),
            format!("https://login.example/{}/v2.0", "a".repeat(36)),
            template.to_owned(),
        ] {
            assert_ne!(template_of(&other).as_deref(), Some(template), "{other}");
        }
        let twice = format!("https://login.example/x{TID}/{TID}/");
        assert_eq!(template_of(&twice), Some(format!("https://login.example/x{TID}/{{tid}}/")));
    }

    #[test]
    fn a_directory_is_a_whole_segment() {
        for bad in [
            "",
            "{tid}",
            "https://{tid}.example/",
            "https://login.example/a{tid}/",
            "https://a/{tid}/{tid}/",
            "https://a/72f988bf-86f1-41af-91ab-2d7cd011db47/{tid}/",
            "http://a/{tid}/",
        ] {
            assert!(IssuerName::read(bad).is_err(), "{bad}");
        }
        assert!(IssuerName::read("https://sts.windows.net/{tid}/").is_ok());
    }

    #[test]
    fn a_name_tells_its_directory() -> Result<(), String> {
        let one = IssuerName::read(&format!("https://login.example/{TID}/v2.0"))?;
        let many = IssuerName::read("https://login.example/{tid}/v2.0")?;
        assert_eq!((one.directory(), many.directory()), (Some(TID), None));
        assert_eq!(one.template(), many.template());
        assert_eq!(IssuerName::read("https://login.example/common/v2.0")?.template(), None);
        Ok(())
    }
}
