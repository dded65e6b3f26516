//! Bodies that are no JSON, other JSON, or JSON with values that are none.

use serde_json::{Value, json};

use crate::{CANARY, Case, Stage};

const ENVIRONMENTS: &str = "/environments";

/// A good registration with one member changed.
fn environment(member: &str, value: Value) -> String {
    let mut body = json!({ "id": "new", "name": "New", "kind": "sandbox", "region": "europe" });
    body[member] = value;
    body.to_string()
}

fn tenant(member: &str, value: Value) -> String {
    let administrator =
        json!({ "person": "zoe", "name": "Zoe", "email": "zoe@new.example", "role": "global_administrator" });
    let mut body = json!({ "id": "new", "name": "New", "regions": ["europe"], "licensedSeats": 2000,
        "administrators": [administrator] });
    body[member] = value;
    body.to_string()
}

fn administrator(member: &str, value: Value) -> String {
    let mut administrator =
        json!({ "person": "zoe", "name": "Zoe", "email": "zoe@new.example", "role": "global_administrator" });
    administrator[member] = value;
    tenant("administrators", json!([administrator]))
}

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    let mut at = |who, path: &str, name: &str, body: Vec<u8>| cases.push(Case::post(name, who, path, body));
    let good = environment("name", json!("New"));
    let raw: Vec<(&str, Vec<u8>)> = vec![
        ("empty", Vec::new()),
        ("spaces", b"  \r\n".to_vec()),
        ("text", format!("\"{CANARY}\"").into_bytes()),
        ("number", b"7".to_vec()),
        ("null", b"null".to_vec()),
        ("array in place of an object", br#"["new","New","sandbox","europe",[],[]]"#.to_vec()),
        ("cut off", good.as_bytes()[..good.len() - 1].to_vec()),
        ("more after it", [good.as_bytes(), b" x"].concat()),
        ("twice", [good.as_bytes(), good.as_bytes()].concat()),
        ("byte order mark", [b"\xef\xbb\xbf", good.as_bytes()].concat()),
        (
            "bad UTF-8",
            good.replace("New", "\u{1}").into_bytes().iter().map(|b| if *b == 1 { 0xff } else { *b }).collect(),
        ),
        ("UTF-16", good.encode_utf16().flat_map(u16::to_le_bytes).collect()),
        ("not JSON", format!("id=new&name={CANARY}").into_bytes()),
        ("nested deeply", [b"[".repeat(100_000), b"]".repeat(100_000)].concat()),
        ("nested deeply within", good.replace("\"New\"", &format!("{}{}", "[".repeat(5000), "]".repeat(5000))).into()),
        ("nested objects", format!("{}1{}", "{\"a\":".repeat(20_000), "}".repeat(20_000)).into()),
        ("member twice", good.replacen('{', "{\"id\":\"other\",", 1).into()),
        ("huge exponent", good.replace("\"New\"", "1e999999999").into()),
    ];
    for (name, body) in raw {
        at("olivia", ENVIRONMENTS, name, body);
    }
    cases.extend(members());
    cases.extend(tenants());
    cases.extend(people());
    cases.extend(small());
    cases
}

