//! Every operation does its whole work once, over HTTP. On the local cloud, where each function has the permissions of its role and no
//! more, this shows that a role has what its function needs.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{cell::RefCell, collections::BTreeSet};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use keyward_api::{Route, routes::Method};
use keyward_domain::OperationName as Op;
use keyward_keyfile::{PublicKey, byok};
use keyward_tests::{
    keys::{PASSWORD, key, pfx_of},
    local::{Answer, Local},
};
use serde_json::{Value, json};

struct Stage {
    local: Local,
    done: RefCell<BTreeSet<&'static str>>,
}

impl Stage {
    /// Asks for an operation of contoso, which does it; stays until it is finished.
    fn ask(&self, who: &str, operation: Op, named: &[(&str, &str)], body: Value) -> Value {
        let route = Route::of(operation).unwrap();
        let path = route.fill(&[&[("tenant", "contoso")], named].concat()).unwrap();
        let token = self.local.token(who);
        let request = self.local.request(route.method.as_str(), &path, Some(&token));
        let request = if route.method == Method::Post { request.json(&body) } else { request };
        let answer = Answer::of(request.send().unwrap());
        assert!((200..300).contains(&answer.status), "{operation}: {} {}", answer.status, answer.body);
        if let Some(place) = answer.header("operation-location") {
            self.local.finish(&token, place);
        }
        self.done.borrow_mut().insert(operation.as_str());
        answer.body
    }

    fn alice(&self, operation: Op, named: &[(&str, &str)], body: Value) -> Value {
        self.ask("alice", operation, named, body)
    }

    /// Keys of each kind; `k1` is active, `k3` destroyed.
    fn keys(&self) {
        let alice = self.local.actor("alice");
        let sealed = alice.seal(PASSWORD.as_bytes());
        self.alice(Op::GenerateKey, &[], json!({ "id": "k2", "region": "europe", "sealedPassword": sealed }));
        let sealed = alice.seal_file(&pfx_of(key(0)), PASSWORD);
        self.alice(Op::UploadKey, &[], json!({ "id": "k1", "region": "europe", "sealedKeyFile": sealed }));
        let transfer = &self.alice(Op::ReadExchangeKey, &[], Value::Null)["transfer"];
        let exchange = PublicKey::from_spki_der(&STANDARD.decode(transfer["spki"].as_str().unwrap()).unwrap()).unwrap();
        let blob = STANDARD.encode(byok::wrap(key(1), &exchange, transfer["kid"].as_str().unwrap()).unwrap());
        self.alice(Op::ImportKey, &[], json!({ "id": "k3", "region": "europe", "transferBlob": blob }));
        self.alice(Op::DestroyKey, &[("key", "k3")], json!({}));
        self.alice(Op::ActivateKey, &[("key", "k2")], json!({}));
        self.ask("bob", Op::RollBackKey, &[], json!({}));
        self.local.advance(24 * 3600);
        self.alice(Op::ActivateKey, &[("key", "k1")], json!({}));
        self.alice(Op::ReadKey, &[("key", "k1")], Value::Null);
        self.alice(Op::ListKeys, &[], Value::Null);
    }

    fn environments(&self) {
        let new = json!({ "id": "extra", "name": "Extra", "kind": "sandbox", "region": "europe",
            "systemAdministrators": ["carol"], "workloads": ["orders"] });
        self.ask("olivia", Op::RegisterEnvironment, &[], new);
        let extra = [("environment", "extra")];
        self.alice(Op::ProtectEnvironment, &[("environment", "prod-eu")], json!({}));
        self.ask("carol", Op::ProtectEnvironment, &extra, json!({}));
        self.ask("orders", Op::LeaseDataKey, &extra, json!({}));
        let until = self.local.now() + chrono::TimeDelta::days(9);
        self.ask("olivia", Op::RegisterBackup, &extra, json!({ "id": "b1", "retainedUntil": until }));
        self.alice(Op::RestoreBackup, &[("environment", "extra"), ("backup", "b1")], json!({}));
        self.alice(Op::ListBackups, &extra, Value::Null);
        self.ask("carol", Op::RevertEnvironment, &extra, json!({}));
        self.alice(Op::ReadEnvironment, &extra, Value::Null);
        self.alice(Op::ReadEnvironmentHistory, &extra, Value::Null);
        self.alice(Op::ListEnvironments, &[], Value::Null);
    }

    /// With the quorum on, what has to be approved is.
    fn people(&self) {
        let person = |id: &str| json!({ "person": id, "name": id, "email": format!("{id}@contoso.example"), "role": "global_administrator" });
        let list = json!({ "administrators": [person("alice"), person("bob"), person("dora")] });
        self.alice(Op::SetAdministrators, &[], list);
        let approve = |wanted: Value| {
            let asked = self.alice(Op::RequestApproval, &[], wanted);
            let id = asked["id"].as_str().unwrap();
            self.ask("bob", Op::GiveApproval, &[("approval", id)], json!({ "plan": asked["plan"] }));
        };
        approve(json!({ "operation": "set-quorum" }));
        self.alice(Op::SetQuorum, &[], json!({ "required": true }));
        approve(json!({ "operation": "delete-environment", "environment": "extra" }));
        self.alice(Op::ListApprovals, &[], Value::Null);
        self.alice(Op::DeleteEnvironment, &[("environment", "extra")], json!({}));
        approve(json!({ "operation": "set-quorum" }));
        self.alice(Op::SetQuorum, &[], json!({ "required": false }));
    }

    fn lock(&self) {
        let alice = self.local.actor("alice");
        self.alice(Op::PlanLock, &[], Value::Null);
        self.alice(Op::ChallengePossession, &[], json!({}));
        let sealed = || alice.seal_file(&pfx_of(key(0)), PASSWORD);
        let lock = json!({ "statedName": "Contoso Ltd", "sealedKeyFile": sealed() });
        let operation = self.alice(Op::LockTenant, &[], lock)["operation"].clone();
        self.alice(Op::ReadOperation, &[("operation", operation.as_str().unwrap())], Value::Null);
        self.alice(Op::UploadKey, &[], json!({ "sealedKeyFile": sealed() }));
        self.alice(Op::ActivateKey, &[("key", "k1")], json!({}));
        self.ask("carol", Op::UnlockEnvironment, &[("environment", "prod-eu")], json!({}));
        self.ask("orders", Op::LeaseDataKey, &[("environment", "prod-eu")], json!({}));
    }
}

#[test]
fn every_operation_does_its_work() {
    let data = tempfile::tempdir().unwrap();
    let local = Local::start(&data.path().join("data"), &data.path().join("log"));
    let stage = Stage { local, done: RefCell::default() };
    let new = json!({ "id": "newco", "name": "Newco", "regions": ["europe"], "licensedSeats": 2000, "administrators":
        [{ "person": "nina", "name": "Nina", "email": "nina@newco.example", "role": "global_administrator" }] });
    stage.ask("olivia", Op::RegisterTenant, &[], new);
    stage.alice(Op::OptInTenant, &[], json!({}));
    stage.keys();
    stage.environments();
    stage.people();
    stage.local.advance(72 * 3600);
    stage.lock();
    stage.alice(Op::ReadTenant, &[], Value::Null);
    stage.alice(Op::ListAuditEvents, &[], Value::Null);
    let all: BTreeSet<&str> = Op::ALL.iter().map(|operation| operation.as_str()).collect();
    assert_eq!(*stage.done.borrow(), all, "an operation that is not played here is not shown to work in the cloud");
}
