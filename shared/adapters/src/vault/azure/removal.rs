//! How a private key leaves the vault for good (L3). Azure deletes in two steps, and takes its time for both: a deleted key can
//! be recovered until it is purged, and it can be purged only when its deletion is through.

use keyward_service::ports::vault::VaultError;

use super::calls::Calls;
use super::failures::{Failure, unavailable};
use super::imports::PURGE_PROTECTED;

/// Where neither a key nor a deleted one is seen, it is looked once more: a deletion under way can show neither.
const LOOKS_AT_NOTHING: u32 = 2;

/// Removes a key, and what is left of an earlier removal. Done is said only of a key that is purged; where that takes too long,
/// the caller tries again and this goes on where it stopped.
pub(super) async fn remove(calls: &Calls, name: &str) -> Result<(), VaultError> {
    let mut under_way = match calls.delete(name).await {
        Ok(true) => true,
        Ok(false) => return Err(unavailable(PURGE_PROTECTED)),
        Err(failure) if failure.is_not_found() => false,
        Err(failure) if failure.is_conflict() => true,
        Err(failure) => return Err(failure.unavailable()),
    };
    let mut seen_nothing = 0;
    for _ in 0..calls.pace.removal_looks {
        match calls.purge(name).await {
            Ok(()) => return wait_until_gone(calls, name).await,
            Err(failure) if failure.is_conflict() => under_way = true,
            Err(failure) if failure.is_not_found() => seen_nothing += 1,
            Err(failure) if failure.is_forbidden() => return Err(not_purged(calls, name, &failure).await),
            Err(failure) => return Err(failure.unavailable()),
        }
        if !under_way && seen_nothing >= LOOKS_AT_NOTHING {
            return Ok(());
        }
        tokio::time::sleep(calls.pace.removal_pause).await;
    }
    Err(unavailable("the vault is still deleting a key; removing it again goes on"))
}

async fn wait_until_gone(calls: &Calls, name: &str) -> Result<(), VaultError> {
    for _ in 0..calls.pace.removal_looks {
        match calls.deleted(name).await {
            Ok(None) => return Ok(()),
            Ok(Some(_)) => {}
            Err(failure) if failure.is_being_deleted() => {}
            Err(failure) => return Err(failure.unavailable()),
        }
        tokio::time::sleep(calls.pace.removal_pause).await;
    }
    Err(unavailable("the vault is still purging a key; removing it again goes on"))
}

/// Says why a purge was forbidden: by the vault, or for want of a permission.
async fn not_purged(calls: &Calls, name: &str, failure: &Failure) -> VaultError {
    match calls.deleted(name).await {
        Ok(Some(false)) => unavailable(PURGE_PROTECTED),
        _ => failure.unavailable(),
    }
}
