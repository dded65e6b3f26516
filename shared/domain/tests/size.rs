//! DynamoDB takes items of up to 400 kB, and a tenant is one: with every limit reached at once it still fits.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a test fails by panicking, and says what it measured")]

use std::str::FromStr;

use keyward_domain::{
    Administrator, Approval, Approved, Event, FormerAdministrator, Instant, KeySource, KeyState, Lock, NewTenant,
    OperationName, PersonId, PlanHash, ProtectionKey, Recorded, Role, Settings, Tenant,
};

/// What an item may have, less its key and other attributes, the head of the audit log among them.
const MOST: usize = 400 * 1024 - 4096;

fn at() -> Instant {
    "2026-01-01T00:00:00.123456789Z".parse().unwrap()
}

/// An identifier of that length, another for each number.
fn id<T: FromStr>(length: usize, number: usize) -> T {
    format!("{number:0>length$}").parse().ok().unwrap()
}

/// A name as long in bytes as one can be.
fn name<T: FromStr>() -> T {
    "\u{10400}".repeat(100).parse().ok().unwrap()
}

fn person(number: usize) -> PersonId {
    id(128, number)
}

fn administrator(number: usize) -> Administrator {
    let email = format!("{number:0>64}@{}", "a".repeat(189));
    Administrator { person: person(number), name: name(), email, role: Role::GlobalAdministrator }
}

fn key(number: usize, is_destroyed: bool) -> ProtectionKey {
    ProtectionKey {
        id: id(60, number),
        name: name(),
        region: id(40, 1),
        source: KeySource::Generated,
        state: if is_destroyed { KeyState::Destroyed } else { KeyState::Available },
        bits: 2048,
        // SubjectPublicKeyInfo of 2,048 bits: 294 bytes.
        public_key: if is_destroyed { String::new() } else { "A".repeat(392) },
        fingerprint: id(64, number),
        vault_key: "v".repeat(110),
        in_vault: false,
        created_at: at(),
        created_by: person(number),
        barred_until: Some(at()),
        environments: u64::MAX,
    }
}

fn approval(number: usize) -> Approval {
    let approved = Approved {
        operation: OperationName::DeleteEnvironment.as_str().to_owned(),
        environment: Some(id(60, number)),
        key: None,
        plan: PlanHash("0".repeat(64)),
        reach: u64::MAX,
    };
    Approval {
        id: id(27, number),
        approved,
        requested_by: person(number),
        requested_at: at(),
        expires_at: at(),
        given_by: Some(person(number)),
        given_at: Some(at()),
    }
}

#[test]
fn a_tenant_with_everything_that_it_can_have_is_one_item() {
    let settings = Settings::default();
    let most = settings.administrators_per_tenant;
    let new = NewTenant {
        id: id(40, 1),
        name: name(),
        regions: (0..100).map(|number| id(40, number)).collect(),
        licensed_seats: u32::MAX,
        administrators: (0..most).map(administrator).collect(),
    };
    let registered = Recorded { at: at(), by: person(1), event: Event::TenantRegistered { tenant: new } };
    let mut tenant = Tenant::apply(None, &registered).unwrap();
    let keys = (0..settings.keys_ever).map(|number| key(number, number >= settings.keys_per_tenant));
    tenant.keys = keys.map(|key| (key.id.clone(), key)).collect();
    tenant.new_administrators = (0..4 * most).map(|number| (person(number), at())).collect();
    let former = |number| FormerAdministrator { administrator: administrator(number), until: at() };
    tenant.former_administrators = (0..2 * most).map(former).collect();
    let approvals = (0..most * settings.approvals_per_person).map(approval);
    tenant.approvals = approvals.map(|approval| (approval.id.clone(), approval)).collect();
    let lock = |epoch| Lock {
        epoch,
        locked_at: at(),
        locked_by: person(1),
        key: id(60, 1),
        remaining: u64::MAX,
        deletion_at: at(),
    };
    tenant.locks = (0..settings.open_locks as u64).map(|number| lock(u64::MAX - number)).collect();
    let size = serde_json::to_string(&tenant).unwrap().len();
    println!("{size} bytes of {MOST}");
    assert!(size < MOST, "{size} bytes of {MOST}");
}
