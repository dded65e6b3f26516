//! The vault's own keys: where they are looked for, and what happens when they are rotated.

use keyward_keyfile::{Limits, byok};
use keyward_service::ports::vault::{Vault as _, VaultError};
use keyward_test_keyvault::{KeyVault, LOGIN_HOST, Settings, VAULT_HOST};

use super::azure_house::{HURRY, deployed, exchange, open, provider, start, transfer};
use super::{SECRET, key, name, reason, wrapped};

#[tokio::test]
async fn what_was_sealed_before_a_rotation_is_opened_until_the_version_is_disabled() {
    let server = deployed();
    let vault = open(&server, HURRY);
    let before = vault.exchange_key().await.unwrap();
    let sealed = wrapped(&before.public_key);
    let rotated = server.add_key(exchange(key(0)));
    let after = vault.exchange_key().await.unwrap();
    assert_eq!((&after.kid, &after.public_key), (&rotated, key(0).public_key()));
    assert_eq!(vault.open_exchange(&before.kid, &sealed).await.unwrap().as_slice(), SECRET);
    assert_eq!(vault.open_exchange(&after.kid, &sealed).await, Err(VaultError::NotForThisKey));

    server.enable(&before.kid, false).unwrap();
    assert_eq!(vault.open_exchange(&before.kid, &sealed).await, Err(VaultError::NotFound));
    server.enable(&before.kid, true).unwrap();
    server.enable(&rotated, false).unwrap();
    assert_eq!(vault.exchange_key().await.unwrap(), before);
}

#[tokio::test]
async fn a_kid_is_followed_to_this_vaults_exchange_key_only() {
    let server = deployed();
    let vault = open(&server, HURRY);
    let kid = vault.exchange_key().await.unwrap().kid;
    let sealed = wrapped(&vault.exchange_key().await.unwrap().public_key);
    let (here, version) = kid.rsplit_once('/').unwrap();
    let requests = server.seen().len();
    for foreign in [
        kid.replace(VAULT_HOST, LOGIN_HOST),
        kid.replace(VAULT_HOST, "keyward.vault.azure.test.example"),
        kid.replace("https:", "http:"),
        kid.replace("keyward-exchange", "keyward-provider"),
        kid.replace("keyward-exchange", "keyward-exchange-of-another"),
        here.to_owned(),
        format!("{here}/"),
        format!("{here}/..%2f..%2fkeyward-provider"),
        format!("{here}/../keyward-provider/{version}"),
        format!("{kid}/decrypt"),
        format!("{kid}?a=b"),
        format!("{here}/{}", "0".repeat(65)),
        String::new(),
    ] {
        assert_eq!(vault.open_exchange(&foreign, &sealed).await, Err(VaultError::NotFound), "{foreign}");
    }
    assert_eq!(server.seen().len(), requests);
    let absent = format!("{here}/{}", "0".repeat(32));
    assert_eq!(vault.open_exchange(&absent, &sealed).await, Err(VaultError::NotFound));
}

#[tokio::test]
async fn a_list_that_goes_on_elsewhere_is_not_followed() {
    let server = deployed();
    let vault = open(&server, HURRY);
    let elsewhere = format!("{}/keys/keyward-transfer/versions?page=2", server.authority());
    server.change(|settings| settings.next_link = Some(elsewhere));
    assert_eq!(reason(vault.transfer_keys().await), "the request was not sent");
    assert!(server.seen().iter().all(|seen| seen.host == VAULT_HOST || !seen.with_token));
}

#[tokio::test]
async fn a_wrap_by_the_provider_is_opened_by_five_versions() {
    let server = deployed();
    let vault = open(&server, HURRY);
    let first = vault.provider_key().await.unwrap();
    let (mut wraps, mut kids) = (vec![wrapped(&first.public_key)], vec![first.kid]);
    for number in 0..5 {
        server.change(|settings| {
            settings.clock = std::sync::Arc::new(move || start() + chrono::TimeDelta::seconds(i64::from(number) + 1));
            settings.token_lifetime = chrono::TimeDelta::days(1);
        });
        let key = key(usize::try_from(number).unwrap());
        kids.push(server.add_key(provider(key.clone())));
        assert_eq!(vault.provider_key().await.unwrap().public_key, *key.public_key());
        wraps.push(wrapped(key.public_key()));
    }
    for wrap in &wraps[1..] {
        assert_eq!(vault.unwrap_provider(wrap).await.unwrap().as_slice(), SECRET);
    }
    assert_eq!(vault.unwrap_provider(&wraps[0]).await, Err(VaultError::NotForThisKey));

    // Of the newest that is in use one wraps; the next of the older ones counts again.
    server.enable(&kids[5], false).unwrap();
    assert_eq!(vault.provider_key().await.unwrap().kid, kids[4]);
    assert_eq!(vault.unwrap_provider(&wraps[0]).await.unwrap().as_slice(), SECRET);
    assert_eq!(vault.unwrap_provider(&wraps[5]).await, Err(VaultError::NotForThisKey));
}

#[tokio::test]
async fn transfer_blobs_are_taken_for_every_version_in_use() {
    let server = deployed();
    let vault = open(&server, HURRY);
    let before = vault.transfer_keys().await.unwrap().remove(0);
    let rotated = server.add_key(transfer(key(0)));
    let kids: Vec<String> = vault.transfer_keys().await.unwrap().into_iter().map(|key| key.kid).collect();
    assert_eq!(kids, [rotated.clone(), before.kid.clone()]);

    let blob = byok::wrap(&key(1), &before.public_key, &before.kid).unwrap();
    let blob = byok::parse(&blob, &Limits::default()).unwrap();
    let public = vault.import_blob(&name("a"), &blob, &Limits::default()).await.unwrap();
    assert_eq!(public, *key(1).public_key());
    server.enable(&rotated, false).unwrap();
    assert_eq!(vault.transfer_keys().await.unwrap(), [before]);
}

#[tokio::test]
async fn a_vault_without_hsm_takes_no_transfer_blobs() {
    let server = KeyVault::start(Settings::new(std::sync::Arc::new(start))).unwrap();
    let vault = open(&server, HURRY);
    assert_eq!(vault.transfer_keys().await, Ok(vec![]));
    let text = reason(vault.exchange_key().await);
    assert!(text.contains("keyward-exchange") && text.contains("docs/azure-vault.md"), "{text}");
}

#[tokio::test]
async fn the_vaults_own_keys_are_nobodys() {
    let server = deployed();
    let vault = open(&server, HURRY);
    for own in ["keyward-exchange", "keyward-provider", "Keyward-Transfer"] {
        let own = name(own);
        assert_eq!(vault.import(&own, &key(0)).await, Err(VaultError::BadName));
        assert_eq!(vault.unwrap(&own, &[7; 256]).await, Err(VaultError::BadName));
        assert_eq!(vault.describe(&own).await, Err(VaultError::BadName));
        assert_eq!(vault.remove(&own).await, Err(VaultError::BadName));
    }
    assert!(server.seen().is_empty());
}
