//! The settings of the deployment as parameters of the template. Their defaults are the code's.

use std::fmt::Write as _;

use keyward_domain::Settings;
use serde_json::Value;

use crate::TemplateError;

/// A setting and its parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Setting {
    /// Where it is in the settings: `key_bits`, `key_files/bytes`.
    pub field: &'static str,
    /// The parameter's name.
    pub parameter: &'static str,
    /// What it is, with its unit and its rule.
    pub description: &'static str,
}

const fn setting(field: &'static str, parameter: &'static str, description: &'static str) -> Setting {
    Setting { field, parameter, description }
}

/// All settings, in the order of the parameters.
pub const SETTINGS: [Setting; 30] = [
    setting("seats_to_exceed", "SeatsToExceed", "K1: a tenant needs more licensed seats than this."),
    setting(
        "enabled_regions",
        "EnabledRegions",
        "K1: regions in which tenants can hold keys, comma-separated; with none, no tenant can opt in.",
    ),
    setting("contact", "Contact", "K1: whom a refused tenant asks."),
    setting("key_bits", "KeyBits", "K3: RSA key sizes that are accepted, comma-separated: 2048, 3072, 4096."),
    setting("key_change_interval", "KeyChangeIntervalSeconds", "K5: time between two key changes, in seconds."),
    setting("rollback_window", "RollbackWindowSeconds", "K7: how long a key change can be rolled back, in seconds."),
    setting(
        "lock_opens_after",
        "LockOpensAfterSeconds",
        "L2: time from a key change until the tenant can be locked, in seconds.",
    ),
    setting(
        "deletion_after",
        "DeletionAfterSeconds",
        "L5: time from the lock until a locked environment is deleted, in seconds.",
    ),
    setting(
        "reminder_days",
        "ReminderDays",
        "L5: days before the deletion at which administrators are reminded, comma-separated, most first.",
    ),
    setting("lease", "LeaseSeconds", "L6: how long a leased data key may be used, in seconds."),
    setting(
        "challenge_life",
        "ChallengeLifeSeconds",
        "L1: how long a possession challenge may be answered, in seconds.",
    ),
    setting("keys_per_tenant", "KeysPerTenant", "Most keys of one tenant that are not destroyed."),
    setting("keys_ever", "KeysEver", "Most keys of one tenant, destroyed ones included."),
    setting(
        "generations_per_environment",
        "GenerationsPerEnvironment",
        "Most data key generations of one environment.",
    ),
    setting(
        "longest_backup_retention",
        "LongestBackupRetentionSeconds",
        "Longest retention that a backup may ask for, in seconds.",
    ),
    setting("open_locks", "MostOpenLocks", "Most locks of one tenant that still hold environments."),
    setting(
        "recent_sign_in",
        "RecentSignInSeconds",
        "A5: how old a sign-in may be to lock, roll back, delete, destroy and to set administrators, in seconds.",
    ),
    setting(
        "administrator_wait",
        "AdministratorWaitSeconds",
        "A6: how long a new administrator waits to lock, roll back, destroy, delete and approve, in seconds.",
    ),
    setting("administrators_per_tenant", "AdministratorsPerTenant", "A6: most administrators of one tenant."),
    setting("approval_life", "ApprovalLifeSeconds", "A7: how long an approval holds, in seconds."),
    setting(
        "approvals_per_person",
        "ApprovalsPerPerson",
        "A7: most approvals that one administrator asks for at a time.",
    ),
    setting(
        "attempt_window",
        "AttemptWindowSeconds",
        "A8: within this time failed attempts with a password or a proof are counted, in seconds.",
    ),
    setting("attempts_per_person", "AttemptsPerPerson", "A8: most failed attempts of one person in a tenant."),
    setting("attempts_per_tenant", "AttemptsPerTenant", "A8: most failed attempts of all people of a tenant."),
    setting("key_files/bytes", "KeyFileBytes", "Longest key file, in bytes."),
    setting(
        "key_files/iterations",
        "KeyFileIterations",
        "Most iterations of key derivation that a key file may ask for, in all.",
    ),
    setting(
        "key_files/scrypt_bytes",
        "KeyFileScryptBytes",
        "Most memory of one scrypt derivation of a key file, in bytes.",
    ),
    setting("key_files/depth", "KeyFileDepth", "Deepest nesting of a key file."),
    setting("key_files/bags", "KeyFileBags", "Most bags of a key file."),
    setting("key_files/exponent_bits", "KeyFileExponentBits", "Longest public exponent, in bits."),
];

