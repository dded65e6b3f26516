//! What a deployment may set. The defaults are those of the two documents that the rules come from.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use crate::ids::Region;

/// A duration in whole seconds on the wire and in files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SecondsDuration(u32);

impl SecondsDuration {
    /// Whole hours.
    #[must_use]
    pub const fn hours(hours: u32) -> Self {
        Self(hours * 3600)
    }

    /// Whole days of 24 h.
    #[must_use]
    pub const fn days(days: u32) -> Self {
        Self(days * 86_400)
    }

    /// Whole minutes.
    #[must_use]
    pub const fn minutes(minutes: u32) -> Self {
        Self(minutes * 60)
    }

    /// As a difference between instants.
    #[must_use]
    pub fn delta(self) -> TimeDelta {
        TimeDelta::seconds(i64::from(self.0))
    }
}

/// Durations and limits of a deployment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "snake_case")]
pub struct Settings {
    /// K1: a tenant needs more licensed seats than this.
    pub seats_to_exceed: u32,
    /// K1: regions in which tenants can hold keys.
    pub enabled_regions: BTreeSet<Region>,
    /// K1: whom a refused tenant asks.
    pub contact: String,
    /// K3: RSA key sizes in bits that are accepted.
    pub key_bits: BTreeSet<u32>,
    /// K5: time between two key changes.
    pub key_change_interval: SecondsDuration,
    /// K7: how long a key change can be rolled back, and how long the key rolled away from is barred.
    pub rollback_window: SecondsDuration,
    /// L2: time from a key change until the tenant can be locked.
    pub lock_opens_after: SecondsDuration,
    /// L5: time from the lock until a locked environment is deleted.
    pub deletion_after: SecondsDuration,
    /// L5: days before the deletion at which administrators are reminded, most first.
    pub reminder_days: Vec<u32>,
    /// L6: how long a leased data key may be used.
    pub lease: SecondsDuration,
    /// L1: how long a possession challenge may be answered.
    pub challenge_life: SecondsDuration,
    /// Keys of one tenant that are not destroyed.
    pub keys_per_tenant: usize,
    /// Keys of one tenant, destroyed ones included: their identities are kept so that none is used again.
    pub keys_ever: usize,
    /// Data key generations of one environment.
    pub generations_per_environment: u32,
    /// Retention that a backup may ask for.
    pub longest_backup_retention: SecondsDuration,
    /// Locks of one tenant that still hold environments.
    pub open_locks: usize,
    /// A5: how old a sign-in may be for what needs a recent one.
    pub recent_sign_in: SecondsDuration,
    /// A6: how long a new administrator waits to lock, roll back, destroy, delete or approve, and how long a removed one still gets notices.
    pub administrator_wait: SecondsDuration,
    /// A6: administrators of one tenant. Nobody is added either while more addresses than this have left the list lately.
    pub administrators_per_tenant: usize,
    /// A7: how long an approval, and the request for one, holds.
    pub approval_life: SecondsDuration,
    /// A7: approvals that one administrator may ask for at a time.
    pub approvals_per_person: usize,
    /// A8: within this time attempts with a password or a proof that failed are counted.
    pub attempt_window: SecondsDuration,
    /// A8: failed attempts of one person in a tenant.
    pub attempts_per_person: usize,
    /// A8: failed attempts of all people of a tenant together. Several times that of one person, so that nobody uses it up alone.
    pub attempts_per_tenant: usize,
    /// K3: what a key file may ask for.
    pub key_files: KeyFileSettings,
}

/// What a key file may ask for. The work is known, and refused, before any of it is done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "snake_case")]
pub struct KeyFileSettings {
    /// Longest file, in bytes.
    pub bytes: usize,
    /// Most iterations of key derivation, summed over a file. Ten million take about a second of one processor.
    pub iterations: u32,
    /// Most memory of one derivation by scrypt, in bytes.
    pub scrypt_bytes: u64,
    /// Deepest nesting of elements.
    pub depth: usize,
    /// Most bags.
    pub bags: usize,
    /// Longest public exponent, in bits.
    pub exponent_bits: usize,
}

impl Default for KeyFileSettings {
    fn default() -> Self {
        Self {
            bytes: 64 * 1024,
            iterations: 10_000_000,
            scrypt_bytes: 64 * 1024 * 1024,
            depth: 32,
            bags: 64,
            exponent_bits: 32,
        }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            seats_to_exceed: 1000,
            enabled_regions: BTreeSet::new(),
            contact: "your account representative".to_owned(),
            key_bits: BTreeSet::from([2048]),
            key_change_interval: SecondsDuration::hours(24),
            rollback_window: SecondsDuration::hours(72),
            lock_opens_after: SecondsDuration::hours(72),
            deletion_after: SecondsDuration::days(28),
            reminder_days: vec![21, 14, 7, 3, 1],
            lease: SecondsDuration::minutes(5),
            challenge_life: SecondsDuration::minutes(10),
            keys_per_tenant: 50,
            keys_ever: 200,
            generations_per_environment: 100,
            longest_backup_retention: SecondsDuration::days(3660),
            open_locks: 16,
            recent_sign_in: SecondsDuration::minutes(10),
            administrator_wait: SecondsDuration::hours(24),
            administrators_per_tenant: 20,
            approval_life: SecondsDuration::days(1),
            approvals_per_person: 5,
            attempt_window: SecondsDuration::minutes(15),
            attempts_per_person: 5,
            attempts_per_tenant: 50,
            key_files: KeyFileSettings::default(),
        }
    }
}
