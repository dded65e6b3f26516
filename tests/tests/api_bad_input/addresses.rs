//! Methods, paths, identifiers, queries, pages and the headers of conditions.

use serde_json::json;

use crate::{CANARY, Case, Stage};

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for method in ["PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "POST", "BREW"] {
        let case = Case::new(&format!("{method} a tenant"), "alice", method, "/v1/tenants/contoso");
        cases.push(case.is(405, "method_not_allowed"));
    }
    cases.push(Case::get("GET what is posted", "/lock").is(405, "method_not_allowed"));
    for path in [
        "/",
        "/v1",
        "/v1/",
        "/v2/tenants/contoso",
        "/v1/tenants/contoso/",
        "/v1/tenants//environments",
        "/V1/tenants/contoso",
        "/v1/tenants/%",
        "/v1/tenants/%4",
        "/v1/tenants/%zz",
        "/v1/tenants/%ff%fe",
        "/v1/tenants/contoso/secrets",
        "/dev/none",
    ] {
        cases.push(Case::new(path, "alice", "GET", path).is(404, "not_found"));
    }
    let long = format!("/v1/tenants/{}", "a".repeat(3000));
    cases.push(Case::new("a long path", "alice", "GET", long).is(404, "not_found"));
    for id in
        ["CONTOSO", "%00", "con%20toso", "contoso%2Fkeys", "contoso%23TENANT", "t%C3%A4st", "-contoso", &"a".repeat(41)]
    {
        let path = format!("/v1/tenants/{id}");
        cases.push(Case::new(&path, "alice", "GET", &path).is(400, "invalid_id"));
    }
    for path in [
        "/keys/K1",
        "/keys/k%31%0a",
        "/environments/prod_eu",
        "/environments/prod-eu%23x/history",
        "/operations/OP",
        "/environments/p.e/backups",
    ] {
        cases.push(Case::get(path, path).is(400, "invalid_id"));
    }
    for path in [
        "/keys/k9",
        "/environments/main",
        "/environments/main/history",
        "/environments/main/backups",
        "/operations/op-0",
    ] {
        cases.push(Case::get(path, path).is(404, "not_found"));
    }
    for path in ["/keys/k9/activate", "/keys/k9/destroy", "/environments/main/delete", "/environments/main/revert"] {
        cases.push(Case::post(path, "alice", path, "{}").is(404, "not_found").logged());
    }
    let restore = "/environments/prod-eu/backups/b9/restore";
    cases.push(Case::post(restore, "alice", restore, "{}").is(404, "not_found").logged());
    for path in ["/environments/main/protect", "/environments/main/unlock"] {
        cases.push(Case::post(path, "alice", path, "{}").is(404, "not_found"));
    }
    let frank = |name: &str, path: &str| Case::post(name, "frank", path, "{}").is(404, "not_found");
    cases.push(frank("another tenant's delete", "/environments/prod-eu/delete"));
    cases.push(frank("another tenant's roll-back", "/keys/roll-back"));
    let body = json!({ "statedName": "Contoso Ltd", "sealedKeyFile": CANARY }).to_string();
    cases.push(Case { body: body.into_bytes(), ..frank("another tenant's lock", "/lock") });
    cases.push(Case::new("fabrikam as alice", "alice", "GET", "/v1/tenants/fabrikam").is(404, "not_found"));
    cases.extend(queries());
    cases
}

fn queries() -> Vec<Case> {
    let mut cases = Vec::new();
    let delete = [
        "dryRun=yes",
        "dryRun=TRUE",
        "dryRun",
        "dryRun=",
        "dryRun=true&dryRun=true",
        "dryrun=true",
        "dry_run=true",
        "dryRun=true&x=1",
        "force=1",
    ];
    for query in delete {
        let path = format!("/environments/test-us/delete?{query}");
        cases.push(Case::post(query, "alice", &path, json!({ "statedName": "Contoso Test" }).to_string()));
    }
    let canary = format!("managedBy={CANARY}");
    let list = [
        "limit=0",
        "limit=101",
        "limit=-1",
        "limit=abc",
        "limit=1e2",
        "limit=99999999999999999999",
        "limit=%201",
        "limit=1&limit=2",
        "locked=1",
        "locked=True",
        "locked=%",
        "locked=%zz",
        "after=",
        "dryRun=true",
        "managedBy=Tenant",
        canary.as_str(),
        "=",
        "limit[]=1",
    ];
    for query in list {
        cases.push(Case::get(query, &format!("/environments?{query}")));
    }
    cases.push(Case::get("a long query", &format!("/environments?after={}", "A".repeat(3000))));
    cases.push(Case::get("a query where none is taken", "/keys?limit=5"));
    cases.push(Case::get("a plan's dryRun", "/lock/plan?dryRun=true"));
    cases
}

