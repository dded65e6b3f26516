//! A vault that throttles, fails, breaks off or says too much.

use std::time::Duration;

use keyward_adapters::vault::azure::Pace;
use keyward_service::ports::vault::{Vault as _, VaultError};
use keyward_test_keyvault::{Effect, Fault};

use super::azure_house::{HURRY, deployed, open};
use super::{SECRET, key, name, reason, wrapped};

#[tokio::test]
async fn a_throttled_request_is_repeated_with_its_body() {
    let server = deployed();
    // Also the very first one of a process, before it has a token.
    let effects = [Effect::Throttled { retry_after: 0 }, Effect::Failed { status: 503, message: String::new() }];
    for effect in effects {
        let vault = open(&server, HURRY);
        let wrapped = wrapped(&open(&server, HURRY).provider_key().await.unwrap().public_key);
        server.fail(Fault { method: "POST", path: "/unwrapkey", times: 2, effect });
        assert_eq!(vault.unwrap_provider(&wrapped).await.unwrap().as_slice(), SECRET);
    }
}

#[tokio::test]
async fn a_vault_that_goes_on_failing_is_unavailable() {
    let server = deployed();
    let vault = open(&server, HURRY);
    for (status, message) in [(429, "Throttled"), (500, "InternalServerError"), (503, "InternalServerError")] {
        let effect = match status {
            429 => Effect::Throttled { retry_after: 0 },
            _ => Effect::Failed { status, message: "0123456789abcdef".to_owned() },
        };
        server.fail(Fault { method: "GET", path: "/keys/a", times: HURRY.repetitions + 1, effect });
        let expected = format!("Key Vault answered {status}, {message}");
        assert_eq!(reason(vault.describe(&name("a")).await), expected);
        assert_eq!(vault.describe(&name("a")).await, Ok(None));
    }
}

#[tokio::test]
async fn a_wait_that_is_too_long_is_not_waited() {
    let server = deployed();
    let vault = open(&server, Pace { operation: Duration::from_secs(1), ..HURRY });
    // What it takes to connect and to get a token is not to count.
    assert_eq!(vault.describe(&name("a")).await, Ok(None));
    server.fail(Fault { method: "GET", path: "/keys/a", times: 1, effect: Effect::Throttled { retry_after: 3600 } });
    let text = reason(vault.describe(&name("a")).await);
    assert!(text.contains("did not answer, or asked to wait for too long"), "{text}");
}

#[tokio::test]
async fn an_answer_without_end_is_not_read() {
    let server = deployed();
    let vault = open(&server, HURRY);
    server.fail(Fault { method: "GET", path: "/keys/a", times: 1, effect: Effect::Flood });
    assert!(reason(vault.describe(&name("a")).await).contains("too long"));
}

#[tokio::test]
async fn an_import_whose_answer_is_lost_is_done_once_or_twice_and_is_one_key() {
    let server = deployed();
    let vault = open(&server, HURRY);
    server.fail(Fault { method: "PUT", path: "/keys/a", times: 1, effect: Effect::AnswerLost });
    vault.import(&name("a"), &key(0)).await.unwrap();
    assert_eq!(server.versions("a"), 2);
    assert_eq!(vault.unwrap(&name("a"), &wrapped(key(0).public_key())).await.unwrap().as_slice(), SECRET);

    // Where every answer is lost, the next import finds what is there.
    server.fail(Fault { method: "PUT", path: "/keys/b", times: HURRY.repetitions + 1, effect: Effect::AnswerLost });
    assert!(reason(vault.import(&name("b"), &key(1)).await).contains("connection"));
    vault.import(&name("b"), &key(1)).await.unwrap();
    assert_eq!(vault.import(&name("b"), &key(2)).await, Err(VaultError::NameTaken));
    vault.remove(&name("b")).await.unwrap();
    assert_eq!((server.versions("b"), server.is_recoverable("b")), (0, false));
}

#[tokio::test]
async fn a_disabled_key_is_not_said_to_be_gone() {
    let server = deployed();
    let vault = open(&server, HURRY);
    vault.import(&name("a"), &key(0)).await.unwrap();
    let kid = server.newest("a").unwrap();
    server.enable(&kid, false).unwrap();
    let text = reason(vault.unwrap(&name("a"), &wrapped(key(0).public_key())).await);
    assert_eq!(text, "Key Vault answered 403, Forbidden, KeyDisabled");
    assert_eq!(vault.describe(&name("a")).await.unwrap().as_ref(), Some(key(0).public_key()));
}
