//! What is done with keys: making them, changing what is said of them, wrapping and unwrapping.

use std::sync::Arc;

use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use keyward_keyfile::{KeyBits, PrivateKey};
use serde_json::{Value, json};

use crate::answers::{Refusal, answer};
use crate::attributes::Attributes;
use crate::key_store::{KeyStore, Version, bytes, default_operations, random_id};
use crate::server::Settings;

/// Versions in a page of a list.
const PAGE: usize = 25;

impl KeyStore {
    pub(crate) fn create(
        &mut self,
        name: &str,
        body: &Value,
        settings: &Settings,
        now: DateTime<Utc>,
    ) -> Result<Response, Refusal> {
        self.check_free(name)?;
        let hsm = body["kty"] == "RSA-HSM";
        if !(body["kty"] == "RSA" || hsm && settings.premium) {
            return Err(Refusal::bad("Only RSA keys are made here, in an HSM only in a premium vault."));
        }
        let bits = body["key_size"].as_u64().unwrap_or(2048);
        let bits = u32::try_from(bits).ok().and_then(|bits| KeyBits::try_from(bits).ok());
        let key = bits.and_then(|bits| PrivateKey::generate(bits).ok()).ok_or_else(|| Refusal::bad("key_size"))?;
        let operations = body["key_ops"].as_array().map_or_else(default_operations, |given| {
            given.iter().filter_map(Value::as_str).map(str::to_owned).collect()
        });
        let mut attributes = Attributes::new(now);
        attributes.set(body, now)?;
        let version = Version { id: random_id(), key: Arc::new(key), hsm, operations, attributes };
        Ok(self.added(name, version, settings))
    }

    pub(crate) fn import(
        &mut self,
        name: &str,
        body: &Value,
        settings: &Settings,
        now: DateTime<Utc>,
    ) -> Result<Response, Refusal> {
        self.check_free(name)?;
        let version = self.imported(body, settings.premium, now)?;
        Ok(self.added(name, version, settings))
    }

    fn added(&mut self, name: &str, version: Version, settings: &Settings) -> Response {
        let version = self.add(name, version).clone();
        answer(200, &self.shown(name, &version, settings.recovery_level()))
    }

    pub(crate) fn read(&self, name: &str, version: &str, settings: &Settings) -> Result<Response, Refusal> {
        let version = self.version(name, version)?;
        Ok(answer(200, &self.shown(name, version, settings.recovery_level())))
    }

    pub(crate) fn update(
        &mut self,
        name: &str,
        version: &str,
        body: &Value,
        settings: &Settings,
        now: DateTime<Utc>,
    ) -> Result<Response, Refusal> {
        let held = self.version_mut(name, version)?;
        held.attributes.set(body, now)?;
        if let Some(operations) = body["key_ops"].as_array() {
            held.operations = operations.iter().filter_map(Value::as_str).map(str::to_owned).collect();
        }
        self.read(name, version, settings)
    }

    /// A page of a key's versions, in an order that says nothing.
    pub(crate) fn list_versions(&self, name: &str, after: usize, settings: &Settings) -> Response {
        let mut versions: Vec<&Version> = self.keys.get(name).into_iter().flatten().collect();
        versions.sort_by(|one, other| one.id.cmp(&other.id));
        let shown = |version: &&Version| {
            json!({
                "kid": self.kid(name, version),
                "attributes": version.attributes.shown(settings.recovery_level()),
                "tags": version.attributes.tags,
            })
        };
        let page: Vec<Value> = versions.iter().skip(after).take(PAGE).map(shown).collect();
        let next = after + page.len();
        let link = match &settings.next_link {
            Some(link) => Value::from(link.clone()),
            None if next < versions.len() => Value::from(format!(
                "{}{name}/versions?api-version={}&$skiptoken={next}",
                self.prefix,
                crate::API_VERSION
            )),
            None => Value::Null,
        };
        answer(200, &json!({ "value": page, "nextLink": link }))
    }

    /// Wraps or unwraps, encrypts or decrypts: RSA-OAEP with SHA-256.
    pub(crate) fn operate(
        &self,
        name: &str,
        version: &str,
        operation: &str,
        body: &Value,
        now: DateTime<Utc>,
    ) -> Result<Response, Refusal> {
        let (operation, forward) = match operation {
            "wrapkey" => ("wrapKey", true),
            "encrypt" => ("encrypt", true),
            "unwrapkey" => ("unwrapKey", false),
            "decrypt" => ("decrypt", false),
            _ => return Err(Refusal::no_such_address()),
        };
        let held = self.version(name, version)?;
        check_use(held, operation, forward, now)?;
        if body["alg"] != "RSA-OAEP-256" {
            return Err(Refusal::bad("The algorithm is not RSA-OAEP-256."));
        }
        let value = bytes(body["value"].as_str().ok_or_else(|| Refusal::bad("There is no value."))?)?;
        let bad = |_| Refusal::bad("The parameter is incorrect.");
        let result = if forward {
            held.key.public_key().wrap(&value, b"").map_err(bad)?
        } else {
            held.key.unwrap(&value, b"").map_err(bad)?.to_vec()
        };
        Ok(answer(200, &json!({ "kid": self.kid(name, held), "value": URL_SAFE_NO_PAD.encode(result) })))
    }
}

/// Whether a version may be used so. Outside its dates a key still unwraps and decrypts, as in Azure.
fn check_use(held: &Version, operation: &str, forward: bool, now: DateTime<Utc>) -> Result<(), Refusal> {
    let attributes = &held.attributes;
    if !attributes.enabled {
        return Err(Refusal::forbidden(
            "KeyDisabled",
            format!("Operation {operation} is not allowed on a disabled key."),
        ));
    }
    if forward && attributes.not_before.is_some_and(|begins| now < begins) {
        return Err(Refusal::forbidden("KeyNotYetValid", format!("Operation {operation} is not allowed yet.")));
    }
    if forward && attributes.expires.is_some_and(|ends| now >= ends) {
        return Err(Refusal::forbidden(
            "KeyExpired",
            format!("Operation {operation} is not allowed on an expired key."),
        ));
    }
    if !held.operations.iter().any(|permitted| permitted == operation) {
        let message = format!("Operation {operation} is not permitted on this key.");
        return Err(Refusal::forbidden("KeyOperationForbidden", message));
    }
    Ok(())
}
