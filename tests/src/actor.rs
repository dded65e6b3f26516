//! People who talk HTTP with a local process. Each request carries a token of that moment, so that a moved clock does not matter.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use chrono::{DateTime, Utc};
use keyward_keyfile::{PublicKey, jwe};
use serde_json::{Value, json};

use crate::{
    keys::sealed,
    local::{Answer, Local},
};

/// The tenant of the demo world.
pub const CONTOSO: &str = "/v1/tenants/contoso";

/// Somebody of the demo world.
#[derive(Clone, Copy)]
pub struct Actor<'a> {
    pub local: &'a Local,
    pub name: &'a str,
}

impl Local {
    pub fn actor<'a>(&'a self, name: &'a str) -> Actor<'a> {
        Actor { local: self, name }
    }

    pub fn now(&self) -> DateTime<Utc> {
        instant(&Answer::of(self.request("GET", "/dev/clock", None).send().unwrap()).body["now"])
    }

    /// Runs what is due now, so that what was decided is also sent.
    pub fn settle(&self) {
        self.advance(0);
    }

    /// Moves the clock to an instant, or up to a second past it.
    pub fn advance_to(&self, at: DateTime<Utc>) -> Value {
        let left = at - self.now();
        self.advance(left.num_seconds() + i64::from(left.subsec_nanos() > 0))
    }
}

impl Answer {
    pub fn must_be(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.body);
        self
    }

    pub fn must_refuse(self, status: u16, code: &str) -> Self {
        assert_eq!((self.status, self.code()), (status, code), "{}", self.body);
        self
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }
}

impl Actor<'_> {
    /// Asks under the tenant contoso.
    pub fn get(&self, path: &str) -> Answer {
        self.local.get(&self.local.token(self.name), &format!("{CONTOSO}{path}"))
    }

    /// Asks for a change under the tenant contoso.
    pub fn post(&self, path: &str, body: &Value) -> Answer {
        self.local.post(&self.local.token(self.name), &format!("{CONTOSO}{path}"), body)
    }

    /// The same with headers.
    pub fn post_with(&self, path: &str, headers: &[(&str, &str)], body: &Value) -> Answer {
        let token = self.local.token(self.name);
        let mut request = self.local.request("POST", &format!("{CONTOSO}{path}"), Some(&token));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        Answer::of(request.json(body).send().unwrap())
    }

    /// The public key to which is sealed, and its identifier.
    pub fn exchange_key(&self) -> (PublicKey, String) {
        let answer = self.get("/exchange-key").must_be(200).body;
        let spki = STANDARD.decode(answer["spki"].as_str().unwrap()).unwrap();
        (PublicKey::from_spki_der(&spki).unwrap(), answer["kid"].as_str().unwrap().to_owned())
    }

    pub fn seal(&self, secret: &[u8]) -> String {
        let (recipient, kid) = self.exchange_key();
        jwe::seal(secret, &recipient, &kid).unwrap()
    }

    pub fn seal_file(&self, pfx: &[u8], password: &str) -> String {
        let (recipient, kid) = self.exchange_key();
        sealed(pfx, password, &recipient, &kid)
    }

    /// Generates a key; its PFX.
    pub fn generate(&self, id: &str, password: &str) -> Vec<u8> {
        let body = json!({ "id": id, "region": "europe", "sealedPassword": self.seal(password.as_bytes()) });
        let answer = self.post("/keys/generate", &body).must_be(201);
        STANDARD.decode(answer.body["pfx"].as_str().unwrap()).unwrap()
    }

    pub fn upload(&self, id: &str, pfx: &[u8], password: &str) -> Answer {
        let body = json!({ "id": id, "region": "europe", "sealedKeyFile": self.seal_file(pfx, password) });
        self.post("/keys/upload", &body)
    }

    /// Activates a key and stays until the data keys are re-wrapped.
    pub fn activate(&self, id: &str) -> Answer {
        let answer = self.post(&format!("/keys/{id}/activate"), &json!({}));
        self.finish(answer)
    }

    pub fn lock_with_file(&self, pfx: &[u8], password: &str) -> Answer {
        let sealed = self.seal_file(pfx, password);
        self.finish(self.post("/lock", &json!({ "statedName": "Contoso Ltd", "sealedKeyFile": sealed })))
    }

    /// Locks with a signed challenge.
    pub fn lock_with_signature(&self, sign: impl Fn(&[u8]) -> Vec<u8>) -> Answer {
        let challenge = self.post("/lock/challenge", &json!({})).must_be(200).body;
        let message = STANDARD.decode(challenge["message"].as_str().unwrap()).unwrap();
        let answer = json!({ "challenge": challenge["challenge"], "signature": STANDARD.encode(sign(&message)) });
        self.finish(self.post("/lock", &json!({ "statedName": "Contoso Ltd", "answer": answer })))
    }

    /// Stays until the operation that an answer started has ended.
    pub fn finish(&self, answer: Answer) -> Answer {
        if answer.status == 202 {
            let place = answer.header("operation-location").unwrap();
            self.local.finish(&self.local.token(self.name), place);
        }
        answer
    }

    pub fn lease(&self, environment: &str) -> Answer {
        self.post(&format!("/environments/{environment}/data-keys/lease"), &json!({}))
    }

    /// Every element of a list, page by page.
    pub fn list(&self, path: &str) -> Vec<Value> {
        let token = self.local.token(self.name);
        let mut link = format!("{CONTOSO}{path}");
        let mut all = Vec::new();
        for _ in 0..1000 {
            let page = self.local.get(&token, &link).must_be(200).body;
            all.extend(page["value"].as_array().unwrap().iter().cloned());
            match page["nextLink"].as_str() {
                Some(next) => link = next.to_owned(),
                None => return all,
            }
        }
        panic!("the list {path} does not end");
    }

    /// The whole audit log.
    pub fn audit(&self) -> Vec<Value> {
        self.list("/audit-events?limit=100")
    }
}

/// An instant of an answer.
pub fn instant(value: &Value) -> DateTime<Utc> {
    value.as_str().and_then(|text| text.parse().ok()).unwrap_or_else(|| panic!("{value} is no instant"))
}
