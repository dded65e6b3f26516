//! check-table.py finds what is missing of a transaction: a tenant as the table holds it, and then without one item after the other.
//! Whether the items look like this at all `infra/aws/cloud.sh check` shows on a cloud that was used.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;
use std::process::Command;

/// A tenant with two environments, a lock, a lease, a backup and a running operation.
const PLAY: &str = r#"
import copy, hashlib, importlib.util, json, sys

specification = importlib.util.spec_from_file_location("check_table", sys.argv[1])
check_table = importlib.util.module_from_spec(specification)
specification.loader.exec_module(check_table)

def log(prefix, count):
    before, rows = check_table.GENESIS, {}
    for number in range(1, count + 1):
        linked = {"sequence": number, "at": "2026-03-14T09:26:53Z", "by": "älice", "event": {"type": "x", "b": [1], "a": None}}
        text = json.dumps(linked, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        hashed = hashlib.sha256(f"{before}\n{text}".encode()).hexdigest()
        rows[f"{prefix}{number:012}"] = (None, {**linked, "previous": before, "hash": hashed})
        before = hashed
    return rows, {"sequence": count, "hash": before}

protection = {"kind": "protection", "key": "k1"}
def environment(managed_by, wrapped_by, epoch, state="present"):
    return {"status": {"state": state}, "managedBy": managed_by, "wrappedBy": wrapped_by, "newestGeneration": 2, "unlockedEpoch": epoch}
def data_keys(wrapped_by):
    return {"wrapped_by": wrapped_by, "generations": [{"generation": 1}, {"generation": 2}]}

audit, audit_head = log("AUDIT#", 3)
leases, lease_head = log("LEASE#prod#", 2)
tenant = {"operation": "op-1", "environments": 2, "protectedEnvironments": 1, "fence": 4}
rows = {
    "TENANT": (None, {"tenant": tenant, "audit": audit_head}),
    "LEASES#prod": (None, {"leases": lease_head}),
    "FENCE#3": (4, {"fence": 4, "until": None}),
    "OPERATION#op-1": (None, {}),
    "ENV#prod": (None, environment("tenant", protection, 1)),
    "ENV#test": (None, environment("provider", {"kind": "provider"}, 0)),
    "ENV#gone": (None, environment("tenant", protection, 0, "deleted")),
    "DATAKEYS#prod": (None, data_keys(protection)),
    "DATAKEYS#test": (None, data_keys({"kind": "provider"})),
    "UNLOCKED#000000000001#prod": (None, "prod"),
    "UNLOCKED#000000000000#test": (None, "test"),
    "BACKUP#prod#b1": (None, {"backup": {"wrappedBy": protection}}),
    "WRAPPED#k1#prod#b1": (None, {}),
    **audit,
    **leases,
}
faults = lambda rows: list(check_table.Tenant(rows).faults())
assert faults(rows) == [], faults(rows)

# Of these the table may have fewer: a fence that was never held, what is gone, a marker whose backup is gone.
for missing in rows.keys() - {"FENCE#3", "ENV#gone", "BACKUP#prod#b1"}:
    assert faults({key: row for key, row in rows.items() if key != missing}), missing

def changed(key, change):
    other = copy.deepcopy(rows)
    change(other[key][1])
    assert faults(other), key
changed("TENANT", lambda body: body["audit"].update(sequence=2))
changed("TENANT", lambda body: body["audit"].update(hash="0"))
changed("TENANT", lambda body: body["tenant"].update(fence=5))
changed("AUDIT#000000000002", lambda body: body["event"].update(a=1))
changed("ENV#prod", lambda body: body.update(unlockedEpoch=0))
changed("ENV#prod", lambda body: body.update(newestGeneration=3))
changed("ENV#gone", lambda body: body["status"].update(state="present"))
changed("DATAKEYS#prod", lambda body: body.update(wrapped_by={"kind": "provider"}))
print("found")
"#;

#[test]
fn whatever_is_missing_of_a_tenant_is_found() {
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("check-table.py");
    let told = Command::new("python3").args(["-B", "-c", PLAY]).arg(program).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&told.stdout).trim(), "found", "{}", String::from_utf8_lossy(&told.stderr));
}
