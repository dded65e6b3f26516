//! Every operation, asked for by everybody, with every kind of token (A1, A2). What is expected comes from the domain's table of roles.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a test fails by panicking and says what it measured")]

mod tokens;

use keyward_adapters::tokens::{AUDIENCE, Claims, DevelopmentIssuer, ISSUER};
use keyward_api::{ROUTES, Route};
use keyward_domain::{OperationName, Role};
use keyward_tests::{
    actor::CONTOSO,
    keys::{PASSWORD, key, pfx_of},
    local::{Answer, Local},
};
use serde_json::{Value, json};
use tempfile::TempDir;

/// A body with which an allowed caller always gets the same answer and changes nothing that matters, and the status of that answer.
/// There is no other arm: an operation without a row does not compile.
fn row(operation: OperationName) -> (Value, u16) {
    use OperationName as Op;
    let tenant = json!({ "id": "contoso", "name": "C", "regions": ["europe"], "licensedSeats": 1, "administrators":
        [{ "person": "eve", "name": "Eve", "email": "eve@x.example", "role": "global_administrator" }] });
    let environment = json!({ "id": "prod-eu", "name": "P", "kind": "sandbox", "region": "europe" });
    match operation {
        Op::RegisterTenant => (tenant, 409),
        Op::OptInTenant => (json!({}), 409),
        // Nobody of today's administrators would stay; what is off already; what needs no approval; what nobody has asked for.
        Op::SetAdministrators => (json!({ "administrators": tenant["administrators"] }), 409),
        Op::SetQuorum => (json!({ "required": false }), 200),
        Op::RequestApproval => (json!({ "operation": "lock-tenant" }), 409),
        Op::GiveApproval => (json!({ "plan": "0".repeat(64) }), 404),
        Op::GenerateKey => (json!({ "id": "k9", "region": "europe", "sealedPassword": "none" }), 422),
        Op::UploadKey => (json!({ "id": "k9", "region": "europe", "sealedKeyFile": "none" }), 422),
        Op::ImportKey => (json!({ "id": "k9", "region": "europe", "transferBlob": "none" }), 422),
        Op::ActivateKey => (json!({}), 200),
        Op::RollBackKey | Op::DestroyKey => (json!({}), 409),
        Op::RegisterEnvironment => (environment, 409),
        Op::ProtectEnvironment | Op::UnlockEnvironment => (json!({}), 409),
        Op::RevertEnvironment | Op::DeleteEnvironment => (json!({}), 409),
        Op::RegisterBackup => (json!({ "id": "b1", "retainedUntil": "2030-01-01T00:00:00Z" }), 409),
        Op::RestoreBackup => (json!({}), 200),
        Op::LockTenant => (json!({ "statedName": "Nobody", "sealedKeyFile": "none" }), 409),
        Op::ChallengePossession | Op::LeaseDataKey => (json!({}), 200),
        Op::ReadTenant
        | Op::ListApprovals
        | Op::ListAuditEvents
        | Op::ReadExchangeKey
        | Op::ListKeys
        | Op::ReadKey
        | Op::ListEnvironments
        | Op::ReadEnvironment
        | Op::ReadEnvironmentHistory
        | Op::ListBackups
        | Op::PlanLock
        | Op::ReadOperation => (Value::Null, 200),
    }
}

/// Contoso with everything that a path can name.
struct Stage {
    data: TempDir,
    local: Local,
    issuer: DevelopmentIssuer,
    operation: String,
}

impl Stage {
    fn new() -> Self {
        let data = tempfile::tempdir().unwrap();
        let local = Local::start(&data.path().join("data"), &data.path().join("log"));
        let alice = local.actor("alice");
        alice.post("/opt-in", &json!({})).must_be(200);
        alice.upload("k1", &pfx_of(key(0)), PASSWORD).must_be(201);
        let operation = alice.activate("k1").must_be(202).body["operation"].as_str().unwrap().to_owned();
        alice.post("/environments/prod-eu/protect", &json!({})).must_be(200);
        // No rollback is open any more, so that no administrator gets one.
        local.advance(73 * 3600);
        let until = local.now() + chrono::TimeDelta::days(9);
        let backup = json!({ "id": "b1", "retainedUntil": until });
        local.actor("olivia").post("/environments/prod-eu/backups", &backup).must_be(201);
        let issuer = DevelopmentIssuer::load_or_create(&data.path().join("data")).unwrap();
        Self { data, local, issuer, operation }
    }

    fn path(&self, route: &Route, tenant: &str) -> String {
        let values = [
            ("tenant", tenant),
            ("environment", "prod-eu"),
            ("key", "k1"),
            ("backup", "b1"),
            ("operation", self.operation.as_str()),
            ("approval", "ap-1"),
        ];
        route.fill(&values).unwrap()
    }

    fn ask(&self, route: &Route, tenant: &str, token: Option<&str>) -> (Answer, String) {
        let mut request = self.local.request(route.method.as_str(), &self.path(route, tenant), token);
        if route.request.is_some() {
            request = request.json(&row(route.operation).0);
        }
        let response = request.send().unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().unwrap();
        let body = serde_json::from_str(&text).unwrap_or(Value::Null);
        (Answer { status, headers, body }, text)
    }

