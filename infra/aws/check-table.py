#!/usr/bin/env python3
"""Holds a table to itself: whether what one transaction writes together is all there, for every tenant.

    check-table.py TABLE [--endpoint URL]

Reads the whole table and writes nothing. Region and credentials are those of the AWS command. For a table that was restored to a point
in time, which may have a part of the transactions of its last moment, before anything runs on it: docs/runbook.md, "Restore the table".

Ends with 1 where something does not fit; each such line says what.
"""

import argparse
import collections
import concurrent.futures
import hashlib
import json
import sys

SEGMENTS = 8
GENESIS = "0" * 64


def items(client, table):
    """All items of tenants: by tenant and sort key, the fence and the content."""

    def segment(number):
        found = collections.defaultdict(dict)
        pages = client.get_paginator("scan").paginate(
            TableName=table,
            ConsistentRead=True,
            Segment=number,
            TotalSegments=SEGMENTS,
            ProjectionExpression="pk, sk, fence, body",
            FilterExpression="begins_with(pk, :tenants)",
            ExpressionAttributeValues={":tenants": {"S": "TENANT#"}},
        )
        for item in (item for page in pages for item in page["Items"]):
            fence = int(item["fence"]["N"]) if "fence" in item else None
            found[item["pk"]["S"].removeprefix("TENANT#")][item["sk"]["S"]] = (fence, json.loads(item["body"]["S"]))
        return found

    tenants = collections.defaultdict(dict)
    with concurrent.futures.ThreadPoolExecutor(SEGMENTS) as pool:
        for found in pool.map(segment, range(SEGMENTS)):
            for tenant, rows in found.items():
                tenants[tenant].update(rows)
    return tenants


class Tenant:
    """The items of one tenant."""

    def __init__(self, rows):
        self.rows = rows

    def body(self, sort):
        return self.rows.get(sort, (None, None))[1]

    def under(self, prefix):
        return {sort.removeprefix(prefix): body for sort, (_, body) in self.rows.items() if sort.startswith(prefix)}

    def faults(self):
        document = self.body("TENANT")
        if document is None:
            yield f"{len(self.rows)} items, and no tenant"
            return
        tenant = document["tenant"]
        yield from chain("audit log", document["audit"], self.under("AUDIT#"))
        for environment, head in self.under("LEASES#").items():
            yield from chain(f"lease log of {environment}", head["leases"], self.under(f"LEASE#{environment}#"))
        heads = set(self.under("LEASES#"))
        for environment in sorted({entry.rsplit("#", 1)[0] for entry in self.under("LEASE#")} - heads):
            yield f"the lease log of {environment} has no head"
        for number, (fence, body) in ((sort, row) for sort, row in self.rows.items() if sort.startswith("FENCE#")):
            if fence != tenant["fence"] or body["fence"] != tenant["fence"]:
                yield f"{number} is at {fence}, the tenant at {tenant['fence']}"
        if tenant["operation"] is not None and self.body(f"OPERATION#{tenant['operation']}") is None:
            yield f"operation {tenant['operation']} runs and is not there"
        yield from self.environment_faults(tenant)
        yield from self.backup_faults()

    def environment_faults(self, tenant):
        present = {name: one for name, one in self.under("ENV#").items() if one["status"]["state"] == "present"}
        protected = sum(1 for one in present.values() if one["managedBy"] == "tenant")
        for what, counted, found in (
            ("environments", tenant["environments"], len(present)),
            ("environments under its own key", tenant["protectedEnvironments"], protected),
        ):
            if counted != found:
                yield f"the tenant counts {counted} {what}, there are {found}"
        markers = set(self.under("UNLOCKED#"))
        wanted = {f"{one['unlockedEpoch']:012}#{name}" for name, one in present.items()}
        yield from (f"there is no marker UNLOCKED#{marker}" for marker in sorted(wanted - markers))
        yield from (f"there is a marker UNLOCKED#{marker} of nothing" for marker in sorted(markers - wanted))
        data_keys = self.under("DATAKEYS#")
        yield from (f"there are data keys of {name}, which is not there" for name in sorted(set(data_keys) - set(present)))
        for name, one in sorted(present.items()):
            kept = data_keys.get(name)
            if kept is None:
                yield f"the data keys of {name} are not there"
            elif kept["wrapped_by"] != one["wrappedBy"]:
                yield f"the data keys of {name} are wrapped by {kept['wrapped_by']}, the environment says {one['wrappedBy']}"
            elif sorted(key["generation"] for key in kept["generations"]) != list(range(1, one["newestGeneration"] + 1)):
                yield f"{name} has {one['newestGeneration']} generations, and data keys of {len(kept['generations'])}"

    def backup_faults(self):
        marked = self.under("WRAPPED#")
        for name, one in self.under("BACKUP#").items():
            wrapped_by = one["backup"]["wrappedBy"]
            if wrapped_by["kind"] == "protection" and f"{wrapped_by['key']}#{name}" not in marked:
                yield f"there is no marker WRAPPED#{wrapped_by['key']}#{name}: its key could be destroyed"


def chain(what, head, entries):
    """Whether the entries are those up to the head, each with the hash of the one before."""
    hash_before = GENESIS
    for number in range(1, max([head["sequence"], *map(int, entries)], default=0) + 1):
        entry = entries.get(f"{number:012}")
        if entry is None:
            yield f"the {what} has no entry {number}; its head is at {head['sequence']}"
            return
        linked = {"sequence": number, "at": entry["at"], "by": entry["by"], "event": entry["event"]}
        text = json.dumps(linked, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        hashed = hashlib.sha256(f"{hash_before}\n{text}".encode()).hexdigest()
        if entry["previous"] != hash_before or entry["hash"] != hashed:
            yield f"entry {number} of the {what} does not follow the one before, or was changed"
            return
        hash_before = hashed
        if number > head["sequence"]:
            yield f"the {what} has an entry {number}; its head is at {head['sequence']}"
            return
    if head["hash"] != hash_before:
        yield f"the head of the {what} has not the hash of its entry {head['sequence']}"


def main():
    import boto3

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("table")
    parser.add_argument("--endpoint", help="of a cloud on this machine")
    options = parser.parse_args()
    tenants = items(boto3.client("dynamodb", endpoint_url=options.endpoint), options.table)
    faulty = 0
    for name, rows in sorted(tenants.items()):
        found = list(Tenant(rows).faults())
        faulty += bool(found)
        for fault in found:
            print(f"{name}: {fault}")
        if not found:
            audit = rows["TENANT"][1]["audit"]
            print(f"{name}: as one, {audit['sequence']} entries of the audit log, the last one's hash {audit['hash']}")
    print(f"{len(tenants)} tenants, {faulty} with faults.")
    sys.exit(1 if faulty else 0)


if __name__ == "__main__":
    main()