/// A registration with one member that it can't have.
fn members() -> Vec<Case> {
    let mut cases = Vec::new();
    let mut at = |who, path: &str, name: &str, body: Vec<u8>| cases.push(Case::post(name, who, path, body));
    let values = [
        ("color", json!(CANARY)),
        ("id", json!(7)),
        ("id", json!(null)),
        ("id", json!("")),
        ("id", json!("New")),
        ("id", json!("a/b")),
        ("id", json!("-a")),
        ("id", json!("a".repeat(61))),
        ("id", json!("ENV#prod-eu")),
        ("name", json!([CANARY])),
        ("name", json!("")),
        ("name", json!(" New")),
        ("name", json!("a\u{0}b")),
        ("name", json!("a\nb")),
        ("name", json!("New\u{200b}")),
        ("name", json!("New\u{202e}")),
        ("name", json!("n".repeat(101))),
        ("name", json!("n".repeat(200_000))),
        ("kind", json!(CANARY)),
        ("kind", json!("Production")),
        ("region", json!({ "name": CANARY })),
        ("workloads", json!("orders")),
        ("workloads", json!(vec!["orders"; 101])),
        ("workloads", json!(["o r"])),
        ("systemAdministrators", json!([null])),
    ];
    for (member, value) in values {
        let name = format!("{member} {:.40}", value.to_string());
        at("olivia", ENVIRONMENTS, &name, environment(member, value).into());
    }
    let surrogate = environment("name", json!("New")).replace("\"New\"", "\"\\ud800\"");
    at("olivia", ENVIRONMENTS, "half a surrogate", surrogate.into());
    cases.push(
        Case::post("a name of 1 MB", "olivia", ENVIRONMENTS, environment("name", json!("n".repeat(1_000_000))))
            .is(400, "body_too_large"),
    );
    let region = environment("region", json!("asia"));
    cases.push(Case::post("another region", "olivia", ENVIRONMENTS, region).is(409, "region_not_of_tenant"));
    let taken = environment("id", json!("prod-eu"));
    cases.push(Case::post("taken", "olivia", ENVIRONMENTS, taken).is(409, "environment_exists"));
    cases
}

fn tenants() -> Vec<Case> {
    let post = |name: String, body: String| Case {
        body: body.into_bytes(),
        ..Case::new(&name, "olivia", "POST", "/v1/tenants")
    };
    let mut cases = Vec::new();
    let seats =
        [json!("2000"), json!(-1), json!(4_294_967_296_u64), json!(2000.5), json!(1e300), json!(true), json!(null)];
    for value in seats {
        cases.push(post(format!("seats {value}"), tenant("licensedSeats", value)));
    }
    for value in [json!([]), json!(["Europe"]), json!(vec!["europe"; 101]), json!("europe"), json!([["europe"]])] {
        cases.push(post(format!("regions {:.30}", value.to_string()), tenant("regions", value)));
    }
    for email in ["", "zoe", "zoe@", "zoe@x\r\nBcc: a@b", "<zoe@x>", "zoe@x,ada@x", &format!("{}@x", "z".repeat(300))] {
        cases.push(post(format!("email {email:.20}"), administrator("email", json!(email))));
    }
    for (member, value) in
        [("role", "operator"), ("role", "auditor"), ("person", "a b"), ("person", ""), ("extra", CANARY)]
    {
        cases.push(post(format!("administrator's {member}"), administrator(member, json!(value))));
    }
    cases.push(post("no administrators".to_owned(), tenant("administrators", json!([]))));
    cases.push(post("a tenant that is there".to_owned(), tenant("id", json!("fabrikam"))).is(409, "tenant_exists"));
    cases
}

/// Who administers, and what they approve.
fn people() -> Vec<Case> {
    let eve = |email: &str| json!({ "person": "eve", "name": "Eve", "email": email, "role": "service_administrator" });
    let set = |name: &str, list: Value| {
        let body = json!({ "administrators": list }).to_string();
        Case::post(name, "alice", "/administrators/set", body)
    };
    let post = |path: &str, body: Value| Case::post(&format!("{path} {body:.60}"), "alice", path, body.to_string());
    let plan = "0".repeat(64);
    vec![
        set("no list", json!(null)),
        set("nobody", json!([])),
        set("the same person twice", json!([eve("a@x.example"), eve("b@x.example")])),
        set("no address", json!([eve("x")])),
        set("too long a list", json!(vec![eve("a@x.example"); 101])),
        set("only new ones", json!([eve("a@x.example")])).is(409, "last_administrator").logged(),
        post("/quorum/set", json!({})),
        post("/quorum/set", json!({ "required": "yes" })),
        post("/quorum/set", json!({ "required": true, "plan": plan })).is(412, "plan_changed").logged(),
        post("/approvals", json!({ "operation": CANARY })),
        post("/approvals", json!({ "operation": "activate-key" })),
        post("/approvals", json!({ "operation": "destroy-key" })),
        post("/approvals", json!({ "operation": "lock-tenant", "key": "k1" })),
        post("/approvals", json!({ "operation": "delete-environment", "environment": "../prod-eu" })),
        post("/approvals", json!({ "operation": "delete-environment", "environment": "nothing" })).is(404, "not_found"),
        post("/approvals", json!({ "operation": "destroy-key", "key": "nothing" })).is(404, "not_found"),
        post("/approvals", json!({ "operation": "lock-tenant" })).is(409, "quorum_not_required"),
        post("/approvals/ap-1/give", json!({})),
        post("/approvals/AP/give", json!({ "plan": plan })).is(400, "invalid_id"),
        post("/approvals/ap-1/give", json!({ "plan": plan })).is(404, "not_found").logged(),
    ]
}