    fn claims(&self, person: &str, tenant: Option<&str>, roles: &[&str]) -> Claims {
        let now = self.local.now().timestamp();
        Claims {
            iss: ISSUER.to_owned(),
            aud: AUDIENCE.to_owned(),
            sub: person.to_owned(),
            tid: tenant.map(str::to_owned),
            name: person.to_owned(),
            roles: roles.iter().map(ToString::to_string).collect(),
            iat: now,
            nbf: Some(now),
            exp: now + 8 * 3600,
            auth_time: Some(now),
        }
    }

    fn sign(&self, claims: &Claims) -> String {
        self.issuer.sign(claims).unwrap()
    }

    fn audit(&self) -> Vec<Value> {
        self.local.actor("alice").audit()
    }
}

#[test]
fn nobody_without_a_good_token_gets_anywhere() {
    let stage = Stage::new();
    let events = stage.audit().len();
    let tokens = tokens::unbelieved(&stage);
    for route in ROUTES {
        for (name, token, code) in &tokens {
            let (answer, text) = stage.ask(route, "contoso", token.as_deref());
            assert_eq!((answer.status, answer.code()), (401, *code), "{} with {name}: {text}", route.operation);
            assert!(answer.header("www-authenticate").is_some(), "{name}");
            assert!(token.as_ref().is_none_or(|token| token.is_empty() || !text.contains(token.as_str())), "{name}");
        }
    }
    assert_eq!(stage.audit().len(), events);
    let log = std::fs::read_to_string(stage.data.path().join("log")).unwrap();
    assert!(!log.contains("kanarienvogel"));
    println!("{} operations with {} tokens that are none", ROUTES.len(), tokens.len());
}

/// Somebody of contoso or of the provider, with the roles that count.
struct Caller {
    name: &'static str,
    person: &'static str,
    tenant: Option<&'static str>,
    in_token: &'static [&'static str],
    roles: &'static [Role],
    /// Whether the roles count only for operations on prod-eu.
    in_environment: bool,
}

const fn caller(
    name: &'static str,
    person: &'static str,
    tenant: Option<&'static str>,
    in_token: &'static [&'static str],
    roles: &'static [Role],
) -> Caller {
    Caller { name, person, tenant, in_token, roles, in_environment: false }
}

const CALLERS: [Caller; 12] = [
    caller("operator", "olivia", None, &["operator"], &[Role::Operator]),
    caller("global administrator", "alice", Some("contoso"), &["global_administrator"], &[Role::GlobalAdministrator]),
    caller("service administrator", "bob", Some("contoso"), &["service_administrator"], &[Role::ServiceAdministrator]),
    caller("auditor", "ada", Some("contoso"), &["auditor"], &[Role::Auditor]),
    Caller {
        in_environment: true,
        ..caller("system administrator of the environment", "carol", Some("contoso"), &[], &[Role::SystemAdministrator])
    },
    Caller { in_environment: true, ..caller("workload", "orders", Some("contoso"), &[], &[Role::Workload]) },
    caller("nobody special", "zoe", Some("contoso"), &[], &[]),
    // Roles that a token of this kind can't carry.
    caller("operator of a tenant", "zoe", Some("contoso"), &["operator"], &[]),
    caller("workload by its token", "zoe", Some("contoso"), &["workload", "system_administrator"], &[]),
    caller(
        "roles written otherwise",
        "zoe",
        Some("contoso"),
        &["Global_Administrator", "global administrator", "*"],
        &[],
    ),
    caller("auditor and operator of a tenant", "zoe", Some("contoso"), &["auditor", "operator"], &[Role::Auditor]),
    caller(
        "both administrators",
        "zoe",
        Some("contoso"),
        &["global_administrator", "service_administrator"],
        &[Role::GlobalAdministrator, Role::ServiceAdministrator],
    ),
];

impl Caller {
    /// What an allowed caller is answered with. An administrator by the token alone, who is not on the tenant's list, decides little (A6).
    fn answer(&self, operation: OperationName) -> u16 {
        let of_listed = operation.needs_quorum() && operation != OperationName::SetQuorum;
        if self.person == "zoe" && of_listed { 403 } else { row(operation).1 }
    }

    fn may(&self, route: &Route) -> bool {
        let counts = !self.in_environment || route.path.contains("{environment}");
        counts && self.roles.iter().any(|role| route.operation.roles().contains(role))
    }
}

