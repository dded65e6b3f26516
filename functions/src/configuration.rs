//! What a function takes from its environment variables, read once at its start.
//!
//! | variable | what it is | needed |
//! |---|---|---|
//! | `KEYWARD_TABLE` | name of the DynamoDB table | yes |
//! | `KEYWARD_SETTINGS` | durations and limits, JSON with the fields of `Settings`; what is left out has its default | no |
//! | `KEYWARD_VAULT` | where private keys are: `azure:<URL of the Key Vault>`, or `embedded:<directory>` | yes |
//! | `KEYWARD_AZURE_TENANT`, `KEYWARD_AZURE_CLIENT` | ids of the Entra ID directory and of the application that may use the Key Vault (docs/azure-vault.md) | with `azure:` |
//! | `KEYWARD_MASTER_KEY` | the embedded vault's master key, base64 of 32 bytes (secret) | with `embedded:` |
//! | `KEYWARD_MAIL` | where notices go: `ses:<sender's address>;<configuration set>`, or `folder:<directory>` | for deliver-notices |
//! | `KEYWARD_TOKENS` | who is believed, JSON as docs/identity.md says, or `file:<path>` of it | for operations and authorize-request |
//! | `KEYWARD_METRICS` | namespace of the metrics of sweeps; with none there are no metrics | no |
//! | `KEYWARD_LOG` | how much is logged: `error`, `warn`, `info` or `debug` | no (`info`) |
//! | `AWS_REGION`, `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN` | set by Lambda from the function's role | yes |
//! | `AWS_ENDPOINT_URL`, `AWS_ENDPOINT_URL_DYNAMODB`, `AWS_ENDPOINT_URL_SESV2`, `AWS_ENDPOINT_URL_STS` | other addresses of the table, of SES and of STS, as every AWS SDK reads them | no |
//!
//! A variable that is set to nothing counts as not set.

use std::fmt;
use std::path::PathBuf;

use keyward_adapters::{mail::is_address, vault::MasterKey};
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
    /// An Azure Key Vault.
    Azure {
        /// Its address.
        url: String,
        /// Id of the Entra ID directory.
        tenant: String,
        /// Id of the application.
        client: String,
    },
}

/// Where notices go.
#[derive(Debug)]
pub(crate) enum MailPlace {
    /// Nowhere: the function sends none.
    Nowhere,
    /// Files in a folder.
    Folder(PathBuf),
    /// Amazon SES.
    Ses {
        /// Address of the sender.
        sender: String,
        /// Under which the events are published.
        configuration_set: String,
    },
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
            mail: MailPlace::Nowhere,
            region: needed(variables, "AWS_REGION", "the AWS region of the table")?,
        })
    }

    /// The same for a function that sends mail.
    ///
    /// # Errors
    /// [`ConfigurationError`] where the place of mail is missing or can't be used.
    pub(crate) fn with_mail(self, variables: Variables<'_>) -> Result<Self, ConfigurationError> {
        Ok(Self { mail: mail(variables)?, ..self })
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
    let value = needed(variables, NAME, "`azure:<URL of the Key Vault>`")?;
    if let Some(url) = value.strip_prefix("azure:").filter(|url| !url.is_empty()) {
        let tenant = needed(variables, "KEYWARD_AZURE_TENANT", "the id of the Entra ID directory of the Key Vault")?;
        let client = needed(variables, "KEYWARD_AZURE_CLIENT", "the id of the application that may use the Key Vault")?;
        return Ok(VaultPlace::Azure { url: url.to_owned(), tenant, client });
    }
    let forms = "it takes `azure:<URL of the Key Vault>` or `embedded:<directory>`";
    let dir = place(NAME, "embedded", &value).map_err(|_| unusable(NAME)(forms))?;
    let text = Zeroizing::new(needed(variables, KEY, "the vault's master key, the base64 of 32 bytes")?);
    let master_key = MasterKey::from_base64(&text).map_err(unusable(KEY))?;
    Ok(VaultPlace::Embedded { dir, master_key })
}

