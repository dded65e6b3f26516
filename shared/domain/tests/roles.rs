//! A1: who may ask for what, held to the sentences of the rule.

use std::collections::BTreeSet;

use keyward_domain::{Guard, OperationName, Role};

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

/// A5, A7: what is guarded by more than the role, each guard including the ones before it.
#[test]
fn what_takes_away_for_good_is_guarded_most() {
    let guarded = |guard: Guard| -> BTreeSet<&str> {
        let operations = OperationName::ALL.iter().filter(|operation| operation.guard() == guard);
        operations.map(|operation| operation.as_str()).collect()
    };
    let quorum = BTreeSet::from(["delete-environment", "destroy-key", "lock-tenant", "roll-back-key", "set-quorum"]);
    assert_eq!(guarded(Guard::Quorum), quorum);
    assert_eq!(guarded(Guard::RecentSignIn), BTreeSet::from(["give-approval", "set-administrators"]));
    assert_eq!(guarded(Guard::Logged), BTreeSet::from(["activate-key", "restore-backup", "revert-environment"]));
    for operation in OperationName::ALL {
        assert!(operation.needs_recent_sign_in() || !operation.needs_quorum(), "{operation}");
        assert!(operation.is_destructive() || !operation.needs_recent_sign_in(), "{operation}");
    }
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
