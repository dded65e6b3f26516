//! Where things are in the table. Everything of a tenant is in its own partition, so that no question can reach another tenant's.

use keyward_domain::{BackupId, EnvironmentId, KeyId, OperationId, OperationName, PersonId, TenantId};

use crate::ports::table::Key;

/// Shards of the index of due work.
pub const SHARDS: u8 = 4;

/// The shard of a tenant's due work.
#[must_use]
pub fn shard_of(tenant: &TenantId) -> u8 {
    spread(tenant.as_str(), SHARDS)
}

/// A number below `count` for a text (FNV-1a).
fn spread(text: &str, count: u8) -> u8 {
    let hash = text
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    u8::try_from(hash % u64::from(count)).unwrap_or(0)
}

/// The tenant's partition.
pub(crate) fn partition(tenant: &TenantId) -> String {
    format!("TENANT#{tenant}")
}

fn at(tenant: &TenantId, sort: String) -> Key {
    Key { partition: partition(tenant), sort }
}

pub(crate) fn tenant(tenant: &TenantId) -> Key {
    at(tenant, "TENANT".to_owned())
}

/// Prefix of all environments.
pub(crate) const ENVIRONMENTS: &str = "ENV#";

pub(crate) fn environment(tenant: &TenantId, environment: &EnvironmentId) -> Key {
    at(tenant, format!("{ENVIRONMENTS}{environment}"))
}

pub(crate) fn data_keys(tenant: &TenantId, environment: &EnvironmentId) -> Key {
    at(tenant, format!("DATAKEYS#{environment}"))
}

/// Prefix of an environment's backups.
pub(crate) fn backups(environment: &EnvironmentId) -> String {
    format!("BACKUP#{environment}#")
}

pub(crate) fn backup(tenant: &TenantId, environment: &EnvironmentId, backup: &BackupId) -> Key {
    at(tenant, format!("{}{backup}", backups(environment)))
}

/// Prefix of the markers of backups that a key wraps.
pub(crate) fn wrapped(key: &KeyId) -> String {
    format!("WRAPPED#{key}#")
}

pub(crate) fn wrapped_backup(tenant: &TenantId, key: &KeyId, environment: &EnvironmentId, backup: &BackupId) -> Key {
    at(tenant, format!("{}{environment}#{backup}", wrapped(key)))
}

pub(crate) fn operation(tenant: &TenantId, operation: &OperationId) -> Key {
    at(tenant, format!("OPERATION#{operation}"))
}

/// Prefix of the audit log.
pub(crate) const AUDIT: &str = "AUDIT#";

pub(crate) fn audit(tenant: &TenantId, sequence: u64) -> Key {
    at(tenant, format!("{AUDIT}{sequence:012}"))
}

/// Prefix of an environment's history.
pub(crate) fn histories(environment: &EnvironmentId) -> String {
    format!("HISTORY#{environment}#")
}

pub(crate) fn history(tenant: &TenantId, environment: &EnvironmentId, sequence: u64) -> Key {
    at(tenant, format!("{}{sequence:012}", histories(environment)))
}

/// Prefix of the tenant's fences.
pub(crate) const FENCES: &str = "FENCE#";

/// How many fences a tenant has. Leases of environments that share one can collide in the table.
pub(crate) const FENCE_COUNT: u8 = 8;

/// One of the tenant's fences.
pub(crate) fn fence(tenant: &TenantId, number: u8) -> Key {
    at(tenant, format!("{FENCES}{number}"))
}

/// The fence that the leases of an environment hold.
pub(crate) fn fence_of(tenant: &TenantId, environment: &EnvironmentId) -> Key {
    fence(tenant, spread(environment.as_str(), FENCE_COUNT))
}

/// The head of an environment's lease log.
pub(crate) fn lease_head(tenant: &TenantId, environment: &EnvironmentId) -> Key {
    at(tenant, format!("LEASES#{environment}"))
}

pub(crate) fn lease(tenant: &TenantId, environment: &EnvironmentId, sequence: u64) -> Key {
    at(tenant, format!("LEASE#{environment}#{sequence:012}"))
}

/// Sort key of the marker of an environment by the epoch up to which it is unlocked.
pub(crate) fn unlocked_sort(epoch: u64, environment: &str) -> String {
    format!("UNLOCKED#{epoch:012}#{environment}")
}

pub(crate) fn unlocked(tenant: &TenantId, epoch: u64, environment: &EnvironmentId) -> Key {
    at(tenant, unlocked_sort(epoch, environment.as_str()))
}

pub(crate) fn timer(tenant: &TenantId, what: &str, which: u64) -> Key {
    at(tenant, format!("TIMER#{what}#{which:015}"))
}

/// Prefix of the notices.
pub(crate) const NOTICES: &str = "NOTICE#";

pub(crate) fn notice(tenant: &TenantId, sequence: u64) -> Key {
    at(tenant, format!("{NOTICES}{sequence:012}"))
}

/// Of which tenant the item at this address is the notice, and its number, if it is one.
#[must_use]
pub fn notice_at(partition: &str, sort: &str) -> Option<(TenantId, u64)> {
    let tenant = TenantId::new(partition.strip_prefix("TENANT#")?).ok()?;
    let sequence = sort.strip_prefix(NOTICES)?.parse().ok()?;
    let key = notice(&tenant, sequence);
    (key.partition == partition && key.sort == sort).then_some((tenant, sequence))
}

/// Attempts of all people of the tenant (A8).
pub(crate) fn attempts(tenant: &TenantId, operation: OperationName) -> Key {
    at(tenant, format!("ATTEMPTS#{operation}"))
}

/// Attempts of one person (A8).
pub(crate) fn attempts_of(tenant: &TenantId, operation: OperationName, person: &PersonId) -> Key {
    at(tenant, format!("ATTEMPTS#{operation}#{person}"))
}

/// Refusals of one person that were logged lately (A4).
pub(crate) fn refusals_of(tenant: &TenantId, person: &PersonId) -> Key {
    at(tenant, format!("REFUSALS#{person}"))
}

pub(crate) fn challenge(tenant: &TenantId, nonce: &str) -> Key {
    at(tenant, format!("CHALLENGE#{nonce}"))
}

/// Prefix of the entries of private keys that are on their way into the vault.
pub(crate) const VAULT_ENTRIES: &str = "PENDING#";

pub(crate) fn vault_entry(tenant: &TenantId, vault_key: &str) -> Key {
    at(tenant, format!("{VAULT_ENTRIES}{vault_key}"))
}

/// The stored answer of a request. It is the caller's own, wherever it was about.
pub(crate) fn answer(scope: &str, person: &str, key: &str) -> Key {
    Key { partition: format!("ANSWERS#{scope}"), sort: format!("{person}#{key}") }
}