fn mail(variables: Variables<'_>) -> Result<MailPlace, ConfigurationError> {
    const NAME: &str = "KEYWARD_MAIL";
    let value = needed(variables, NAME, "`ses:<sender's address>;<configuration set>`")?;
    let Some(ses) = value.strip_prefix("ses:") else {
        return place(NAME, "folder", &value).map(MailPlace::Folder);
    };
    // Without a configuration set nothing would be heard of what bounces.
    match ses.split_once(';').filter(|(sender, set)| is_address(sender) && is_configuration_set(set)) {
        Some((sender, set)) => Ok(MailPlace::Ses { sender: sender.to_owned(), configuration_set: set.to_owned() }),
        None => Err(unusable(NAME)("SES needs `ses:<sender's address>;<configuration set>`")),
    }
}

/// What SES allows as the name of one.
fn is_configuration_set(name: &str) -> bool {
    (1..=64).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte))
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
        Configuration::read(&variables).and_then(|read| read.with_mail(&variables)).map_err(|error| error.to_string())
    }

    fn refusal(name: &str, value: Option<&str>) -> String {
        with(name, value).err().unwrap_or_default()
    }

    #[test]
    fn a_whole_environment_is_taken() -> Result<(), String> {
        let configuration = with("KEYWARD_SETTINGS", None)?;
        assert_eq!((configuration.table.as_str(), configuration.region.as_str()), ("keyward", "eu-central-1"));
        assert_eq!(configuration.settings, Settings::default());
        assert!(matches!(&configuration.vault, VaultPlace::Embedded { dir, .. } if dir.to_str() == Some("/mnt/vault")));
        assert!(matches!(&configuration.mail, MailPlace::Folder(folder) if folder.to_str() == Some("/mnt/mail")));
        Ok(())
    }

    #[test]
    fn an_azure_vault_has_an_identity_and_no_master_key() -> Result<(), String> {
        const AZURE: [(&str, &str); 5] = [
            ("KEYWARD_TABLE", "keyward"),
            ("KEYWARD_VAULT", "azure:https://keyward.vault.azure.net"),
            ("KEYWARD_AZURE_TENANT", "directory"),
            ("KEYWARD_AZURE_CLIENT", "application"),
            ("AWS_REGION", "eu-central-1"),
        ];
        let read = |missing: &str| {
            let variables = |asked: &str| {
                let given = AZURE.into_iter().find(|(known, _)| *known == asked && asked != missing);
                given.map(|(_, value)| value.to_owned())
            };
            Configuration::read(&variables).map_err(|error| error.to_string())
        };
        let vault = read("")?.vault;
        let VaultPlace::Azure { url, tenant, client } = vault else { return Err(format!("{vault:?}")) };
        assert_eq!([url, tenant, client], ["https://keyward.vault.azure.net", "directory", "application"]);
        for name in ["KEYWARD_AZURE_TENANT", "KEYWARD_AZURE_CLIENT"] {
            let text = read(name).err().unwrap_or_default();
            assert!(text.contains(name) && text.contains("is not set; set it to"), "{text}");
        }
        Ok(())
    }

    #[test]
    fn ses_has_a_sender_and_a_configuration_set() -> Result<(), String> {
        let mail = with("KEYWARD_MAIL", Some("ses:keys@contoso.example;keyward-events"))?.mail;
        let MailPlace::Ses { sender, configuration_set } = mail else { return Err(format!("{mail:?}")) };
        assert_eq!((sender.as_str(), configuration_set.as_str()), ("keys@contoso.example", "keyward-events"));
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
            ("KEYWARD_VAULT", "azure:"),
            ("KEYWARD_VAULT", "https://example.vault.azure.net"),
            ("KEYWARD_VAULT", "embedded"),
            ("KEYWARD_VAULT", "embedded:"),
            ("KEYWARD_MASTER_KEY", "c2VjcmV0"),
            ("KEYWARD_MAIL", "ses:eu-central-1"),
            ("KEYWARD_MAIL", "ses:keys@contoso.example"),
            ("KEYWARD_MAIL", "ses:keys@contoso.example;"),
            ("KEYWARD_MAIL", "ses:keys;keyward"),
            ("KEYWARD_MAIL", "ses:keys@contoso.example;a set"),
            ("KEYWARD_MAIL", "smtp:mail.contoso.example"),
        ];
        for (name, value) in wrong {
            let text = refusal(name, Some(value));
            assert!(text.contains(name) && text.contains("can't be used"), "{name}: {text}");
            assert!(!text.contains("c2VjcmV0") && !text.contains("example.vault"), "{text}");
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
