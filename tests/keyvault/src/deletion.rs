//! Soft delete: a deleted key can be recovered until it is purged, and both take their time.

use axum::response::Response;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use crate::answers::{Refusal, answer};
use crate::key_store::{KeyStore, Version};
use crate::server::Settings;

/// A key that is deleted, or is about to be.
pub(crate) struct Deleted {
    versions: Vec<Version>,
    deleted_at: DateTime<Utc>,
    /// So often it is looked for before it is seen among the deleted.
    looks: u32,
}

const DAYS: TimeDelta = TimeDelta::days(90);

impl KeyStore {
    pub(crate) fn delete(&mut self, name: &str, settings: &Settings, now: DateTime<Utc>) -> Result<Response, Refusal> {
        if let Some(deleted) = self.deleted.get(name)
            && deleted.looks > 0
            && !settings.deletion_is_silent
        {
            return Err(being_deleted());
        }
        let versions = self.keys.remove(name).ok_or_else(|| Refusal::not_found(name))?;
        self.deleted
            .insert(name.to_owned(), Deleted { versions, deleted_at: now, looks: settings.looks_until_deleted });
        self.shown_deleted(name, settings).map(|shown| answer(200, &shown))
    }

    pub(crate) fn read_deleted(&mut self, name: &str, settings: &Settings) -> Result<Response, Refusal> {
        self.settle(name)?;
        self.shown_deleted(name, settings).map(|shown| answer(200, &shown))
    }

    pub(crate) fn purge(&mut self, name: &str, settings: &Settings) -> Result<Response, Refusal> {
        match self.settle(name) {
            Err(_) if self.deleted.contains_key(name) && !settings.deletion_is_silent => return Err(being_deleted()),
            settled => settled?,
        }
        if settings.purge_protection {
            let message = "Operation \"purge\" is not allowed because purge protection is enabled for this vault.";
            return Err(Refusal::forbidden("", message));
        }
        self.deleted.remove(name);
        if settings.attempts_until_free > 0 {
            self.taken.insert(name.to_owned(), settings.attempts_until_free);
        }
        Ok(answer(204, &Value::Null))
    }

    pub(crate) fn recover(&mut self, name: &str, settings: &Settings) -> Result<Response, Refusal> {
        self.settle(name)?;
        let deleted = self.deleted.remove(name).ok_or_else(|| Refusal::not_found(name))?;
        self.keys.insert(name.to_owned(), deleted.versions);
        let newest = self.version(name, "")?;
        Ok(answer(200, &self.shown(name, newest, settings.recovery_level())))
    }

    /// Whether something may be put under a name.
    pub(crate) fn check_free(&mut self, name: &str) -> Result<(), Refusal> {
        if let Some(left) = self.taken.get_mut(name) {
            *left = left.saturating_sub(1);
            if *left == 0 {
                self.taken.remove(name);
            }
            return Err(being_deleted());
        }
        match self.deleted.get(name) {
            Some(deleted) if deleted.looks > 0 => Err(being_deleted()),
            Some(_) => Err(Refusal::conflict(
                "ObjectIsDeletedButRecoverable",
                "Key is currently in a deleted but recoverable state, and its name cannot be reused.",
            )),
            None => Ok(()),
        }
    }

    /// A look at a deleted key, which brings it nearer to being seen.
    fn settle(&mut self, name: &str) -> Result<(), Refusal> {
        let deleted = self.deleted.get_mut(name).ok_or_else(|| Refusal::not_found(name))?;
        if deleted.looks == 0 {
            return Ok(());
        }
        deleted.looks -= 1;
        Err(Refusal::not_found(name))
    }

    fn shown_deleted(&self, name: &str, settings: &Settings) -> Result<Value, Refusal> {
        let deleted = self.deleted.get(name).ok_or_else(|| Refusal::not_found(name))?;
        let newest = deleted.versions.last().ok_or_else(|| Refusal::not_found(name))?;
        let mut shown = self.shown(name, newest, settings.recovery_level());
        let host = self.prefix.trim_end_matches("/keys/");
        shown["recoveryId"] = json!(format!("{host}/deletedkeys/{name}"));
        shown["deletedDate"] = json!(deleted.deleted_at.timestamp());
        shown["scheduledPurgeDate"] = json!((deleted.deleted_at + DAYS).timestamp());
        Ok(shown)
    }
}

fn being_deleted() -> Refusal {
    Refusal::conflict("ObjectIsBeingDeleted", "Key is currently being deleted.")
}
