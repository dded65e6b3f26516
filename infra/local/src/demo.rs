//! The demo world: two tenants and the people of both, so that there is something to try at once.

use keyward_domain::{
    Administrator, EnvironmentId, EnvironmentKind, Name, NewEnvironment, NewTenant, PersonId, Region, Rejection, Role,
    TenantId,
};
use keyward_service::{Principal, Request, ServiceError};

use crate::{
    people::Known,
    process::{Process, StartError},
};

/// Fills an empty data directory; what is there already stays as it is.
pub(crate) async fn fill(process: &Process) -> Result<(), StartError> {
    let failed = |error: String| StartError::Demo(error);
    let contoso =
        tenant("contoso", "Contoso Ltd", &["europe", "america"], &CONTOSO).map_err(|e| failed(e.to_string()))?;
    let fabrikam = tenant("fabrikam", "Fabrikam", &["europe"], &FABRIKAM).map_err(|e| failed(e.to_string()))?;
    for known in people(&contoso.id, &fabrikam.id) {
        if process.people.find(&known.name).is_none() {
            process.people.put(known).map_err(|error| failed(error.to_string()))?;
        }
    }
    for (tenant, environments) in [(contoso, &CONTOSO_ENVIRONMENTS[..]), (fabrikam, &FABRIKAM_ENVIRONMENTS[..])] {
        let id = tenant.id.clone();
        let request = operator(process).map_err(|error| failed(error.to_string()))?;
        there(process.keyward().register_tenant(&request, tenant).await)?;
        for (environment, name, kind, region) in environments {
            let new = environment_of(environment, name, *kind, region).map_err(|error| failed(error.to_string()))?;
            there(process.keyward().register_environment(&request, &id, new).await)?;
        }
    }
    Ok(())
}

type People = [(&'static str, &'static str, Role)];

const CONTOSO: [(&str, &str, Role); 2] =
    [("alice", "Alice", Role::GlobalAdministrator), ("bob", "Bob", Role::ServiceAdministrator)];

const FABRIKAM: [(&str, &str, Role); 1] = [("frank", "Frank", Role::GlobalAdministrator)];

const CONTOSO_ENVIRONMENTS: [(&str, &str, EnvironmentKind, &str); 2] = [
    ("prod-eu", "Contoso Production", EnvironmentKind::Production, "europe"),
    ("test-us", "Contoso Test", EnvironmentKind::Sandbox, "america"),
];

const FABRIKAM_ENVIRONMENTS: [(&str, &str, EnvironmentKind, &str); 1] =
    [("main", "Fabrikam Main", EnvironmentKind::Production, "europe")];

fn people(contoso: &TenantId, fabrikam: &TenantId) -> Vec<Known> {
    vec![
        Known::new("olivia", None, &["operator"]),
        Known::new("alice", Some(contoso), &["global_administrator"]),
        Known::new("bob", Some(contoso), &["service_administrator"]),
        Known::new("carol", Some(contoso), &[]),
        Known::new("ada", Some(contoso), &["auditor"]),
        Known::new("orders", Some(contoso), &[]),
        Known::new("frank", Some(fabrikam), &["global_administrator"]),
    ]
}

fn tenant(
    id: &str,
    name: &str,
    regions: &[&str],
    administrators: &People,
) -> Result<NewTenant, keyward_domain::IdError> {
    let administrator = |(person, name, role): &(&str, &str, Role)| {
        Ok(Administrator {
            person: PersonId::new(*person)?,
            name: Name::new(*name)?,
            email: format!("{person}@{id}.example"),
            role: *role,
        })
    };
    Ok(NewTenant {
        id: TenantId::new(id)?,
        name: Name::new(name)?,
        regions: regions.iter().map(|region| Region::new(*region)).collect::<Result<_, _>>()?,
        licensed_seats: 5000,
        administrators: administrators.iter().map(administrator).collect::<Result<_, _>>()?,
    })
}

fn environment_of(
    id: &str,
    name: &str,
    kind: EnvironmentKind,
    region: &str,
) -> Result<NewEnvironment, keyward_domain::IdError> {
    Ok(NewEnvironment {
        id: EnvironmentId::new(id)?,
        name: Name::new(name)?,
        kind,
        region: Region::new(region)?,
        system_administrators: vec![PersonId::new("carol")?],
        workloads: vec![PersonId::new("orders")?],
    })
}

fn operator(process: &Process) -> Result<Request, keyward_domain::IdError> {
    let (person, now) = (PersonId::new("olivia")?, process.clock.now());
    let principal = Principal { tenant: None, person, roles: vec![Role::Operator], authenticated_at: Some(now) };
    Ok(Request::new(now, principal))
}

/// What was there before is as good as new.
fn there<T>(result: Result<T, ServiceError>) -> Result<(), StartError> {
    match result {
        Ok(_) => Ok(()),
        Err(ServiceError::Rejected(Rejection::TenantExists | Rejection::EnvironmentExists)) => Ok(()),
        Err(ServiceError::Rejected(Rejection::EnvironmentsLocked { .. })) => Ok(()),
        Err(error) => Err(StartError::Demo(error.to_string())),
    }
}
