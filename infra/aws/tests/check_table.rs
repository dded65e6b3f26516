//! check-table.py finds what is missing of a transaction: a tenant as the table holds it, and then without one item after the other.
//! Whether the items look like this at all `infra/aws/cloud.sh check` shows on a cloud that was used.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;
use std::process::Command;

/// A table in memory, in pages of two items; and a tenant with two environments, a lock, leases, backups and a running operation.
const SCENE: &str = r#"
import argparse, contextlib, copy, datetime, hashlib, importlib.util, io, json, sys

specification = importlib.util.spec_from_file_location("check_table", sys.argv[1])
check_table = importlib.util.module_from_spec(specification)
specification.loader.exec_module(check_table)

class Client:
    """What of DynamoDB is asked: scans for some sort keys, and queries from one sort key to another."""
    def __init__(self, tenants):
        self.items = [
            {"pk": {"S": f"TENANT#{tenant}"}, "sk": {"S": sort}, "body": {"S": json.dumps(body)},
             **({"fence": {"N": str(fence)}} if fence is not None else {})}
            for tenant, rows in tenants.items() for sort, (fence, body) in sorted(rows.items())
        ]
        self.pages = 0
    def get_paginator(self, operation):
        return argparse.Namespace(paginate={"scan": self.scan, "query": self.query}[operation])
    def scan(self, *, ExpressionAttributeValues, Segment, **_):
        values = {value["S"] for value in ExpressionAttributeValues.values()}
        found = [item for item in self.items if Segment == 3 and item["sk"]["S"] in values]
        return self.paged(found, ("pk",), 2)
    def query(self, *, ExpressionAttributeValues, ProjectionExpression, ScanIndexForward=True, Limit=2, **_):
        pk, first, last = (ExpressionAttributeValues[name]["S"] for name in (":pk", ":first", ":last"))
        assert first <= last, (first, last)
        found = [item for item in self.items if item["pk"]["S"] == pk and first <= item["sk"]["S"] <= last]
        return self.paged(found if ScanIndexForward else found[::-1], ProjectionExpression.split(", "), Limit)
    def paged(self, found, columns, size):
        for start in range(0, len(found) + 1, size):
            self.pages += 1
            yield {"Items": [{name: item[name] for name in columns if name in item} for item in found[start:start + size]]}

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
def backup(retained_until):
    return (None, {"backup": {"wrappedBy": protection, "retainedUntil": retained_until}})

audit, audit_head = log("AUDIT#", 5)
leases, lease_head = log("LEASE#prod#", 5)
other_leases, other_head = log("LEASE#prod-2#", 3)
tenant = {"operation": "op-1", "environments": 3, "protectedEnvironments": 1, "fence": 4}
rows = {
    "TENANT": (None, {"tenant": tenant, "audit": audit_head}),
    "LEASES#prod": (None, {"leases": lease_head}),
    "LEASES#prod-2": (None, {"leases": other_head}),
    "FENCE#3": (4, {"fence": 4, "until": None}),
    "OPERATION#op-1": (None, {}),
    "ENV#prod": (None, environment("tenant", protection, 1)),
    "ENV#prod-2": (None, environment("provider", {"kind": "provider"}, 0)),
    "ENV#test": (None, environment("provider", {"kind": "provider"}, 0)),
    "ENV#gone": (None, environment("tenant", protection, 0, "deleted")),
    "DATAKEYS#prod": (None, data_keys(protection)),
    "DATAKEYS#prod-2": (None, data_keys({"kind": "provider"})),
    "DATAKEYS#test": (None, data_keys({"kind": "provider"})),
    "UNLOCKED#000000000001#prod": (None, "prod"),
    "UNLOCKED#000000000000#prod-2": (None, "prod-2"),
    "UNLOCKED#000000000000#test": (None, "test"),
    "BACKUP#prod#b1": backup("2026-05-01T00:00:00Z"),
    "WRAPPED#k1#prod#b1": (None, {}),
    **audit,
    **leases,
    **other_leases,
}
NOW = "2026-04-01T00:00:00Z"
def faults(rows, leases="all", at=NOW):
    partition = check_table.Partition(Client({"contoso": rows}), "table", "contoso")
    return list(check_table.Tenant(partition, leases, at and check_table.instant(at)).faults())
def without(*missing):
    return {key: row for key, row in rows.items() if key not in missing}
def changed(key, change, **options):
    other = copy.deepcopy(rows)
    change(other[key][1])
    return faults(other, **options)
for kind in ("no", "heads", "all"):
    assert faults(rows, kind) == [], faults(rows, kind)
"#;

/// Runs the program's parts on the scene.
fn play(part: &str) {
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("check-table.py");
    let script = format!("{SCENE}\n{part}\nprint('found')");
    let told = Command::new("python3").args(["-B", "-c", &script]).arg(program).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&told.stdout).trim(), "found", "{}", String::from_utf8_lossy(&told.stderr));
}

