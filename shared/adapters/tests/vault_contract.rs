//! What every vault does, whichever it is. A new kind of vault adds a [`House`] and one line at the end.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod azure_house;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock};

use keyward_adapters::vault::azure::AzureVault;
use keyward_adapters::vault::{EmbeddedVault, MasterKey};
use keyward_keyfile::{KeyBits, KeyFileError, Limits, PrivateKey, PublicKey, byok};
use keyward_service::ports::vault::{Vault, VaultError, VaultKeyName};
use keyward_test_keyvault::KeyVault;
use tempfile::TempDir;
use tokio::task::JoinSet;

/// Where a vault stands: made fresh, and opened again.
trait House: Sized {
    fn fresh() -> Self;
    fn vault(&self) -> Arc<dyn Vault>;
    fn reopened(self) -> Self;
}

struct EmbeddedHouse {
    dir: TempDir,
    vault: Arc<EmbeddedVault>,
}

impl EmbeddedHouse {
    fn open(dir: TempDir) -> Self {
        let master_key = MasterKey::load_or_create(&dir.path().join("master.key")).unwrap();
        let vault = Arc::new(EmbeddedVault::open(dir.path().join("vault"), master_key).unwrap());
        Self { dir, vault }
    }
}

impl House for EmbeddedHouse {
    fn fresh() -> Self {
        Self::open(tempfile::tempdir().unwrap())
    }

    fn vault(&self) -> Arc<dyn Vault> {
        Arc::clone(&self.vault) as Arc<dyn Vault>
    }

    fn reopened(self) -> Self {
        let Self { dir, vault } = self;
        drop(vault);
        Self::open(dir)
    }
}

/// An embedded vault that several processes have open: each use is by another of three.
struct SharedHouse {
    dir: TempDir,
    vaults: [Arc<EmbeddedVault>; 3],
    turn: AtomicUsize,
}

impl SharedHouse {
    fn open(dir: TempDir) -> Self {
        let vaults = [(); 3].map(|()| {
            let master_key = MasterKey::load_or_create(&dir.path().join("master.key")).unwrap();
            Arc::new(EmbeddedVault::open_shared(dir.path().join("vault"), master_key).unwrap())
        });
        Self { dir, vaults, turn: AtomicUsize::new(0) }
    }
}

impl House for SharedHouse {
    fn fresh() -> Self {
        Self::open(tempfile::tempdir().unwrap())
    }

    fn vault(&self) -> Arc<dyn Vault> {
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        Arc::clone(&self.vaults[turn % self.vaults.len()]) as Arc<dyn Vault>
    }

    fn reopened(self) -> Self {
        let Self { dir, vaults, .. } = self;
        drop(vaults);
        Self::open(dir)
    }
}

/// An Azure vault, reached over its REST API.
struct AzureHouse {
    server: KeyVault,
    vault: Arc<AzureVault>,
}

impl AzureHouse {
    fn at(server: KeyVault) -> Self {
        Self { vault: azure_house::open(&server, azure_house::HURRY), server }
    }
}

impl House for AzureHouse {
    fn fresh() -> Self {
        Self::at(azure_house::deployed())
    }

    fn vault(&self) -> Arc<dyn Vault> {
        Arc::clone(&self.vault) as Arc<dyn Vault>
    }

    fn reopened(self) -> Self {
        Self::at(self.server)
    }
}

static ONE: LazyLock<PrivateKey> = LazyLock::new(|| PrivateKey::generate(KeyBits::Rsa2048).unwrap());
static OTHER: LazyLock<PrivateKey> = LazyLock::new(|| PrivateKey::generate(KeyBits::Rsa2048).unwrap());

const SECRET: &[u8] = b"0123456789abcdef0123456789abcdef";

fn name(text: &str) -> VaultKeyName {
    VaultKeyName::new(text).unwrap()
}

fn wrapped(key: &PublicKey) -> Vec<u8> {
    key.wrap(SECRET, b"").unwrap()
}

async fn a_key_is_imported_described_used_and_removed<H: House>() {
    let house = H::fresh();
    let vault = house.vault();
    let wrapped = wrapped(ONE.public_key());
    assert_eq!(vault.describe(&name("a")).await, Ok(None));
    assert_eq!(vault.unwrap(&name("a"), &wrapped).await, Err(VaultError::NotFound));

    vault.import(&name("a"), &ONE).await.unwrap();
    assert_eq!(vault.describe(&name("a")).await.unwrap().as_ref(), Some(ONE.public_key()));
    assert_eq!(vault.unwrap(&name("a"), &wrapped).await.unwrap().as_slice(), SECRET);
    assert_eq!(vault.describe(&name("b")).await, Ok(None));

    vault.remove(&name("a")).await.unwrap();
    assert_eq!(vault.describe(&name("a")).await, Ok(None));
    assert_eq!(vault.unwrap(&name("a"), &wrapped).await, Err(VaultError::NotFound));
    vault.remove(&name("a")).await.unwrap();
    vault.remove(&name("never-there")).await.unwrap();
}

