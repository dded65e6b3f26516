//! Makes `template.yaml`, the deployment to AWS, from what the code says: the routes, the sweeps, the settings, and the table of what
//! each function needs ([`needs`]). What depends on none of these stands as text in `parts/`.
//!
//! `KEYWARD_UPDATE=1 cargo test -p keyward-aws` writes it anew.

mod alarms;
mod functions;
pub mod needs;
mod parts;
mod schedules;
mod settings;
mod table;

pub use functions::{AUTHORIZER, resource_id};
pub use settings::{SETTINGS, Setting};

/// Why the template can't be made.
#[derive(Debug, thiserror::Error)]
pub enum TemplateError {
    /// A part names something that nothing fills in, or the other way round.
    #[error("the part of {part} has no place for {name}, or nothing for a place")]
    Place {
        /// What the part is for.
        part: String,
        /// The name that does not fit.
        name: String,
    },
    /// A setting is not among those that the template knows, or the other way round.
    #[error("the setting {0} is not in infra/aws/src/settings.rs, or not among the settings")]
    Setting(String),
    /// The defaults of the settings can't be written.
    #[error("the settings can't be written: {0}")]
    Json(#[from] serde_json::Error),
}

/// The whole template.
///
/// # Errors
/// [`TemplateError`]: a part and what fills it don't fit each other.
pub fn template() -> Result<String, TemplateError> {
    let head = parts::fill(
        "the head",
        parts::HEAD,
        &[
            ("SettingsParameters", &settings::parameters()?),
            ("SettingsJson", &settings::json()?),
            ("TableName", table::NAME),
        ],
    )?;
    let vault_roles = functions::vault_roles();
    let outputs = [
        ("VaultRoles", vault_roles.as_str()),
        ("TableName", table::NAME),
        ("TableKeyArn", table::KEY_ARN),
        ("StreamArn", table::STREAM_ARN),
    ];
    let sections = [
        head,
        parts::fill("the state", parts::STATE, &[("TableKeyArn", table::KEY_ARN)])?,
        parts::API.to_owned(),
        parts::fill("the mail", parts::MAIL, &[("StreamArn", table::STREAM_ARN)])?,
        parts::EVENTS.to_owned(),
        functions::of_authorizer()?,
        functions::of_operations()?,
        schedules::of_sweeps()?,
        alarms::all()?,
        parts::fill("the dashboard", parts::DASHBOARD, &[("TableName", table::NAME)])?,
        parts::fill("the outputs", parts::OUTPUTS, &outputs)?,
    ];
    Ok(sections.iter().map(|section| section.trim_end()).collect::<Vec<_>>().join("\n\n") + "\n")
}
