//! What is in the table, read past the operations, and what the audit log says it should be.

use std::collections::BTreeMap;

use aws_lc_rs::digest::{SHA256, digest};
use keyward_domain::{Environment, EnvironmentId, Operation, OperationId, Recorded, Tenant, TenantId, chain};
use keyward_service::ports::table::{Item, Query, Span, Table};
use serde_json::{Value, json};

/// The items of one partition by their sort keys.
pub type Items = BTreeMap<String, Item>;

/// The partition of a tenant.
pub fn partition(tenant: &TenantId) -> String {
    format!("TENANT#{tenant}")
}

/// Everything in a partition.
pub async fn items(table: &dyn Table, partition: &str) -> Items {
    let mut items = Items::new();
    let mut query = Query {
        partition: partition.to_owned(),
        span: Span::Prefix(String::new()),
        descending: false,
        limit: 1000,
        after: None,
    };
    loop {
        let page = table.query(&query).await.unwrap();
        items.extend(page.items.into_iter().map(|item| (item.key.sort.clone(), item)));
        query.after = page.next;
        if query.after.is_none() {
            return items;
        }
    }
}

/// Everything of a tenant.
pub async fn items_of(table: &dyn Table, tenant: &TenantId) -> Items {
    items(table, &partition(tenant)).await
}

/// The items whose sort keys begin so.
pub fn with_prefix<'a>(items: &'a Items, prefix: &'a str) -> impl Iterator<Item = &'a Item> {
    items.iter().filter(move |(sort, _)| sort.starts_with(prefix)).map(|(_, item)| item)
}

/// An item's content.
pub fn body(item: &Item) -> Value {
    serde_json::from_str(&item.body).unwrap()
}

/// The states of a tenant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct States {
    pub tenant: Option<Tenant>,
    pub environments: BTreeMap<EnvironmentId, Environment>,
    pub operations: BTreeMap<OperationId, Operation>,
}

impl States {
    /// As they are stored.
    pub fn stored(items: &Items) -> Self {
        let tenant = items.get("TENANT").map(|item| serde_json::from_value(body(item)["tenant"].clone()).unwrap());
        let environments = with_prefix(items, "ENV#").map(|item| {
            let environment: Environment = serde_json::from_value(body(item)).unwrap();
            (environment.id.clone(), environment)
        });
        let operations = with_prefix(items, "OPERATION#").map(|item| {
            let operation: Operation = serde_json::from_value(body(item)["operation"].clone()).unwrap();
            (operation.id.clone(), operation)
        });
        Self { tenant, environments: environments.collect(), operations: operations.collect() }
    }

    /// As the log says, from nothing.
    pub fn folded(log: &[Recorded]) -> Self {
        let mut states = Self::default();
        for recorded in log {
            states.tenant = Tenant::apply(states.tenant.take(), recorded);
            if let Some(id) = recorded.event.environment() {
                let before = states.environments.remove(id);
                if let Some(after) = Environment::apply(before, recorded) {
                    states.environments.insert(id.clone(), after);
                }
            }
            if let Some(id) = recorded.event.operation() {
                let before = states.operations.remove(id);
                if let Some(after) = Operation::apply(before, recorded) {
                    states.operations.insert(id.clone(), after);
                }
            }
        }
        states
    }
}

/// The audit log in its order, its chain computed again.
pub fn audit_log(items: &Items) -> Vec<Recorded> {
    let head = body(&items["TENANT"])["audit"].clone();
    let (log, last) = chained(with_prefix(items, "AUDIT#"));
    assert_eq!(head, json!({ "sequence": log.len(), "hash": last }), "the head is not the end of the audit log");
    log
}

/// The lease log of an environment in its order, its chain computed again.
pub fn lease_log(items: &Items, environment: &EnvironmentId) -> Vec<Recorded> {
    let prefix = format!("LEASE#{environment}#");
    let (log, last) = chained(with_prefix(items, &prefix));
    let head = items.get(&format!("LEASES#{environment}"));
    let head =
        head.map_or_else(|| json!({ "sequence": 0, "hash": chain::GENESIS }), |item| body(item)["leases"].clone());
    assert_eq!(head, json!({ "sequence": log.len(), "hash": last }), "the head is not the end of the lease log");
    log
}

fn chained<'a>(items: impl Iterator<Item = &'a Item>) -> (Vec<Recorded>, String) {
    let mut previous = chain::GENESIS.to_owned();
    let mut log = Vec::new();
    for (index, item) in items.enumerate() {
        let stored = body(item);
        assert_eq!(stored["sequence"], json!(index + 1), "{} is out of its place", item.key.sort);
        assert_eq!(stored["previous"], json!(previous), "{} does not follow the entry before", item.key.sort);
        let entry = json!({ "at": stored["at"], "by": stored["by"], "event": stored["event"], "sequence": index + 1 });
        let hash = digest(&SHA256, chain::link_text_of(&previous, &entry).as_bytes());
        previous = hash.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(stored["hash"], json!(previous), "{} was changed", item.key.sort);
        log.push(
            serde_json::from_value(json!({ "at": entry["at"], "by": entry["by"], "event": entry["event"] })).unwrap(),
        );
    }
    (log, previous)
}
