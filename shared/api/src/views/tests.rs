//! What a view says depends on the instant, not on whether a timer has run.

use std::error::Error;

use chrono::{DateTime, TimeDelta, Utc};
use keyward_domain::{
    ChangeKind, Environment, Event, Instant, KeyChange, KeyId, Lock, NewEnvironment, NewTenant, Operation,
    OperationStatus, Recorded, Settings, Stage, Tenant,
};
use serde_json::json;

use super::*;

fn start() -> Instant {
    DateTime::<Utc>::UNIX_EPOCH
}

fn recorded(event: Event) -> Result<Recorded, Box<dyn Error>> {
    Ok(Recorded { at: start(), by: "ada".parse()?, event })
}

fn tenant() -> Result<Tenant, Box<dyn Error>> {
    let new: NewTenant = serde_json::from_value(json!({
        "id": "contoso", "name": "Contoso", "regions": ["europe"], "licensedSeats": 1500, "administrators": [],
    }))?;
    Tenant::apply(None, &recorded(Event::TenantRegistered { tenant: new })?).ok_or_else(|| "no tenant".into())
}

fn environment() -> Result<Environment, Box<dyn Error>> {
    let new: NewEnvironment = serde_json::from_value(json!({
        "id": "prod", "name": "Production", "kind": "production", "region": "europe", "systemAdministrators": [],
        "workloads": [],
    }))?;
    let event = Event::EnvironmentRegistered { environment: new, unlocked_epoch: 0 };
    Environment::apply(None, &recorded(event)?).ok_or_else(|| "no environment".into())
}

/// A tenant with one environment that was locked at the start.
fn locked_tenant() -> Result<Tenant, Box<dyn Error>> {
    let key: KeyId = "k1".parse()?;
    let lock = Lock {
        epoch: 1,
        locked_at: start(),
        locked_by: "ada".parse()?,
        key: key.clone(),
        remaining: 1,
        deletion_at: start() + TimeDelta::days(28),
    };
    let locks = vec![lock];
    Ok(Tenant { environments: 1, active_key: Some(key), key_awaited: true, lock_epoch: 1, locks, ..tenant()? })
}

#[test]
fn a_locked_environment_is_deleted_at_its_deadline() -> Result<(), Box<dyn Error>> {
    let (tenant, environment) = (locked_tenant()?, environment()?);
    let deadline = start() + TimeDelta::days(28);
    for (offset, state) in
        [(-1, EnvironmentState::Locked), (0, EnvironmentState::Deleted), (1, EnvironmentState::Deleted)]
    {
        let view = EnvironmentView::new(&environment, &tenant, deadline + TimeDelta::seconds(offset));
        let deleted = state == EnvironmentState::Deleted;
        assert_eq!(view.state, state, "{offset}");
        assert_eq!(view.deleted_at, deleted.then_some(deadline), "{offset}");
        assert_eq!(view.deletion_at, (!deleted).then_some(deadline), "{offset}");
        assert_eq!(view.locked_at, (!deleted).then_some(start()), "{offset}");
    }
    Ok(())
}

#[test]
fn an_unlocked_environment_is_present() -> Result<(), Box<dyn Error>> {
    let unlocked = Environment { unlocked_epoch: 1, ..environment()? };
    let view = EnvironmentView::new(&unlocked, &locked_tenant()?, start());
    assert_eq!((view.state, view.locked_at, view.deleted_at), (EnvironmentState::Present, None, None));
    Ok(())
}

#[test]
fn a_tenant_counts_what_is_past_its_deadline_as_deleted() -> Result<(), Box<dyn Error>> {
    let tenant = locked_tenant()?;
    for (offset, left) in [(-1, 1), (0, 0), (1, 0)] {
        let now = start() + TimeDelta::days(28) + TimeDelta::seconds(offset);
        let view = TenantView::new(&tenant, now, &Settings::default());
        assert_eq!((view.environments, view.locked_environments), (left, left), "{offset}");
        assert_eq!(view.locks.len() as u64, left, "{offset}");
        assert_eq!(view.key_to_present.as_ref().map(KeyId::as_str), Some("k1"), "{offset}");
    }
    Ok(())
}

#[test]
fn a_key_change_says_what_follows() -> Result<(), Box<dyn Error>> {
    let mut change = KeyChange {
        changed_at: start(),
        changed_by: "ada".parse()?,
        from: None,
        to: Some("k1".parse()?),
        kind: ChangeKind::Activation,
    };
    let view = KeyChangeView::new(&change, &Settings::default());
    assert_eq!(view.next_change_at, start() + TimeDelta::hours(24));
    assert_eq!(view.lock_opens_at, start() + TimeDelta::hours(72));
    assert_eq!(view.rollback_until, Some(start() + TimeDelta::hours(72)));
    change.kind = ChangeKind::Rollback;
    assert_eq!(KeyChangeView::new(&change, &Settings::default()).rollback_until, None);
    Ok(())
}

#[test]
fn an_activation_says_which_kind_it_was() -> Result<(), Box<dyn Error>> {
    let (tenant, settings) = (tenant()?, Settings::default());
    let key: KeyId = "k1".parse()?;
    let event = Event::KeyActivated { key: key.clone(), from: None, operation: "o1".parse()?, environments: 0 };
    let after = Tenant::apply(Some(tenant.clone()), &recorded(event.clone())?).ok_or("no tenant")?;
    let changed = ActivationView::of(&[event], &after, &settings);
    assert_eq!(changed.outcome, ActivationOutcome::Changed);
    assert_eq!(changed.lock_opens_at, Some(start() + TimeDelta::hours(72)));
    let again = ActivationView::of(&[Event::KeyReactivated { key }], &tenant, &settings);
    assert_eq!((again.outcome, again.operation), (ActivationOutcome::Reactivated, None));
    assert_eq!(ActivationView::of(&[], &tenant, &settings).outcome, ActivationOutcome::Unchanged);
    Ok(())
}

#[test]
fn stages_stand_in_order() -> Result<(), Box<dyn Error>> {
    let event = Event::KeyActivated { key: "k1".parse()?, from: None, operation: "o1".parse()?, environments: 2 };
    let running = Operation::apply(None, &recorded(event)?).ok_or("no operation")?;
    let statuses = |operation: &Operation| -> Vec<OperationStatus> {
        OperationView::from(operation).stages.into_iter().map(|stage| stage.status).collect()
    };
    use OperationStatus::{NotStarted, Running, Succeeded};
    assert_eq!(statuses(&running), [Succeeded, Succeeded, Running, NotStarted]);
    let done = Operation { stage: Stage::Finalize, status: Succeeded, ..running };
    assert_eq!(statuses(&done), [Succeeded; 4]);
    Ok(())
}

#[test]
fn a_leased_data_key_is_not_shown() -> Result<(), Box<dyn Error>> {
    let view = LeasedDataKeyView {
        environment: "prod".parse()?,
        generation: 1,
        data_key: String::from("c2VjcmV0").into(),
        lease_ends_at: start(),
    };
    assert!(!format!("{view:?}").contains("c2VjcmV0"));
    assert_eq!(serde_json::to_value(&view)?["dataKey"], "c2VjcmV0");
    Ok(())
}
