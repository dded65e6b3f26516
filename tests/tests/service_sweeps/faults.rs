//! Rows that fail for good, or that can't be read: they are counted, and what is behind them is done.

use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use keyward_adapters::table::EmbeddedTable;
use keyward_service::{
    ports::table::{Condition, Due, DuePage, DueQuery, Item, Key, Page, Query, Table, TableError, Unreadable, Write},
    shard_of,
    sweeps::Sweep,
};
use keyward_tests::{
    keys::key,
    world::{World, hours, start},
};

/// Sort keys of rows that [`Spoilt`] can't read.
const UNREADABLE: &str = "TIMER#unreadable";

/// A table in which some rows can't be read.
struct Spoilt(EmbeddedTable);

#[async_trait]
impl Table for Spoilt {
    async fn get(&self, key: &Key) -> Result<Option<Item>, TableError> {
        self.0.get(key).await
    }

    async fn query(&self, query: &Query) -> Result<Page, TableError> {
        self.0.query(query).await
    }

    async fn query_due(&self, query: &DueQuery) -> Result<DuePage, TableError> {
        let mut page = self.0.query_due(query).await?;
        let spoilt = page.items.extract_if(.., |item| item.key.sort.starts_with(UNREADABLE));
        page.unreadable = spoilt.map(|item| Unreadable { key: item.key, reason: "no body".to_owned() }).collect();
        Ok(page)
    }

    async fn transact(&self, writes: Vec<Write>) -> Result<(), TableError> {
        self.0.transact(writes).await
    }
}

/// When locking opens: the only row of its kind that can be done.
fn opens() -> DateTime<Utc> {
    start() + hours(72)
}

/// A world in which so many rows, which can't be done, are due before locking opens.
async fn behind(count: i64, sort: &str) -> World {
    let world = World::over(Arc::new(Spoilt(EmbeddedTable::memory().await.unwrap()))).await;
    world.upload(&world.alice(start()), "k1", key(0)).await.unwrap();
    world.activate(&world.alice(start()), "k1").await.unwrap();
    for number in 0..count {
        let at = opens() - hours(1) - TimeDelta::seconds(number);
        let due = Some(Due { kind: "lock-opens".into(), shard: shard_of(&world.tenant), at });
        let key = Key { partition: format!("TENANT#{}", world.tenant), sort: format!("{sort}#{number}") };
        let item = Item { key, revision: 1, fence: None, due, expires: None, body: "{}".into() };
        world.table.transact(vec![Write::Put { item, condition: Condition::Absent }]).await.unwrap();
    }
    world
}

#[tokio::test]
async fn what_is_behind_rows_that_fail_for_good_is_done() {
    for sort in ["TIMER#foreign", UNREADABLE] {
        for count in [1, 49, 50, 51, 120] {
            let world = behind(count, sort).await;
            let report = world.keyward.sweep(Sweep::OpenLocks, opens()).await.unwrap();
            let failed = u64::try_from(count).unwrap();
            assert_eq!((report.failed, report.done, report.looked_at), (failed, 1, failed + 1), "{sort} {count}");
            assert!(!report.more, "{report:?}");
            let again = world.keyward.sweep(Sweep::OpenLocks, opens()).await.unwrap();
            assert_eq!((again.failed, again.done), (failed, 0), "they stay due");
        }
    }
}

#[tokio::test]
async fn a_run_looks_at_a_bounded_number_of_rows_that_fail() {
    let world = behind(230, "TIMER#foreign").await;
    let report = world.keyward.sweep(Sweep::OpenLocks, opens()).await.unwrap();
    assert_eq!((report.looked_at, report.failed), (200, 200));
    assert!(report.more, "{report:?}");
}

#[tokio::test]
async fn what_comes_next_is_found_behind_rows_that_failed() {
    let world = behind(120, "TIMER#foreign").await;
    let passed = opens() - hours(1);
    assert_eq!(world.keyward.next_due(Some(passed), opens()).await.unwrap(), Some(opens()));
}