async fn what_was_done_holds_after_reopening<H: House>() {
    let house = H::fresh();
    let vault = house.vault();
    let (exchange, provider) = (vault.exchange_key().await.unwrap(), vault.provider_key().await.unwrap());
    vault.import(&name("kept"), &ONE).await.unwrap();
    vault.import(&name("removed"), &OTHER).await.unwrap();
    vault.remove(&name("removed")).await.unwrap();
    drop(vault);

    let house = house.reopened();
    let vault = house.vault();
    assert_eq!(vault.exchange_key().await.unwrap(), exchange);
    assert_eq!(vault.provider_key().await.unwrap(), provider);
    assert_eq!(vault.unwrap(&name("kept"), &wrapped(ONE.public_key())).await.unwrap().as_slice(), SECRET);
    assert_eq!(vault.describe(&name("removed")).await, Ok(None));
    let gone = vault.unwrap(&name("removed"), &wrapped(OTHER.public_key())).await;
    assert_eq!(gone, Err(VaultError::NotFound));
}

async fn importing_the_same_key_again_is_no_error_and_another_is_refused<H: House>() {
    let house = H::fresh();
    let vault = house.vault();
    vault.import(&name("a"), &ONE).await.unwrap();
    vault.import(&name("a"), &ONE).await.unwrap();
    assert_eq!(vault.import(&name("a"), &OTHER).await, Err(VaultError::NameTaken));
    assert_eq!(vault.describe(&name("a")).await.unwrap().as_ref(), Some(ONE.public_key()));
    drop(vault);

    let house = house.reopened();
    let vault = house.vault();
    vault.import(&name("a"), &ONE).await.unwrap();
    assert_eq!(vault.import(&name("a"), &OTHER).await, Err(VaultError::NameTaken));
    // The key that locked a tenant comes back when the tenant unlocks.
    vault.remove(&name("a")).await.unwrap();
    vault.import(&name("a"), &ONE).await.unwrap();
    assert_eq!(vault.unwrap(&name("a"), &wrapped(ONE.public_key())).await.unwrap().as_slice(), SECRET);
}

async fn what_was_not_wrapped_for_the_key_is_refused<H: House>() {
    let house = H::fresh();
    let vault = house.vault();
    vault.import(&name("a"), &ONE).await.unwrap();
    let good = wrapped(ONE.public_key());
    let mut flipped = good.clone();
    flipped[100] ^= 1;
    let with_label = ONE.public_key().wrap(SECRET, b"label").unwrap();
    let for_another = wrapped(OTHER.public_key());
    let inputs =
        [&[][..], &[0], &good[..255], &[&good[..], &[0]].concat(), &flipped, &with_label, &for_another, &[7; 100_000]];
    for input in inputs {
        assert_eq!(vault.unwrap(&name("a"), input).await, Err(VaultError::NotForThisKey));
        assert_eq!(vault.unwrap_provider(input).await, Err(VaultError::NotForThisKey));
        let kid = vault.exchange_key().await.unwrap().kid;
        assert_eq!(vault.open_exchange(&kid, input).await, Err(VaultError::NotForThisKey));
    }
    assert_eq!(vault.unwrap(&name("a"), &good).await.unwrap().as_slice(), SECRET);
}

async fn the_vaults_own_keys_unwrap_what_is_wrapped_for_them<H: House>() {
    let house = H::fresh();
    let vault = house.vault();
    let (exchange, provider) = (vault.exchange_key().await.unwrap(), vault.provider_key().await.unwrap());
    assert_ne!(exchange, provider);
    assert_eq!(exchange.public_key.bits(), 2048);
    assert_eq!(provider.public_key.bits(), 2048);
    let sealed = wrapped(&exchange.public_key);
    assert_eq!(vault.open_exchange(&exchange.kid, &sealed).await.unwrap().as_slice(), SECRET);
    assert_eq!(vault.open_exchange(&provider.kid, &sealed).await, Err(VaultError::NotFound));
    assert_eq!(vault.unwrap_provider(&wrapped(&provider.public_key)).await.unwrap().as_slice(), SECRET);
    assert_eq!(vault.unwrap_provider(&sealed).await, Err(VaultError::NotForThisKey));
}

