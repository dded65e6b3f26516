//! Tokens of a real OpenID provider, oauth2-mock-server, which `make test-tools` installs.

use std::path::Path;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use keyward_adapters::tokens::{HttpsDocuments, TokenError, Verifier};
use keyward_domain::Role;
use serde_json::{Value, json};

use crate::node_program::NodeProgram;
use crate::signer::refusal;

const NO_KEY: TokenError = TokenError::BadSignature("the issuer has no key with this `kid`");

struct Provider {
    program: NodeProgram,
    issuer: String,
}

impl Provider {
    fn start() -> Self {
        let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let mut program = NodeProgram::start(&repository, "oidc-provider.mjs");
        let issuer = program.line().as_str().unwrap().to_owned();
        Self { program, issuer }
    }

    fn ask(&mut self, question: &Value) -> String {
        self.program.ask(question).as_str().unwrap().to_owned()
    }

    fn token(&mut self, kid: &str) -> String {
        let claims = json!({ "aud": "keyward", "sub": "anna", "realm_access": { "roles": ["key-admins"] } });
        self.ask(&json!({ "kid": kid, "claims": claims }))
    }

    fn verifier(&self) -> Verifier {
        let issuer = json!({
            "issuer": self.issuer, "audiences": ["keyward"], "tenant": { "always": "contoso" },
            "roles": [{ "claim": ["realm_access", "roles"], "values": { "key-admins": "global_administrator" } }],
        });
        let settings = json!({ "allow_http_on_loopback": true, "issuers": [issuer] });
        Verifier::from_settings(&settings.to_string(), Arc::new(HttpsDocuments::new())).unwrap()
    }
}

/// The provider goes by the real clock.
fn now() -> DateTime<Utc> {
    std::time::SystemTime::now().into()
}

#[tokio::test]
async fn tokens_of_every_algorithm_are_believed() {
    let mut provider = Provider::start();
    let (verifier, now) = (provider.verifier(), now());
    let kids: Vec<String> = ["RS256", "PS256", "ES256"].map(|alg| provider.ask(&json!({ "add": alg }))).to_vec();
    for kid in &kids {
        let anna = verifier.verify(&provider.token(kid), now).await.unwrap();
        assert_eq!((anna.person.as_str(), anna.tenant.unwrap().as_str()), ("anna", "contoso"));
        assert_eq!(anna.roles, [Role::GlobalAdministrator]);
    }
    // An algorithm that is not among those, by a key that the provider publishes.
    let strong = provider.ask(&json!({ "add": "ES384" }));
    let later = now + TimeDelta::seconds(60);
    let unknown = TokenError::BadSignature("`alg` is not RS256, PS256 or ES256");
    assert_eq!(refusal(verifier.verify(&provider.token(&strong), later).await), Some(unknown));
}

#[tokio::test]
async fn keys_change_and_the_provider_goes_away() {
    let mut provider = Provider::start();
    let (verifier, now) = (provider.verifier(), now());
    let after = |seconds: i64| now + TimeDelta::seconds(seconds);
    let first = provider.ask(&json!({ "add": "RS256" }));
    let first = provider.token(&first);
    assert!(verifier.verify(&first, now).await.is_ok());

    let second = provider.ask(&json!({ "add": "ES256" }));
    let second = provider.token(&second);
    assert!(verifier.verify(&second, after(30)).await.is_ok());
    assert!(verifier.verify(&first, after(30)).await.is_ok());

    let third = provider.ask(&json!({ "replace": "PS256" }));
    let third = provider.token(&third);
    assert!(verifier.verify(&third, after(60)).await.is_ok());
    assert_eq!(refusal(verifier.verify(&second, after(61)).await), Some(NO_KEY));

    // Another provider with the same name and another key is not this one.
    let issuer = provider.issuer.clone();
    drop(provider);
    assert!(verifier.verify(&third, after(3000)).await.is_ok());
    let mut stranger = Provider::start();
    let kid = stranger.ask(&json!({ "add": "RS256" }));
    let forged = stranger.ask(&json!({ "kid": kid, "claims": { "iss": issuer, "aud": "keyward", "sub": "anna" } }));
    assert_eq!(refusal(verifier.verify(&forged, after(3001)).await), Some(NO_KEY));
}
