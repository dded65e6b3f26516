#!/usr/bin/env python3
"""Holds a table to itself: whether what one transaction writes together is all there, for every tenant.

    check-table.py TABLE [--leases no|heads|all] [--at INSTANT] [--endpoint URL]

Writes nothing. Region and credentials are those of the AWS command. For a table that was restored to a point in time, which may have a part
of the transactions of its last moment, before anything runs on it: docs/runbook.md, "Restore the table".

It lets DynamoDB go over the whole table once to find the tenants, and then reads each of them page by page, eight at a time: what it keeps
of a tenant does not grow with its logs. Which tenants it is at it says on the error output.

Ends with 1 where something does not fit; each such line says what.
"""

import argparse
import concurrent.futures
import datetime
import hashlib
import json
import sys

TOGETHER = 8
GENESIS = "0" * 64
# The first entries of a tenant's logs: where they are and the tenant is not, it was lost.
FIRST = {":tenant": "TENANT", ":audit": "AUDIT#000000000001", ":notice": "NOTICE#000000000001"}


def tenants(client, table):
    """The names of all tenants, by a scan that gives back keys alone."""

    def segment(number):
        pages = client.get_paginator("scan").paginate(
            TableName=table,
            ConsistentRead=True,
            Segment=number,
            TotalSegments=TOGETHER,
            ProjectionExpression="pk",
            FilterExpression=f"begins_with(pk, :tenants) AND sk IN ({', '.join(FIRST)})",
            ExpressionAttributeValues={name: {"S": value} for name, value in {":tenants": "TENANT#", **FIRST}.items()},
        )
        return {item["pk"]["S"].removeprefix("TENANT#") for page in pages for item in page["Items"]}

    with concurrent.futures.ThreadPoolExecutor(TOGETHER) as pool:
        return sorted(set().union(*pool.map(segment, range(TOGETHER))))


class Partition:
    """The items of one tenant in the table, in the order of their sort keys."""

    def __init__(self, client, table, tenant):
        self.client, self.table, self.name = client, table, f"TENANT#{tenant}"

    def between(self, first, last, columns="sk, fence, body", **options):
        """The items from one sort key to another, read as they are asked for."""
        pages = self.client.get_paginator("query").paginate(
            TableName=self.table,
            ConsistentRead=True,
            KeyConditionExpression="pk = :pk AND sk BETWEEN :first AND :last",
            ProjectionExpression=columns,
            ExpressionAttributeValues={":pk": {"S": self.name}, ":first": {"S": first}, ":last": {"S": last}},
            **options,
        )
        return (item for page in pages for item in page["Items"])

    def body(self, sort):
        return next((json.loads(item["body"]["S"]) for item in self.between(sort, sort)), None)

    def under(self, prefix):
        """The rest of the sort key, and the content."""
        for item in self.between(prefix, after(prefix)):
            yield item["sk"]["S"].removeprefix(prefix), json.loads(item["body"]["S"])

    def names(self, prefix):
        return (item["sk"]["S"].removeprefix(prefix) for item in self.between(prefix, after(prefix), "sk"))

    def last_leases(self):
        """The last entry of each lease log: its environment, number and content. One read an environment, however long the logs."""
        before = after("LEASE#")
        while item := next(self.between("LEASE#", before, ScanIndexForward=False, Limit=1), None):
            environment, number = item["sk"]["S"].removeprefix("LEASE#").rsplit("#", 1)
            yield environment, int(number), json.loads(item["body"]["S"])
            before = f"LEASE#{environment}#"


def after(prefix):
    """What comes after all sort keys that begin so, and before all others; prefixes end with #, and no sort key has a $."""
    return prefix.removesuffix("#") + "$"


