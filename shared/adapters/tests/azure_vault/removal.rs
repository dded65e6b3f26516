//! What Azure takes its time for, or refuses: nothing is said to be gone that could come back.

use keyward_service::ports::vault::Vault as _;
use keyward_test_keyvault::{Effect, Fault};

use super::azure_house::{HURRY, deployed, open};
use super::{SECRET, key, name, reason, wrapped};

#[tokio::test]
async fn a_key_is_purged_however_its_deletion_looks() {
    for silent in [false, true] {
        let server = deployed();
        let vault = open(&server, HURRY);
        server.change(|settings| {
            settings.looks_until_deleted = 3;
            settings.deletion_is_silent = silent;
        });
        vault.import(&name("a"), &key(0)).await.unwrap();
        vault.remove(&name("a")).await.unwrap();
        assert!(!server.is_recoverable("a"));
        assert_eq!(vault.describe(&name("a")).await, Ok(None));
    }
}

#[tokio::test]
async fn a_removal_that_takes_too_long_goes_on_when_it_is_repeated() {
    let server = deployed();
    let vault = open(&server, HURRY);
    server.change(|settings| settings.looks_until_deleted = HURRY.removal_looks + 2);
    vault.import(&name("a"), &key(0)).await.unwrap();
    assert!(reason(vault.remove(&name("a")).await).contains("removing it again goes on"));
    assert!(server.is_recoverable("a"));
    vault.remove(&name("a")).await.unwrap();
    assert!(!server.is_recoverable("a"));
}

#[tokio::test]
async fn lost_answers_leave_nothing_behind() {
    for path in ["/keys/a", "/deletedkeys/a"] {
        let server = deployed();
        let vault = open(&server, HURRY);
        server.change(|settings| settings.looks_until_deleted = 2);
        vault.import(&name("a"), &key(0)).await.unwrap();
        server.fail(Fault { method: "DELETE", path, times: 1, effect: Effect::AnswerLost });
        // The vault can't tell a purge that was done from a deletion that goes on; then it is for the next attempt.
        if vault.remove(&name("a")).await.is_err() {
            vault.remove(&name("a")).await.unwrap();
        }
        assert_eq!((server.versions("a"), server.is_recoverable("a")), (0, false), "{path}");
    }
}

#[tokio::test]
async fn a_key_that_someone_deleted_is_purged() {
    let server = deployed();
    let vault = open(&server, HURRY);
    vault.import(&name("a"), &key(0)).await.unwrap();
    server.change(|settings| settings.looks_until_deleted = 20);
    assert!(vault.remove(&name("a")).await.is_err());
    let import = vault.import(&name("a"), &key(0)).await;
    assert_eq!(reason(import), "Key Vault answered 409, Conflict, ObjectIsBeingDeleted");
    let mut attempts = 0;
    while vault.remove(&name("a")).await.is_err() {
        attempts += 1;
        assert!(attempts < 10);
    }
    assert!(!server.is_recoverable("a"));
}

#[tokio::test]
async fn the_name_of_a_purged_key_is_waited_for() {
    let server = deployed();
    let vault = open(&server, HURRY);
    server.change(|settings| settings.attempts_until_free = 3);
    vault.import(&name("a"), &key(0)).await.unwrap();
    vault.remove(&name("a")).await.unwrap();
    vault.import(&name("a"), &key(1)).await.unwrap();
    assert_eq!(vault.unwrap(&name("a"), &wrapped(key(1).public_key())).await.unwrap().as_slice(), SECRET);
}

#[tokio::test]
async fn a_vault_with_purge_protection_takes_no_key_and_says_why_it_keeps_one() {
    let server = deployed();
    let vault = open(&server, HURRY);
    vault.import(&name("a"), &key(0)).await.unwrap();
    server.change(|settings| settings.purge_protection = true);
    let refused = reason(vault.import(&name("b"), &key(1)).await);
    assert!(refused.contains("purge protection") && refused.contains("docs/azure-vault.md"), "{refused}");
    assert_eq!(server.versions("b"), 0);
    // The first time the deletion says it, then the purge.
    for _ in 0..2 {
        assert!(reason(vault.remove(&name("a")).await).contains("purge protection"));
    }
    assert!(server.is_recoverable("a"));
}