#[test]
fn whatever_is_missing_of_a_tenant_is_found() {
    play(
        r#"
# Of these the table may have fewer: a fence that was never held, what is gone, a marker whose backup is gone.
for missing in rows.keys() - {"FENCE#3", "ENV#gone", "BACKUP#prod#b1"}:
    assert faults(without(missing)), missing
assert faults(without("AUDIT#000000000003")) == ["the audit log has no entry 3; its head is at 5"]
assert faults(without("AUDIT#000000000005")) == ["the audit log has no entry 5; its head is at 5"]
assert faults(without("TENANT")) == [f"{len(rows) - 1} items, and no tenant"]

assert changed("TENANT", lambda body: body["audit"].update(sequence=4)) == ["the audit log has an entry 5; its head is at 4"]
assert changed("TENANT", lambda body: body["audit"].update(hash="0"))
assert changed("TENANT", lambda body: body["tenant"].update(fence=5)) == ["FENCE#3 is at 4, the tenant at 5"]
assert changed("AUDIT#000000000002", lambda body: body["event"].update(a=1))
assert changed("ENV#prod", lambda body: body.update(unlockedEpoch=0))
assert changed("ENV#prod", lambda body: body.update(newestGeneration=3))
assert changed("ENV#gone", lambda body: body["status"].update(state="present"))
assert changed("DATAKEYS#prod", lambda body: body.update(wrapped_by={"kind": "provider"}))
"#,
    );
}

#[test]
fn of_a_backup_whose_time_is_over_the_marker_may_be_gone() {
    play(
        r#"
unmarked = without("WRAPPED#k1#prod#b1")
told = ["there is no marker WRAPPED#k1#prod#b1: its key could be destroyed"]
assert faults(unmarked) == told
assert faults(unmarked, at="2026-04-30T23:59:59Z") == told
assert faults(unmarked, at="2026-05-01T00:00:00Z") == []
assert faults(unmarked, at="2026-05-01T03:00:00+02:00") == []

# The table drops what ends within a second at its end.
within = {**unmarked, "BACKUP#prod#b1": backup("2026-05-01T00:00:00.123456789Z")}
assert faults(within, at="2026-05-01T00:00:00Z") == told
assert faults(within, at="2026-05-01T00:00:01Z") == []

# Without an instant it is the clock's.
now = datetime.datetime.now(datetime.timezone.utc)
for days, expected in ((-1, []), (1, told)):
    until = (now + datetime.timedelta(days=days)).isoformat().replace("+00:00", "Z")
    assert faults({**unmarked, "BACKUP#prod#b1": backup(until)}, at=None) == expected, until
"#,
    );
}

#[test]
fn of_the_lease_logs_as_much_is_read_as_was_asked_for() {
    play(
        r#"
last = "LEASE#prod#000000000005"
for kind, missing in (("heads", last), ("all", last)):
    assert faults(without(missing), kind) == ["the lease log of prod has no entry 5; its head is at 5"], kind
for kind in ("heads", "all"):
    assert faults(without("LEASES#prod-2"), kind) == ["the lease log of prod-2 has no head"], kind
    assert faults(without(*other_leases), kind)[0].startswith("the lease log of prod-2 has no entry "), kind
    assert changed(last, lambda body: body["event"].update(a=1), leases=kind), kind
    assert changed(last, lambda body: body.update(hash="0"), leases=kind), kind
    assert changed("LEASES#prod", lambda body: body["leases"].update(hash="0"), leases=kind), kind
    assert changed("LEASES#prod", lambda body: body["leases"].update(sequence=4), leases=kind) == [
        "the lease log of prod has an entry 5; its head is at 4"], kind

inner = without("LEASE#prod#000000000003")
assert faults(inner, "all") == ["the lease log of prod has no entry 3; its head is at 5"]
assert faults(inner, "heads") == [] and faults(without(*leases, *other_leases), "no") == []

# Heads cost the same, however long the log.
def pages(count, kind):
    long, head = log("LEASE#prod#", count)
    client = Client({"contoso": {**rows, **long, "LEASES#prod": (None, {"leases": head})}})
    assert list(check_table.Tenant(check_table.Partition(client, "table", "contoso"), kind).faults()) == []
    return client.pages
assert pages(5, "heads") == pages(500, "heads") and pages(5, "all") + 200 < pages(500, "all")
"#,
    );
}

#[test]
fn every_tenant_is_told_of_and_what_is_left_of_one_that_is_gone() {
    play(
        r#"
left = {key: row for key, row in audit.items()}
client = Client({"globex": rows, "contoso": rows, "lost": left})
told, progress = io.StringIO(), io.StringIO()
with contextlib.redirect_stdout(told), contextlib.redirect_stderr(progress):
    fits = check_table.check(client, argparse.Namespace(table="table", leases="heads", at=check_table.instant(NOW)))
as_one = f"as one, 5 entries of the audit log, the last one's hash {audit_head['hash']}"
assert told.getvalue().splitlines() == [
    f"contoso: {as_one}", f"globex: {as_one}", "lost: 5 items, and no tenant", "3 tenants, 1 with faults."], told.getvalue()
assert not fits
assert {"1 of 3: contoso", "2 of 3: globex", "3 of 3: lost"} <= set(progress.getvalue().splitlines()), progress.getvalue()
"#,
    );
}
