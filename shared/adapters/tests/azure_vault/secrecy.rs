//! Nothing secret is in what is logged or said, whatever the vault answers.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use keyward_service::ports::vault::Vault as _;
use keyward_test_keyvault::{Effect, Fault};
use tracing_subscriber::fmt::MakeWriter;

use super::azure_house::{HURRY, deployed, open};
use super::{SECRET, key, name, wrapped};

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[tokio::test]
async fn no_secret_is_logged_or_said() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(log.clone()).finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    let server = deployed();
    let vault = open(&server, HURRY);
    let mut said = format!("{vault:?}");

    let wrapped = wrapped(key(0).public_key());
    // A vault that repeats in its error what it was sent.
    let pkcs8 = key(0).pkcs8_der().to_vec();
    let echo = format!("{} {}", URL_SAFE_NO_PAD.encode(&pkcs8[40..]), STANDARD.encode(SECRET));
    for (method, path) in [("PUT", "/keys/a"), ("POST", "/unwrapkey"), ("POST", "/oauth2")] {
        let effect = Effect::Failed { status: 500, message: echo.clone() };
        server.fail(Fault { method, path, times: HURRY.repetitions + 1, effect });
    }
    for _ in 0..3 {
        said.push_str(&format!("{:?}", vault.import(&name("a"), &key(0)).await));
        match vault.unwrap(&name("a"), &wrapped).await {
            Ok(secret) => assert_eq!(secret.as_slice(), SECRET),
            Err(error) => said.push_str(&format!("{error} {error:?}")),
        }
    }
    assert_eq!(vault.unwrap(&name("a"), &wrapped).await.unwrap().as_slice(), SECRET);
    said.push_str(&String::from_utf8_lossy(&log.0.lock().unwrap()));
    assert!(said.contains("/keys/a"), "the log has nothing in it");

    // Any piece of the key as it travels, at each of the three places where base64 can begin.
    let numbers = &pkcs8[pkcs8.len() / 2..];
    let pieces = (0..3).map(|from| URL_SAFE_NO_PAD.encode(&numbers[from..from + 60]));
    let others = [URL_SAFE_NO_PAD.encode(SECRET), STANDARD.encode(SECRET), "token-".to_owned(), "eyJ".to_owned(), echo];
    for secret in pieces.chain(others) {
        assert!(!said.contains(&secret), "{secret}");
    }
    assert!(!said.contains("0123456789abcdef0123456789abcdef"));
}