class Tenant:
    """What one tenant's items have to have in common."""

    def __init__(self, partition, leases="heads", at=None):
        self.partition, self.leases, self.at = partition, leases, at
        self.audit = None

    def faults(self):
        document = self.partition.body("TENANT")
        if document is None:
            yield f"{sum(1 for _ in self.partition.between(' ', '~', 'sk'))} items, and no tenant"
            return
        tenant, self.audit = document["tenant"], document["audit"]
        yield from chain("audit log", self.audit, self.partition.under("AUDIT#"))
        if self.leases != "no":
            yield from self.lease_faults()
        for item in self.partition.between("FENCE#", after("FENCE#")):
            fence = int(item["fence"]["N"]) if "fence" in item else None
            if fence != tenant["fence"] or json.loads(item["body"]["S"])["fence"] != tenant["fence"]:
                yield f"{item['sk']['S']} is at {fence}, the tenant at {tenant['fence']}"
        if tenant["operation"] is not None and self.partition.body(f"OPERATION#{tenant['operation']}") is None:
            yield f"operation {tenant['operation']} runs and is not there"
        yield from self.environment_faults(tenant)
        yield from self.backup_faults()

    def lease_faults(self):
        heads = {environment: body["leases"] for environment, body in self.partition.under("LEASES#")}
        found = {environment: last for environment, *last in self.partition.last_leases()}
        for environment in sorted(heads.keys() | found.keys()):
            what, head = f"lease log of {environment}", heads.get(environment)
            if head is None:
                yield f"the {what} has no head"
            elif self.leases == "all":
                yield from chain(what, head, self.partition.under(f"LEASE#{environment}#"))
            else:
                yield from end(what, head, *found.get(environment, (0, None)))

    def environment_faults(self, tenant):
        compared = ("managedBy", "wrappedBy", "newestGeneration", "unlockedEpoch")
        present = {
            name: {member: one[member] for member in compared}
            for name, one in self.partition.under("ENV#")
            if one["status"]["state"] == "present"
        }
        protected = sum(1 for one in present.values() if one["managedBy"] == "tenant")
        for what, counted, found in (
            ("environments", tenant["environments"], len(present)),
            ("environments under its own key", tenant["protectedEnvironments"], protected),
        ):
            if counted != found:
                yield f"the tenant counts {counted} {what}, there are {found}"
        markers = set(self.partition.names("UNLOCKED#"))
        wanted = {f"{one['unlockedEpoch']:012}#{name}" for name, one in present.items()}
        yield from (f"there is no marker UNLOCKED#{marker}" for marker in sorted(wanted - markers))
        yield from (f"there is a marker UNLOCKED#{marker} of nothing" for marker in sorted(markers - wanted))
        yield from self.data_key_faults(present)

    def data_key_faults(self, present):
        missing = set(present)
        for name, kept in self.partition.under("DATAKEYS#"):
            one = present.get(name)
            missing.discard(name)
            if one is None:
                yield f"there are data keys of {name}, which is not there"
            elif kept["wrapped_by"] != one["wrappedBy"]:
                yield f"the data keys of {name} are wrapped by {kept['wrapped_by']}, the environment says {one['wrappedBy']}"
            elif sorted(key["generation"] for key in kept["generations"]) != list(range(1, one["newestGeneration"] + 1)):
                yield f"{name} has {one['newestGeneration']} generations, and data keys of {len(kept['generations'])}"
        yield from (f"the data keys of {name} are not there" for name in sorted(missing))

    def backup_faults(self):
        """A backup and its marker expire together, and DynamoDB drops them apart: of one whose time is over either may be left."""
        unmarked = {}
        for name, one in self.partition.under("BACKUP#"):
            backup = one["backup"]
            if backup["wrappedBy"]["kind"] == "protection":
                unmarked[f"{backup['wrappedBy']['key']}#{name}"] = instant(backup["retainedUntil"])
        for marker in self.partition.names("WRAPPED#"):
            unmarked.pop(marker, None)
        # After the markers were read: one that has expired meanwhile may have been dropped before.
        at = self.at or datetime.datetime.now(datetime.timezone.utc)
        for marker, retained_until in unmarked.items():
            if at < retained_until:
                yield f"there is no marker WRAPPED#{marker}: its key could be destroyed"


