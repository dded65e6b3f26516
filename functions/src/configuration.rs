//! What a function takes from its environment variables, read once at its start.
//!
//! | variable | what it is | needed |
//! |---|---|---|
//! | `KEYWARD_TABLE` | name of the DynamoDB table | yes |
//! | `KEYWARD_SETTINGS` | durations and limits, JSON with the fields of `Settings`; what is left out has its default | no |
//! | `KEYWARD_VAULT` | where private keys are: `embedded:<directory>` | yes |
//! | `KEYWARD_MASTER_KEY` | the embedded vault's master key, base64 of 32 bytes (secret) | with `embedded:` |
//! | `KEYWARD_MAIL` | where notices go: `folder:<directory>` | yes |
//! | `KEYWARD_TOKENS` | who is believed, JSON: `{"issuer", "audience", "keys": [{"kid", "point"}]}`; a point is the base64 of the 65 bytes 4, x, y on P-256 | for operations |
//! | `KEYWARD_LOG` | how much is logged: `error`, `warn`, `info` or `debug` | no (`info`) |
//! | `AWS_REGION`, `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN` | set by Lambda from the function's role | yes |
//! | `AWS_ENDPOINT_URL`, `AWS_ENDPOINT_URL_DYNAMODB` | another address of the table, as every AWS SDK reads it | no |
//!
//! A variable that is set to nothing counts as not set.

use std::fmt;
use std::path::PathBuf;

use keyward_adapters::vault::MasterKey;
use keyward_domain::Settings;
use zeroize::Zeroizing;

/// Gives a variable's value where it is set.
pub(crate) type Variables<'a> = &'a dyn Fn(&str) -> Option<String>;