/// `If-Match` and `Idempotency-Key`.
pub(crate) fn conditions() -> Vec<Case> {
    let mut cases = Vec::new();
    let delete = || json!({ "statedName": "Contoso Test" }).to_string();
    let path = "/environments/test-us/delete";
    let huge = format!("\"{}\"", "9".repeat(40));
    for tag in ["*", "W/\"1\"", "1", "\"", "\"\"", "\"x\"", "\"1\", \"2\"", "\"-1\"", huge.as_str()] {
        cases.push(Case::post(&format!("If-Match {tag}"), "alice", path, delete()).with("if-match", tag.as_bytes()));
    }
    cases.push(Case::post("If-Match bytes", "alice", path, delete()).with("if-match", b"\"\xff\""));
    let stale = Case::post("If-Match of another revision", "alice", path, delete()).with("if-match", b"\"4000\"");
    cases.push(stale.is(412, "precondition_failed").logged());
    let stale = Case::post("the same, not destructive", "alice", "/environments/test-us/protect", "{}");
    cases.push(stale.with("if-match", b"\"4000\"").is(412, "precondition_failed"));
    for key in [&b""[..], &[b'k'; 129], b"\xc3\xa4", b"\xff"] {
        let name = format!("Idempotency-Key of {} bytes", key.len());
        cases.push(Case::post(&name, "alice", path, delete()).with("idempotency-key", key));
    }
    for plan in [json!(7), json!([CANARY]), json!({})] {
        let body = json!({ "statedName": "Contoso Test", "plan": plan }).to_string();
        cases.push(Case::post(&format!("plan {plan}"), "alice", path, body));
    }
    for plan in ["", CANARY, &"0".repeat(64), &"f".repeat(100_000)] {
        let body = json!({ "statedName": "Contoso Test", "plan": plan }).to_string();
        let name = format!("another plan of {} characters", plan.len());
        cases.push(Case::post(&name, "alice", path, body).is(412, "plan_changed").logged());
    }
    cases
}

/// Positions that were not handed out for this list.
pub(crate) fn pages(stage: &Stage) -> Vec<Case> {
    let position = |who: &str, path: &str| {
        let link =
            stage.local.get(&stage.local.token(who), path).must_be(200).body["nextLink"].as_str().unwrap().to_owned();
        link.split("after=").nth(1).unwrap().split('&').next().unwrap().to_owned()
    };
    let environments = position("alice", "/v1/tenants/contoso/environments?limit=1");
    let audit = position("alice", "/v1/tenants/contoso/audit-events?limit=1");
    let history = position("alice", "/v1/tenants/contoso/environments/prod-eu/history?limit=1");
    let foreign = position("frank", "/v1/tenants/fabrikam/audit-events?limit=1");
    let mut changed = audit.clone().into_bytes();
    changed[4] = if changed[4] == b'A' { b'B' } else { b'A' };
    let changed = String::from_utf8(changed).unwrap();
    let rows = [
        ("a word", "audit-events", CANARY.to_owned()),
        ("base64 of nothing", "audit-events", "AA".to_owned()),
        ("another list's", "audit-events", environments.clone()),
        ("another environment's", "environments/test-us/history", history.clone()),
        ("the audit log's", "environments", audit.clone()),
        ("the audit log's, for backups", "environments/prod-eu/backups", audit.clone()),
        ("another tenant's", "audit-events", foreign),
        ("changed", "audit-events", changed),
        ("cut off", "audit-events", audit[..audit.len() - 2].to_owned()),
        ("longer", "audit-events", format!("{audit}AAAA")),
    ];
    let case = |(name, list, after): &(&str, &str, String)| {
        Case::get(&format!("position: {name}"), &format!("/{list}?after={after}"))
    };
    rows.iter().map(case).collect()
}
