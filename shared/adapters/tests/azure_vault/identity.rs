//! Tokens for the vault.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use azure_core::http::ClientMethodOptions;
use azure_identity::ClientAssertion;
use chrono::TimeDelta;
use keyward_service::ports::vault::Vault as _;
use keyward_test_keyvault::{LOGIN_HOST, assertion};

use super::azure_house::{HURRY, deployed, deployed_with, open, open_as, start, transport};
use super::{name, reason};

#[tokio::test]
async fn a_token_is_used_until_it_expires_and_then_another() {
    let seconds = Arc::new(AtomicI64::new(0));
    let clock = Arc::clone(&seconds);
    let server = deployed_with(Arc::new(move || start() + TimeDelta::seconds(clock.load(Ordering::Relaxed))));
    let vault = open(&server, HURRY);
    for _ in 0..3 {
        vault.describe(&name("a")).await.unwrap();
    }
    assert_eq!(server.tokens_given(), 1);
    // No request was sent without a token, to be told so.
    let without = server.seen().into_iter().filter(|seen| !seen.with_token).map(|seen| seen.host);
    assert_eq!(without.collect::<Vec<_>>(), [LOGIN_HOST]);

    // The SDK asks anew when less than five minutes are left.
    server.change(|settings| settings.token_lifetime = TimeDelta::seconds(60));
    let vault = open(&server, HURRY);
    for call in 0..3 {
        vault.describe(&name("a")).await.unwrap();
        assert_eq!(server.tokens_given(), 2 + call);
        seconds.fetch_add(61, Ordering::Relaxed);
    }
}

#[derive(Debug)]
struct Says(String);

#[async_trait::async_trait]
impl ClientAssertion for Says {
    async fn secret(&self, _: Option<ClientMethodOptions<'_>>) -> azure_core::Result<String> {
        Ok(self.0.clone())
    }
}

#[tokio::test]
async fn who_is_not_believed_gets_no_token_and_is_told_the_number() {
    let server = deployed();
    for bad in ["", "a.b.c", &assertion(start())] {
        let vault = open_as(&server, HURRY, Says(bad.to_owned()));
        assert_eq!(reason(vault.describe(&name("a")).await), "no token for the vault, 700213");
    }
    assert!(server.seen().iter().all(|seen| seen.host == LOGIN_HOST));
}

#[tokio::test]
async fn a_server_with_another_certificate_is_not_spoken_to() {
    let (server, other) = (deployed(), deployed());
    let trusting_another = transport(&other, HURRY);
    let assertion = Says(assertion(start() + TimeDelta::days(1)));
    let credential = keyward_adapters::vault::azure::federated_credential(
        &server.authority(),
        "test-tenant",
        "keyward",
        assertion,
        &trusting_another,
    );
    let vault = keyward_adapters::vault::azure::AzureVault::new(&server.url(), credential.unwrap(), &trusting_another);
    assert!(reason(vault.unwrap().describe(&name("a")).await).starts_with("no token for the vault"));
    assert!(server.seen().is_empty());
}