/// How a setting is given as a parameter.
enum Form {
    Number(u64),
    Numbers(String),
    Words(String),
    Text(String),
}

fn form(setting: &Setting, defaults: &Value) -> Result<Form, TemplateError> {
    let wrong = || TemplateError::Setting(setting.field.to_owned());
    let joined = |values: &[Value]| values.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
    match defaults.pointer(&format!("/{}", setting.field)).ok_or_else(wrong)? {
        Value::Number(number) => number.as_u64().map(Form::Number).ok_or_else(wrong),
        Value::String(text) => Ok(Form::Text(text.clone())),
        Value::Array(values) if values.iter().all(Value::is_number) && !values.is_empty() => {
            Ok(Form::Numbers(joined(values)))
        }
        Value::Array(values) => Ok(Form::Words(joined(values).replace('"', ""))),
        _ => Err(wrong()),
    }
}

/// The parameters, as they stand in the template.
pub(crate) fn parameters() -> Result<String, TemplateError> {
    let defaults = serde_json::to_value(Settings::default())?;
    covers_all(&defaults)?;
    let mut text = String::new();
    for setting in &SETTINGS {
        let (kind, default, rest) = match form(setting, &defaults)? {
            // What does not fit the code's number is refused by each function at its start; this says it earlier.
            Form::Number(number) => ("Number", number.to_string(), "MinValue: 0\n    MaxValue: 4294967295"),
            Form::Numbers(list) => ("String", list, r"AllowedPattern: '^[0-9]+( *, *[0-9]+)*$'"),
            Form::Words(list) => ("String", list, r"AllowedPattern: '^([a-z0-9-]+(,[a-z0-9-]+)*)?$'"),
            Form::Text(words) => ("String", words, r#"AllowedPattern: '^[^"\\\n\r\t]{1,200}$'"#),
        };
        let Setting { parameter, description, .. } = setting;
        let _ = write!(
            text,
            "  {parameter}:\n    Type: {kind}\n    Default: '{default}'\n    {rest}\n    Description: '{description}'\n"
        );
    }
    Ok(text.trim_end().to_owned())
}

/// The value of `KEYWARD_SETTINGS`, with `${…}` for the parameters.
pub(crate) fn json() -> Result<String, TemplateError> {
    let mut places = serde_json::to_value(Settings::default())?;
    let defaults = places.clone();
    for setting in &SETTINGS {
        let place = match form(setting, &defaults)? {
            Form::Number(_) => format!("<${{{}}}>", setting.parameter),
            Form::Numbers(_) => format!("<[${{{}}}]>", setting.parameter),
            Form::Words(_) => format!("<[${{{}Quoted}}]>", setting.parameter),
            Form::Text(_) => format!("${{{}}}", setting.parameter),
        };
        if let Some(value) = places.pointer_mut(&format!("/{}", setting.field)) {
            *value = Value::String(place);
        }
    }
    // A number, or a list, stands in JSON without the quotes of its place.
    Ok(places.to_string().replace("\"<", "").replace(">\"", ""))
}

fn covers_all(defaults: &Value) -> Result<(), TemplateError> {
    for (name, value) in defaults.as_object().into_iter().flatten() {
        let fields: Vec<String> = match value.as_object() {
            Some(inner) => inner.keys().map(|field| format!("{name}/{field}")).collect(),
            None => vec![name.clone()],
        };
        for field in fields {
            if !SETTINGS.iter().any(|setting| setting.field == field) {
                return Err(TemplateError::Setting(field));
            }
        }
    }
    Ok(())
}