/// Operations that take little.
fn small() -> Vec<Case> {
    let mut cases = Vec::new();
    for path in [
        "/opt-in",
        "/keys/k1/activate",
        "/environments/test-us/protect",
        "/environments/test-us/unlock",
        "/lock/challenge",
    ] {
        for body in ["{\"force\":true}", "[1]", "\"x\"", "{"] {
            cases.push(Case::post(&format!("{path} {body}"), "alice", path, body));
        }
    }
    // An object is asked for; an empty list is none.
    cases.push(Case::post("protect []", "alice", "/environments/test-us/protect", "[]"));
    for body in ["{\"generation\":-1}", "{\"generation\":4294967296}", "{\"generation\":\"1\"}", "{\"generation\":1.0}"]
    {
        cases.push(Case::post(&format!("lease {body}"), "orders", "/environments/prod-eu/data-keys/lease", body));
    }
    for generation in [0_u32, 3, u32::MAX] {
        let body = json!({ "generation": generation }).to_string();
        let lease = Case::post(&format!("lease {generation}"), "orders", "/environments/prod-eu/data-keys/lease", body);
        cases.push(lease.is(409, "no_such_generation"));
    }
    for (operation, member) in [("delete", "statedNames"), ("revert", "confirm")] {
        let body = json!({ member: CANARY }).to_string();
        let path = format!("/environments/prod-eu/{operation}");
        cases.push(Case::post(&format!("{operation} {member}"), "alice", &path, body));
        for (name, body) in [("no", json!({})), ("another", json!({ "statedName": "Contoso Test" }))] {
            let case = Case::post(&format!("{operation}, {name} name"), "alice", &path, body.to_string());
            cases.push(case.is(409, "name_not_confirmed").logged());
        }
    }
    cases
}

/// Instants of a backup's retention.
pub(crate) fn instants(stage: &Stage) -> Vec<Case> {
    let backup = |text: &str| json!({ "id": "b2", "retainedUntil": text }).to_string();
    let path = "/environments/prod-eu/backups";
    let mut cases = Vec::new();
    let now = stage.local.now().to_rfc3339();
    let out_of_range = [
        now.as_str(),
        "1970-01-01T00:00:00Z",
        "-0001-01-01T00:00:00Z",
        "9999-12-31T23:59:59Z",
        "+10000-01-01T00:00:00Z",
        "+262142-12-31T23:59:59Z",
        "2200-12-31T23:59:60Z",
    ];
    for text in out_of_range {
        cases.push(Case::post(text, "olivia", path, backup(text)).is(409, "retention_out_of_range"));
    }
    for text in [
        "",
        "tomorrow",
        "300000",
        "+300000-01-01T00:00:00Z",
        "2027-02-30T00:00:00Z",
        "2027-01-01",
        "2027-01-01T25:00:00Z",
        CANARY,
    ] {
        cases.push(Case::post(&format!("instant {text}"), "olivia", path, backup(text)));
    }
    for number in [json!(300_000), json!(1e18), json!(null), json!(["2027-01-01T00:00:00Z"])] {
        let body = json!({ "id": "b2", "retainedUntil": number }).to_string();
        cases.push(Case::post(&format!("instant {number}"), "olivia", path, body));
    }
    let soon = stage.local.now() + chrono::TimeDelta::days(1);
    let taken = json!({ "id": "b1", "retainedUntil": soon }).to_string();
    cases.push(Case::post("a backup that is there", "olivia", path, taken).is(409, "backup_exists"));
    cases
}