/// The process's own variables.
pub(crate) fn of_process(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Why a function does not start.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConfigurationError {
    /// A variable is missing.
    #[error("the environment variable {name} is not set; set it to {meaning}")]
    NotSet {
        /// The variable.
        name: &'static str,
        /// What belongs in it.
        meaning: &'static str,
    },
    /// A variable has a value that can't be used. The reason holds no secret.
    #[error("the environment variable {name} can't be used: {reason}")]
    Unusable {
        /// The variable.
        name: &'static str,
        /// What is wrong and what to do.
        reason: String,
    },
}

/// Makes an error about this variable from anything that says what is wrong.
pub(crate) fn unusable<E: fmt::Display>(name: &'static str) -> impl FnOnce(E) -> ConfigurationError {
    move |error| ConfigurationError::Unusable { name, reason: error.to_string() }
}

/// The variable's value.
pub(crate) fn needed(
    variables: Variables<'_>,
    name: &'static str,
    meaning: &'static str,
) -> Result<String, ConfigurationError> {
    given(variables, name).ok_or(ConfigurationError::NotSet { name, meaning })
}

fn given(variables: Variables<'_>, name: &str) -> Option<String> {
    variables(name).filter(|value| !value.is_empty())
}

/// Where private keys are.
#[derive(Debug)]
pub(crate) enum VaultPlace {
    /// Sealed files in a directory.
    Embedded {
        /// The directory.
        dir: PathBuf,
        /// What opens it.
        master_key: MasterKey,
    },
}

/// Where notices go.
#[derive(Debug)]
pub(crate) enum MailPlace {
    /// Files in a folder.
    Folder(PathBuf),
}

/// What every function needs.
#[derive(Debug)]
pub(crate) struct Configuration {
    /// Name of the table.
    pub(crate) table: String,
    /// Region of the table.
    pub(crate) region: String,
    /// Durations and limits.
    pub(crate) settings: Settings,
    /// Where private keys are.
    pub(crate) vault: VaultPlace,
    /// Where notices go.
    pub(crate) mail: MailPlace,
}

impl Configuration {
    /// Reads and checks the variables. Nothing is opened.
    ///
    /// # Errors
    /// [`ConfigurationError`] for the first variable, in the order of the table above, that is missing or can't be used.
    pub(crate) fn read(variables: Variables<'_>) -> Result<Self, ConfigurationError> {
        Ok(Self {
            table: needed(variables, "KEYWARD_TABLE", "the name of the DynamoDB table")?,
            settings: settings(variables)?,
            vault: vault(variables)?,
            mail: mail(variables)?,
            region: needed(variables, "AWS_REGION", "the AWS region of the table")?,
        })
    }
}

fn settings(variables: Variables<'_>) -> Result<Settings, ConfigurationError> {
    const NAME: &str = "KEYWARD_SETTINGS";
    match given(variables, NAME) {
        Some(text) => serde_json::from_str(&text).map_err(unusable(NAME)),
        None => Ok(Settings::default()),
    }
}

fn vault(variables: Variables<'_>) -> Result<VaultPlace, ConfigurationError> {
    const NAME: &str = "KEYWARD_VAULT";
    const KEY: &str = "KEYWARD_MASTER_KEY";
    let dir = place(NAME, "embedded", &needed(variables, NAME, "`embedded:<directory>`")?)?;
    let text = Zeroizing::new(needed(variables, KEY, "the vault's master key, the base64 of 32 bytes")?);
    let master_key = MasterKey::from_base64(&text).map_err(unusable(KEY))?;
    Ok(VaultPlace::Embedded { dir, master_key })
}

fn mail(variables: Variables<'_>) -> Result<MailPlace, ConfigurationError> {
    const NAME: &str = "KEYWARD_MAIL";
    place(NAME, "folder", &needed(variables, NAME, "`folder:<directory>`")?).map(MailPlace::Folder)
}

/// The directory of `<kind>:<directory>`.
fn place(name: &'static str, kind: &str, value: &str) -> Result<PathBuf, ConfigurationError> {
    match value.split_once(':') {
        Some((given, dir)) if given == kind && !dir.is_empty() => Ok(PathBuf::from(dir)),
        // The value is not repeated: a secret may have been put here by mistake.
        _ => Err(unusable(name)(format!("this build takes `{kind}:<directory>` only"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=";
    const WHOLE: [(&str, &str); 5] = [
        ("KEYWARD_TABLE", "keyward"),
        ("KEYWARD_VAULT", "embedded:/mnt/vault"),
        ("KEYWARD_MASTER_KEY", KEY),
        ("KEYWARD_MAIL", "folder:/mnt/mail"),
        ("AWS_REGION", "eu-central-1"),
    ];

    /// Reads the whole environment with one variable in place of its value.
    fn with(name: &str, value: Option<&str>) -> Result<Configuration, String> {
        let variables = |asked: &str| {
            let whole = WHOLE.into_iter().find(|(known, _)| *known == asked).map(|(_, value)| value);
            (if asked == name { value } else { whole }).map(str::to_owned)
        };
        Configuration::read(&variables).map_err(|error| error.to_string())
    }

    fn refusal(name: &str, value: Option<&str>) -> String {
        with(name, value).err().unwrap_or_default()
    }

    #[test]
    fn a_whole_environment_is_taken() -> Result<(), String> {
        let configuration = with("KEYWARD_SETTINGS", None)?;
        assert_eq!((configuration.table.as_str(), configuration.region.as_str()), ("keyward", "eu-central-1"));
        assert_eq!(configuration.settings, Settings::default());
        let VaultPlace::Embedded { dir, .. } = &configuration.vault;
        let MailPlace::Folder(folder) = &configuration.mail;
        assert_eq!((dir.to_str(), folder.to_str()), (Some("/mnt/vault"), Some("/mnt/mail")));
        Ok(())
    }

    #[test]
    fn what_is_missing_is_named() {
        for (name, _) in WHOLE {
            for value in [None, Some("")] {
                let text = refusal(name, value);
                assert!(text.contains(name) && text.contains("is not set; set it to"), "{name}: {text}");
            }
        }
    }

    #[test]
    fn what_can_not_be_used_is_named_and_not_repeated() {
        let wrong = [
            ("KEYWARD_SETTINGS", "{\"leese\": 1}"),
            ("KEYWARD_SETTINGS", "seats"),
            ("KEYWARD_VAULT", "azure:https://example.vault.azure.net"),
            ("KEYWARD_VAULT", "embedded"),
            ("KEYWARD_VAULT", "embedded:"),
            ("KEYWARD_MASTER_KEY", "c2VjcmV0"),
            ("KEYWARD_MAIL", "ses:eu-central-1"),
        ];
        for (name, value) in wrong {
            let text = refusal(name, Some(value));
            assert!(text.contains(name) && text.contains("can't be used"), "{name}: {text}");
            assert!(!text.contains("c2VjcmV0") && !text.contains("azure"), "{text}");
        }
    }

    #[test]
    fn settings_that_are_left_out_have_their_defaults() -> Result<(), String> {
        let settings = with("KEYWARD_SETTINGS", Some("{\"seats_to_exceed\": 10}"))?.settings;
        assert_eq!(settings, Settings { seats_to_exceed: 10, ..Settings::default() });
        Ok(())
    }

    #[test]
    fn the_master_key_is_not_shown() -> Result<(), String> {
        assert!(!format!("{:?}", with("", None)?).contains(KEY));
        Ok(())
    }
}
