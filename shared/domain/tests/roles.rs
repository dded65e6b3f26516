//! A1: who may ask for what, held to the sentences of the rule.

use std::collections::BTreeSet;

use keyward_domain::{OperationName, Role};

fn asked_by(role: Role) -> BTreeSet<&'static str> {
    let allowed = OperationName::ALL.iter().filter(|operation| operation.roles().contains(&role));
    allowed.map(|operation| operation.as_str()).collect()
}

#[test]
fn administrators_of_the_tenant_may_do_everything_of_it() {
    let global = asked_by(Role::GlobalAdministrator);
    assert_eq!(global, asked_by(Role::ServiceAdministrator));
    let all: BTreeSet<_> = OperationName::ALL.iter().map(|operation| operation.as_str()).collect();
    let others: BTreeSet<_> = all.difference(&global).copied().collect();
    let expected = BTreeSet::from(["lease-data-key", "register-backup", "register-environment", "register-tenant"]);
    assert_eq!(others, expected);
}

#[test]
fn a_system_administrator_acts_on_the_environment_only() {
    let expected = BTreeSet::from([
        "list-backups",
        "protect-environment",
        "read-environment",
        "read-environment-history",
        "revert-environment",
        "unlock-environment",
    ]);
    assert_eq!(asked_by(Role::SystemAdministrator), expected);
}

#[test]
fn an_auditor_reads() {
    for name in asked_by(Role::Auditor) {
        assert!(name.starts_with("read-") || name.starts_with("list-"), "{name}");
    }
}

#[test]
fn a_workload_leases_data_keys() {
    assert_eq!(asked_by(Role::Workload), BTreeSet::from(["lease-data-key"]));
}

#[test]
fn the_operator_registers_and_can_use_no_key() {
    let expected = BTreeSet::from([
        "list-environments",
        "read-tenant",
        "register-backup",
        "register-environment",
        "register-tenant",
    ]);
    assert_eq!(asked_by(Role::Operator), expected);
}
