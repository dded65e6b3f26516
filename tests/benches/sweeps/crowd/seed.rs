//! Environments and tenants that are as if the operations had made them, written past these: it is quick, and what is measured reads
//! nothing else of them.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use keyward_domain::TenantId;
use keyward_service::{
    ports::table::{Condition, Due, Item, Key, Write},
    shard_of,
};
use keyward_tests::{
    stored::{body, items_of, partition},
    world::World,
};
use serde_json::{Value, json};

/// What a transaction takes.
const TOGETHER: usize = 100;

/// So many environments of the world's tenant like one that it has, unlocked up to this lock.
///
/// They have no data keys and no history, which no sweep reads of an environment that it does not change.
pub(crate) async fn environments(world: &World, like: &str, count: usize, unlocked_epoch: u64) {
    let partition = partition(&world.tenant);
    let key = |sort: String| Key { partition: partition.clone(), sort };
    let mut environment = body(&world.table.get(&key(format!("ENV#{like}"))).await.unwrap().unwrap());
    environment["unlockedEpoch"] = json!(unlocked_epoch);
    let item =
        |sort: String, body: String| Item { key: key(sort), revision: 1, fence: None, due: None, expires: None, body };
    let items = (0..count).flat_map(|number| {
        let id = format!("other-{number:06}");
        environment["id"] = json!(id);
        [
            item(format!("ENV#{id}"), environment.to_string()),
            item(format!("UNLOCKED#{unlocked_epoch:012}#{id}"), json!(id).to_string()),
        ]
    });
    put(world, items.collect()).await;

    let mut tenant = world.table.get(&key("TENANT".into())).await.unwrap().unwrap();
    let mut document: Value = body(&tenant);
    let before = document["tenant"]["environments"].as_u64().unwrap();
    document["tenant"]["environments"] = json!(before + u64::try_from(count).unwrap());
    tenant.body = document.to_string();
    tenant.revision += 1;
    let condition = Condition::Revision(tenant.revision - 1);
    world.table.transact(vec![Write::Put { item: tenant, condition }]).await.unwrap();
}

/// So many tenants like the world's, with its timers, and with its operations put off until an instant.
pub(crate) async fn tenants_like(world: &World, count: usize, put_off_until: DateTime<Utc>) {
    let model = items_of(&*world.table, &world.tenant).await;
    let kept = ["TENANT", "ENV#", "UNLOCKED#", "TIMER#", "NOTICE#", "OPERATION#"];
    let kept = |item: &&Item| kept.iter().any(|prefix| item.key.sort.starts_with(prefix));
    let named = json!(world.tenant).to_string();
    let copies = (0..count).flat_map(|number| {
        let tenant = TenantId::new(format!("later-{number:06}")).unwrap();
        let shard = shard_of(&tenant);
        let name = json!(tenant).to_string();
        let partition = partition(&tenant);
        let copies = model.values().filter(kept).map(|item| {
            let is_operation = item.key.sort.starts_with("OPERATION#");
            let operation = Due { kind: "operation".into(), shard, at: put_off_until };
            let due = item.due.clone().map(|due| Due { shard, ..due }).or(is_operation.then_some(operation));
            let key = Key { partition: partition.clone(), sort: item.key.sort.clone() };
            Item { key, revision: 1, due, body: item.body.replace(&named, &name), ..item.clone() }
        });
        copies.collect::<Vec<_>>()
    });
    put(world, copies.collect()).await;
}

/// Puts new items in several transactions at once.
async fn put(world: &World, items: Vec<Item>) {
    let mut writers = Vec::new();
    for some in items.chunks(items.len().div_ceil(4).max(1)) {
        let (table, some) = (Arc::clone(&world.table), some.to_vec());
        writers.push(tokio::spawn(async move {
            for together in some.chunks(TOGETHER) {
                let put = |item: &Item| Write::Put { item: item.clone(), condition: Condition::Absent };
                table.transact(together.iter().map(put).collect()).await.unwrap();
            }
        }));
    }
    for writer in writers {
        writer.await.unwrap();
    }
}
