//! Keys for people.

use keyward_api::views::{ActivationOutcome, ActivationView, KeyView};
use keyward_domain::{KeySource, KeyState};

use crate::output::{Clock, Listing, Sheet};

/// A list of keys.
pub(crate) fn list_text(keys: &[KeyView], clock: Clock) -> String {
    let mut list = Listing::new(
        &["id", "name", "state", "source", "bits", "region", "in vault", "environments", "created", "fingerprint"],
        "No keys yet. Make one: keyward key generate ID --region REGION --out FILE",
    );
    for key in keys {
        list.row([
            key.id.to_string(),
            key.name.to_string(),
            state_text(key.state).to_owned(),
            source_text(key.source).to_owned(),
            key.bits.to_string(),
            key.region.to_string(),
            yes_no(key.in_vault).to_owned(),
            key.environments.to_string(),
            clock.instant(key.created_at),
            key.fingerprint.as_str().chars().take(16).collect(),
        ]);
    }
    list.text()
}

/// One key.
pub(crate) fn key_text(key: &KeyView, clock: Clock) -> String {
    let sheet = Sheet::new()
        .fact("key", &key.id)
        .fact("name", &key.name)
        .fact("state", state_text(key.state))
        .fact("source", source_text(key.source))
        .fact("bits", key.bits)
        .fact("region", &key.region)
        .fact("in vault", yes_no(key.in_vault))
        .fact("environments", key.environments)
        .fact("created", format!("{} by {}", clock.instant(key.created_at), key.created_by))
        .maybe("barred until", key.barred_until.map(|at| clock.instant(at)))
        .fact("fingerprint", &key.fingerprint);
    format!("{}{}", sheet.text(), crate::output::plain(&key.public_key))
}

/// What an activation did.
pub(crate) fn activation_text(activation: &ActivationView, clock: Clock) -> String {
    let outcome = match activation.outcome {
        ActivationOutcome::Changed => "the key is active now",
        ActivationOutcome::Reactivated => "the key that locked was presented: environments can be unlocked",
        ActivationOutcome::Unchanged => "the key was active already",
    };
    Sheet::new()
        .fact("outcome", outcome)
        .maybe("can be rolled back until", activation.rollback_until.map(|at| clock.instant(at)))
        .maybe("tenant can be locked from", activation.lock_opens_at.map(|at| clock.instant(at)))
        .maybe("operation", activation.operation.as_ref())
        .text()
}

fn state_text(state: KeyState) -> &'static str {
    match state {
        KeyState::Available => "available",
        KeyState::Active => "active",
        KeyState::Retired => "retired",
        KeyState::Destroyed => "destroyed",
    }
}

fn source_text(source: KeySource) -> &'static str {
    match source {
        KeySource::Generated => "generated",
        KeySource::Uploaded => "uploaded",
        KeySource::Imported => "imported",
    }
}

fn yes_no(yes: bool) -> &'static str {
    if yes { "yes" } else { "no" }
}