async fn a_transfer_blob_brings_its_key<H: House>() {
    let house = H::fresh();
    let vault = house.vault();
    let limits = Limits::default();
    let exchange = vault.transfer_keys().await.unwrap().remove(0);
    let blob =
        |key: &PrivateKey, to: &PublicKey| byok::parse(&byok::wrap(key, to, &exchange.kid).unwrap(), &limits).unwrap();
    let good = blob(&ONE, &exchange.public_key);
    for _ in 0..2 {
        assert_eq!(vault.import_blob(&name("a"), &good, &limits).await.as_ref(), Ok(ONE.public_key()));
    }
    assert_eq!(vault.unwrap(&name("a"), &wrapped(ONE.public_key())).await.unwrap().as_slice(), SECRET);

    let others = blob(&OTHER, &exchange.public_key);
    assert_eq!(vault.import_blob(&name("a"), &others, &limits).await, Err(VaultError::NameTaken));
    let foreign = blob(&ONE, OTHER.public_key());
    let refused = VaultError::Refused(KeyFileError::ByokNotForThisVault);
    assert_eq!(vault.import_blob(&name("b"), &foreign, &limits).await, Err(refused));
    let small = Limits { key_bits: vec![KeyBits::Rsa4096], ..Limits::default() };
    let refused = vault.import_blob(&name("b"), &good, &small).await;
    assert!(matches!(refused, Err(VaultError::Refused(KeyFileError::KeySizeNotAllowed { .. }))), "{refused:?}");
    assert_eq!(vault.describe(&name("b")).await, Ok(None));

    drop(vault);
    let house = house.reopened();
    assert_eq!(house.vault().transfer_keys().await.unwrap().remove(0), exchange);
    assert_eq!(house.vault().import_blob(&name("c"), &good, &limits).await.as_ref(), Ok(ONE.public_key()));
}

async fn concurrent_imports_of_two_keys_leave_one<H: House>() {
    let house = H::fresh();
    let mut tasks = JoinSet::new();
    for turn in 0..16 {
        let vault = house.vault();
        tasks.spawn(async move { vault.import(&name("a"), if turn % 2 == 0 { &ONE } else { &OTHER }).await });
    }
    let results = tasks.join_all().await;
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 8);
    assert_eq!(results.iter().filter(|result| **result == Err(VaultError::NameTaken)).count(), 8);
    let held = house.vault().describe(&name("a")).await.unwrap().unwrap();
    assert!(held == *ONE.public_key() || held == *OTHER.public_key());
}

async fn a_use_racing_with_a_removal_does_not_bring_the_key_back<H: House>() {
    let house = H::fresh();
    let wrapped = wrapped(ONE.public_key());
    for _ in 0..20 {
        house.vault().import(&name("a"), &ONE).await.unwrap();
        let mut tasks = JoinSet::new();
        for turn in 0..9 {
            let (vault, wrapped) = (house.vault(), wrapped.clone());
            tasks.spawn(async move {
                if turn == 4 {
                    return vault.remove(&name("a")).await;
                }
                match vault.unwrap(&name("a"), &wrapped).await {
                    Ok(secret) => assert_eq!(secret.as_slice(), SECRET),
                    Err(VaultError::NotFound) => {}
                    Err(error) => panic!("{error}"),
                }
                Ok(())
            });
        }
        for result in tasks.join_all().await {
            result.unwrap();
        }
        assert_eq!(house.vault().unwrap(&name("a"), &wrapped).await, Err(VaultError::NotFound));
        assert_eq!(house.vault().describe(&name("a")).await, Ok(None));
    }
}

async fn many_keys_change_at_once<H: House>() {
    let house = H::fresh();
    let mut tasks = JoinSet::new();
    for number in 0..12 {
        let vault = house.vault();
        tasks.spawn(async move {
            let (name, key) = (name(&format!("key-{number}")), if number % 2 == 0 { &*ONE } else { &*OTHER });
            vault.import(&name, key).await.unwrap();
            assert_eq!(vault.unwrap(&name, &wrapped(key.public_key())).await.unwrap().as_slice(), SECRET);
            if number % 3 == 0 {
                vault.remove(&name).await.unwrap();
            }
        });
    }
    tasks.join_all().await;
    for number in 0..12 {
        let held = house.vault().describe(&name(&format!("key-{number}"))).await.unwrap();
        assert_eq!(held.is_some(), number % 3 != 0, "key-{number}");
    }
}

/// Runs the contract against a kind of vault.
macro_rules! contract {
    ($house:ident in $module:ident: $($test:ident)*) => {
        mod $module {
            $(#[tokio::test]
            async fn $test() {
                super::$test::<super::$house>().await;
            })*
        }
    };
    ($house:ident in $module:ident) => {
        contract! { $house in $module:
            a_key_is_imported_described_used_and_removed
            what_was_done_holds_after_reopening
            importing_the_same_key_again_is_no_error_and_another_is_refused
            what_was_not_wrapped_for_the_key_is_refused
            the_vaults_own_keys_unwrap_what_is_wrapped_for_them
            a_transfer_blob_brings_its_key
            concurrent_imports_of_two_keys_leave_one
            a_use_racing_with_a_removal_does_not_bring_the_key_back
            many_keys_change_at_once
        }
    };
}

contract! { EmbeddedHouse in embedded }
contract! { SharedHouse in embedded_shared }
contract! { AzureHouse in azure }
