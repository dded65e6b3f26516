//! A3: the notices. Written with the change that they tell of; they hold no secret and no link that acts by itself.

mod html;
mod text;

use std::collections::BTreeSet;

use keyward_domain::{
    Administrator, Approved, Context, DeletionCause, Event, Instant, Recorded, Tenant, rules::k7_rollback,
};

use crate::counted::{are, counted};
use crate::notices::{NoticeDocument, Recipient, RecipientStatus};
use crate::plans::{administrators_effects, quorum_effect};

/// One event in words: a subject, what it means, and until when and how it can be undone.
struct Words {
    subject: String,
    effect: String,
    undo: String,
}

/// One event as both forms of the message say it: a label and a value in each row.
struct Told {
    rows: [(&'static str, String); 5],
}

impl Told {
    fn new(recorded: &Recorded, words: Words) -> Self {
        Self {
            rows: [
                ("What", words.subject),
                ("Who", recorded.by.to_string()),
                ("When", instant(recorded.at)),
                ("Effect", words.effect),
                ("Undo", words.undo),
            ],
        }
    }

    fn subject(&self) -> &str {
        &self.rows[0].1
    }
}

/// Why somebody gets the message, and what to do about it.
const CLOSING: [&str; 2] = [
    "You get this because you administer this tenant. If you did not expect it, talk to the person named above,",
    "and check the audit log (keyward audit list). This message holds no link that acts by itself.",
];

/// The notice of what was decided together, if administrators get one of any of it.
pub(crate) fn compose(
    tenant: &Tenant,
    recorded: &[Recorded],
    affected: &[String],
    sequence: u64,
    context: &Context<'_>,
) -> Option<NoticeDocument> {
    let told: Vec<Told> = recorded
        .iter()
        .filter_map(|recorded| words(tenant, &recorded.event, context).map(|words| Told::new(recorded, words)))
        .collect();
    let more = if told.len() > 1 { format!(" (and {} more)", told.len() - 1) } else { String::new() };
    let subject = format!("[Keyward] {}: {}{more}", tenant.name, told.first()?.subject());
    let recipients = told_to(tenant, context.now)
        .into_iter()
        .map(|administrator| Recipient {
            name: administrator.name.to_string(),
            email: administrator.email.clone(),
            status: RecipientStatus::Pending,
            bounces: 0,
            not_before: None,
        })
        .collect();
    Some(NoticeDocument {
        tenant: tenant.id.clone(),
        sequence,
        at: context.now,
        text: text::of(tenant, &told, affected),
        html: Some(html::of(&subject, tenant, &told, affected)),
        subject,
        recipients,
        attempts: 0,
    })
}

/// A3, A6: the administrators, and who left the list lately: nobody is taken off it unheard. Each address once.
fn told_to(tenant: &Tenant, now: Instant) -> Vec<&Administrator> {
    let mut addresses = BTreeSet::new();
    let all = tenant.administrators.iter().chain(tenant.lately_left(now).map(|former| &former.administrator));
    all.filter(|administrator| addresses.insert(administrator.email.as_str())).collect()
}

/// An instant as people read it.
pub(crate) fn instant(at: Instant) -> String {
    at.format("%Y-%m-%d %H:%M:%S UTC").to_string()
}

fn words(tenant: &Tenant, event: &Event, context: &Context<'_>) -> Option<Words> {
    people_words(event)
        .or_else(|| key_words(tenant, event, context))
        .or_else(|| environment_words(event))
        .or_else(|| lock_words(tenant, event))
}

fn said(subject: String, effect: String, undo: String) -> Option<Words> {
    Some(Words { subject, effect, undo })
}

fn people_words(event: &Event) -> Option<Words> {
    match event {
        Event::AdministratorsSet { settled_at, .. } => said(
            "the list of administrators was changed".to_owned(),
            administrators_effects(event).join(" "),
            format!(
                "at any time: keyward administrator add and remove; whoever is put back by {} does not count as new",
                instant(*settled_at)
            ),
        ),
        Event::QuorumSet { required } => said(
            format!("approval by a second administrator was switched {}", if *required { "on" } else { "off" }),
            quorum_effect(*required).to_owned(),
            format!("at any time: keyward quorum {}", if *required { "off, which needs approval" } else { "on" }),
        ),
        Event::ApprovalRequested { approval, approved, expires_at } => said(
            format!("approval is asked for: {}", on(approved)),
            format!(
                "Nothing is changed yet. Without the approval of another administrator the request is void from {} on.",
                instant(*expires_at)
            ),
            format!("leave it, or read the plan and approve: keyward approval give {approval}"),
        ),
        Event::ApprovalGiven { approved, requested_by, .. } => said(
            format!("approval was given to {requested_by}: {}", on(approved)),
            format!("{requested_by} can do this now, once, and only as it was planned."),
            "any change to what it is about makes it void".to_owned(),
        ),
        _ => None,
    }
}

/// What approval is asked for, in words.
fn on(approved: &Approved) -> String {
    let Approved { operation, environment, key, .. } = approved;
    let named = environment.as_ref().map(|id| format!(" {id}")).or_else(|| key.as_ref().map(|id| format!(" {id}")));
    format!("{operation}{}", named.unwrap_or_default())
}

fn key_words(tenant: &Tenant, event: &Event, context: &Context<'_>) -> Option<Words> {
    match event {
        Event::KeyAdded { key } => said(
            format!("protection key {} was added", key.id),
            "No environment is protected by it until it is activated.".to_owned(),
            format!("at any time before it is activated: keyward key destroy {}", key.id),
        ),
        Event::KeyPresented { key, .. } => said(
            format!("the key file of {key} was presented again"),
            "The private part of the key is in the vault again.".to_owned(),
            "not needed; a lock removes it again".to_owned(),
        ),
        Event::KeyActivated { key, from, environments, .. } => {
            let until = tenant.last_change.as_ref().map(|change| k7_rollback::closes_at(change, context));
            let former = from.as_ref().map_or_else(|| "the provider's key".to_owned(), ToString::to_string);
            said(
                format!("protection key {key} was activated"),
                format!(
                    "It takes the place of {former}; the data keys of {} are re-wrapped. The tenant cannot be locked for the time that a rollback is open.",
                    counted(*environments, "environment")
                ),
                format!(
                    "until {} by another administrator: keyward key roll-back",
                    until.map_or_else(String::new, instant)
                ),
            )
        }
        Event::KeyRolledBack { away, to, barred_until, environments, .. } => said(
            format!("the key change to {away} was rolled back"),
            format!(
                "{} is back for {}.",
                to.as_ref().map_or_else(|| "The provider's key".to_owned(), |key| format!("Key {key}")),
                counted(*environments, "environment")
            ),
            format!("a rollback cannot be rolled back; {away} can be activated again from {}", instant(*barred_until)),
        ),
        Event::KeyReactivated { key } => said(
            format!("key {key} was presented again after the lock"),
            "Environments can be unlocked now, one by one.".to_owned(),
            "not needed; no environment is open yet".to_owned(),
        ),
        Event::KeyDestroyed { key, .. } => said(
            format!("protection key {key} was destroyed"),
            "Nothing depended on it. What copies of the table and old backups hold under it can be read by nobody."
                .to_owned(),
            "it cannot be undone".to_owned(),
        ),
        _ => None,
    }
}

fn environment_words(event: &Event) -> Option<Words> {
    match event {
        Event::EnvironmentProtected { environment, key, generation } => said(
            format!("environment {environment} is protected by key {key}"),
            format!("Data key generation {generation} was made, the earlier ones were re-wrapped."),
            format!("at any time: keyward environment revert {environment}"),
        ),
        Event::EnvironmentReverted { environment, generation, .. } => said(
            format!("environment {environment} is back under the provider's key"),
            format!(
                "Data key generation {generation} was made, the earlier ones were re-wrapped. The provider can unwrap them."
            ),
            format!("at any time: keyward environment protect {environment}"),
        ),
        Event::EnvironmentUnlocked { environment, .. } => said(
            format!("environment {environment} was unlocked"),
            "Its data can be used again.".to_owned(),
            "lock the tenant again".to_owned(),
        ),
        Event::EnvironmentDeleted { environment, cause, .. } => said(
            format!("environment {environment} was deleted"),
            match cause {
                DeletionCause::Requested => "Its data keys are destroyed.".to_owned(),
                DeletionCause::StillLocked { .. } => {
                    "It was still locked at the deadline. Its data keys are destroyed.".to_owned()
                }
            },
            "it cannot be undone".to_owned(),
        ),
        _ => None,
    }
}

fn lock_words(tenant: &Tenant, event: &Event) -> Option<Words> {
    match event {
        Event::TenantLocked { key, locked, deletion_at, leases_end_at, .. } => said(
            "all environments were LOCKED".to_owned(),
            format!(
                "{} locked; leases handed out before end at {} at the latest. The private parts of all keys \
                 are removed from the vault. {} under the tenant's key: nobody can unwrap the data keys. For those \
                 under the provider's key the lock is a bar, not cryptography. What is still locked at {} is deleted for good.",
                are(*locked),
                instant(*leases_end_at),
                are(tenant.protected_environments),
                instant(*deletion_at)
            ),
            format!(
                "until {}: keyward key activate {key} --key-file FILE, then keyward environment unlock for each",
                instant(*deletion_at)
            ),
        ),
        Event::DeletionReminded { days, deletion_at, remaining, .. } => said(
            format!(
                "{} will be deleted in {}",
                counted(*remaining, "locked environment"),
                counted(u64::from(*days), "day")
            ),
            format!("What is still locked at {} is deleted for good.", instant(*deletion_at)),
            "present the key that locked and unlock each environment before".to_owned(),
        ),
        Event::PossessionNotProven { operation, code } => said(
            format!("a failed attempt to {operation}"),
            format!("Somebody could not prove possession of the active key ({code}). Nothing was changed."),
            "not needed".to_owned(),
        ),
        _ => None,
    }
}
