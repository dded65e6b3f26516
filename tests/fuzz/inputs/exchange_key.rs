//! The vault's exchange key, the same in each run. It protects nothing: it was made for this.

use std::sync::LazyLock;

use keyward_keyfile::{Limits, PrivateKey};

pub(crate) static EXCHANGE_KEY: LazyLock<PrivateKey> = LazyLock::new(|| {
    let pkcs8 = include_bytes!("exchange_key.pkcs8");
    PrivateKey::from_pkcs8(pkcs8, &Limits::default()).unwrap()
});