#[test]
fn the_table_of_roles_is_what_happens() {
    let stage = Stage::new();
    assert_eq!(ROUTES.len(), OperationName::ALL.len());
    let (mut allowed, mut refused, mut logged) = (0, 0, Vec::new());
    let before = stage.audit().len();
    for who in &CALLERS {
        let token = stage.sign(&stage.claims(who.person, who.tenant, who.in_token));
        for route in ROUTES {
            let (answer, text) = stage.ask(route, "contoso", Some(&token));
            let what = format!("{} by {}: {text}", route.operation, who.name);
            if who.may(route) {
                allowed += 1;
                assert_eq!(answer.status, who.answer(route.operation), "{what}");
                assert_ne!(answer.code(), "forbidden", "{what}");
            } else {
                refused += 1;
                assert_eq!((answer.status, answer.code()), (403, "forbidden"), "{what}");
                if route.operation.is_destructive() {
                    logged.push((route.operation.to_string(), who.person));
                }
            }
        }
    }
    // A4: each refused destructive request is in the audit log, with who asked.
    let audit = stage.audit();
    let forbidden: Vec<(String, &str)> = audit[before..]
        .iter()
        .filter(|entry| entry["event"]["code"] == "forbidden")
        .map(|entry| (entry["event"]["operation"].as_str().unwrap().to_owned(), entry["by"].as_str().unwrap()))
        .collect();
    assert_eq!(forbidden, logged);
    println!(
        "{} operations by {} callers: {allowed} allowed, {refused} refused, {} of these logged",
        ROUTES.len(),
        CALLERS.len(),
        logged.len()
    );
}

/// A5: with a sign-in of a second less than ten minutes ago everything is as it is; with one of ten minutes ago, or none that the token
/// tells of, what takes something away is refused, and nothing else is.
#[test]
fn what_takes_something_away_needs_a_recent_sign_in() {
    let stage = Stage::new();
    let now = stage.local.now().timestamp();
    let (mut refused, before) = (0, stage.audit().len());
    for (signed_in, is_recent) in [(Some(now - 300), true), (Some(now - 600), false), (None, false)] {
        let claims = stage.claims("alice", Some("contoso"), &["global_administrator"]);
        let token = stage.sign(&Claims { auth_time: signed_in, ..claims });
        for route in ROUTES.iter().filter(|route| route.operation.roles().contains(&Role::GlobalAdministrator)) {
            let (answer, text) = stage.ask(route, "contoso", Some(&token));
            let what = format!("{} with {signed_in:?}: {text}", route.operation);
            if is_recent || !route.operation.needs_recent_sign_in() {
                assert_eq!(answer.status, row(route.operation).1, "{what}");
                continue;
            }
            refused += 1;
            assert_eq!((answer.status, answer.code()), (401, "sign_in_too_old"), "{what}");
            assert_eq!(answer.body["maxAgeSeconds"], 600, "{what}");
            let how = answer.header("www-authenticate").unwrap();
            assert!(how.contains("insufficient_user_authentication") && how.contains("max_age=\"600\""), "{how}");
        }
    }
    // A4: each of these is in the log.
    let audit = stage.audit();
    let logged = audit[before..].iter().filter(|entry| entry["event"]["code"] == "sign_in_too_old");
    assert_eq!(logged.count(), refused);
    println!("{refused} refused for an old sign-in");
}

/// Headers by which two answers could be told apart.
fn headers(answer: &Answer) -> Vec<(String, Vec<u8>)> {
    let all = answer.headers.iter().filter(|(name, _)| *name != "date");
    all.map(|(name, value)| (name.to_string(), value.as_bytes().to_vec())).collect()
}

/// A2: whoever is of another tenant, or of none, sees of contoso just what there is to see of a tenant that does not exist.
#[test]
fn another_tenant_does_not_exist() {
    let stage = Stage::new();
    let before = (stage.local.get(&stage.local.token("alice"), CONTOSO).must_be(200), stage.audit().len());
    let foreign = [
        ("administrator", stage.claims("frank", Some("fabrikam"), &["global_administrator"])),
        (
            "both and auditor",
            stage.claims("frank", Some("fabrikam"), &["service_administrator", "auditor", "operator"]),
        ),
        ("namesake of an administrator", stage.claims("alice", Some("fabrikam"), &["global_administrator"])),
        ("namesake of a workload", stage.claims("orders", Some("fabrikam"), &[])),
        ("of a tenant that does not exist", stage.claims("alice", Some("nowhere"), &["global_administrator"])),
        ("administrator of no tenant", stage.claims("alice", None, &["global_administrator"])),
    ];
    let mut compared = 0;
    for (name, claims) in &foreign {
        let token = stage.sign(claims);
        for route in ROUTES {
            let what = format!("{} by the {name}", route.operation);
            let (there, text) = stage.ask(route, "contoso", Some(&token));
            if route.operation == OperationName::RegisterTenant {
                assert_eq!((there.status, there.code()), (403, "forbidden"), "{what}");
                continue;
            }
            let missing = if claims.tid.as_deref() == Some("nowhere") { "nothing" } else { "nowhere" };
            let (not_there, other_text) = stage.ask(route, missing, Some(&token));
            assert_eq!((there.status, there.code()), (404, "not_found"), "{what}: {text}");
            assert_eq!(text, other_text, "{what}");
            assert_eq!((there.status, headers(&there)), (not_there.status, headers(&not_there)), "{what}");
            compared += 1;
        }
    }
    let after = (stage.local.get(&stage.local.token("alice"), CONTOSO).must_be(200), stage.audit().len());
    assert_eq!((after.0.decided(), after.1), (before.0.decided(), before.1));
    println!("{compared} answers compared byte for byte");
}
