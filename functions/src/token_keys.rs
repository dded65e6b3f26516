//! Who is believed: `KEYWARD_TOKENS`.

use std::io::Read as _;
use std::sync::Arc;

use keyward_adapters::tokens::{HttpsDocuments, SETTINGS_LIMIT, Verifier};

use crate::configuration::{ConfigurationError, Variables, needed, unusable};

const NAME: &str = "KEYWARD_TOKENS";
const MEANING: &str = "the issuers whose tokens are believed, as docs/identity.md says, or `file:<path>` of them";

/// The verifier of the deployment's tokens.
///
/// # Errors
/// [`ConfigurationError`] where the variable is missing, or could be meant to trust somebody else than it says.
pub(crate) fn read(variables: Variables<'_>) -> Result<Verifier, ConfigurationError> {
    let value = needed(variables, NAME, MEANING)?;
    // All variables of a function have 4 kB together: many tenants are more.
    let settings = match value.strip_prefix("file:") {
        Some(path) => content(path).map_err(|error| unusable(NAME)(format!("{path}: {error}")))?,
        None => value,
    };
    Verifier::from_settings(&settings, Arc::new(HttpsDocuments::new())).map_err(unusable(NAME))
}

fn content(path: &str) -> std::io::Result<String> {
    let mut text = String::new();
    let limit = u64::try_from(SETTINGS_LIMIT).unwrap_or(u64::MAX).saturating_add(1);
    std::fs::File::open(path)?.take(limit).read_to_string(&mut text)?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(value: &str) -> String {
        read(&|_| Some(value.to_owned())).err().map(|error| error.to_string()).unwrap_or_default()
    }

    const ISSUERS: &str =
        r#"{"issuers":[{"issuer":"https://issuer.example","audiences":["keyward"],"tenant":{"always":"contoso"}}]}"#;

    #[test]
    fn issuers_are_taken_from_the_variable_or_from_a_file() -> std::io::Result<()> {
        assert_eq!(refusal(ISSUERS), "");
        let path = std::env::temp_dir().join(format!("keyward-tokens-{}", std::process::id()));
        std::fs::write(&path, ISSUERS)?;
        let taken = refusal(&format!("file:{}", path.display()));
        std::fs::remove_file(&path)?;
        assert_eq!(taken, "");
        Ok(())
    }

    #[test]
    fn anything_else_is_refused_by_the_variable_s_name() {
        for (value, reason) in [
            ("", "not set"),
            ("{}", "missing field"),
            ("{\"issuers\":[]}", "1 to 1000 issuers"),
            ("file:/nowhere/tokens.json", "No such file"),
            ("file:/dev/zero", "more than"),
        ] {
            let text = refusal(value);
            assert!(text.contains(NAME) && text.contains(reason), "{value}: {text}");
        }
    }
}