def hashed(hash_before, number, entry):
    """The hash that an entry has to have after another: shared/domain/src/chain.rs."""
    linked = {"sequence": number, "at": entry["at"], "by": entry["by"], "event": entry["event"]}
    text = json.dumps(linked, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(f"{hash_before}\n{text}".encode()).hexdigest()


def chain(what, head, entries):
    """Whether the entries, in their order, are those up to the head, each with the hash of the one before."""
    number, hash_before = 0, GENESIS
    for name, entry in entries:
        number += 1
        if int(name) != number:
            yield f"the {what} has no entry {number}; its head is at {head['sequence']}"
            return
        if entry["previous"] != hash_before or entry["hash"] != hashed(hash_before, number, entry):
            yield f"entry {number} of the {what} does not follow the one before, or was changed"
            return
        hash_before = entry["hash"]
        if number > head["sequence"]:
            yield f"the {what} has an entry {number}; its head is at {head['sequence']}"
            return
    if number < head["sequence"]:
        yield f"the {what} has no entry {number + 1}; its head is at {head['sequence']}"
    elif head["hash"] != hash_before:
        yield f"the head of the {what} has not the hash of its entry {head['sequence']}"


def end(what, head, number, entry):
    """Whether the last entry is the head's."""
    if number < head["sequence"]:
        yield f"the {what} has no entry {head['sequence']}; its head is at {head['sequence']}"
    elif number > head["sequence"]:
        yield f"the {what} has an entry {number}; its head is at {head['sequence']}"
    elif entry is not None and entry["hash"] != hashed(entry["previous"], number, entry):
        yield f"entry {number} of the {what} does not follow the one before, or was changed"
    elif head["hash"] != (GENESIS if entry is None else entry["hash"]):
        yield f"the head of the {what} has not the hash of its entry {head['sequence']}"


def instant(text):
    """An instant of RFC 3339 to the second, rounded up: a backup is kept until then at least."""
    whole, rest = text[:19], text[19:]
    zone = rest.lstrip(".0123456789")
    at = datetime.datetime.fromisoformat(whole + ("+00:00" if zone in ("Z", "z") else zone))
    if at.tzinfo is None:
        raise ValueError(f"{text} has no time zone")
    return at + datetime.timedelta(seconds=any(digit in "123456789" for digit in rest.removesuffix(zone)))


def instant_option(text):
    try:
        return instant(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text} is not an instant, such as 2026-11-01T08:59:00Z") from error


def options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("table")
    parser.add_argument(
        "--leases",
        choices=("no", "heads", "all"),
        default="heads",
        help="what of the lease logs is read: nothing; the head and the last entry of each; or every entry, of which a large provider has "
        "terabytes. By default the heads",
    )
    parser.add_argument(
        "--at",
        type=instant_option,
        metavar="INSTANT",
        help="what instant the table is of: what was retained until then may be gone. By default now, as a table goes on to expire what it "
        "has; an earlier one only for a table that doesn't. For example 2026-11-01T08:59:00Z",
    )
    parser.add_argument("--endpoint", help="of a cloud on this machine")
    return parser.parse_args()


def check(client, chosen):
    """Prints what is found, tenant after tenant. Whether all fits."""
    print("Looking for the tenants.", file=sys.stderr)
    names = tenants(client, chosen.table)

    def found(numbered):
        number, name = numbered
        print(f"{number} of {len(names)}: {name}", file=sys.stderr)
        tenant = Tenant(Partition(client, chosen.table, name), chosen.leases, chosen.at)
        return list(tenant.faults()), tenant.audit

    faulty = 0
    with concurrent.futures.ThreadPoolExecutor(TOGETHER) as pool:
        for name, (faults, audit) in zip(names, pool.map(found, enumerate(names, 1))):
            faulty += bool(faults)
            for fault in faults:
                print(f"{name}: {fault}")
            if not faults:
                print(f"{name}: as one, {audit['sequence']} entries of the audit log, the last one's hash {audit['hash']}")
    print(f"{len(names)} tenants, {faulty} with faults.")
    return not faulty


def main():
    chosen = options()
    import boto3

    sys.exit(0 if check(boto3.client("dynamodb", endpoint_url=chosen.endpoint), chosen) else 1)


if __name__ == "__main__":
    main()
